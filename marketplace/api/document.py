"""The OpenAPI 3.1 document, the base of every schema, and strict reading of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_smorest import Api

if TYPE_CHECKING:
    from flask import Flask


class StrictApi(Api):
    """flask-smorest without its error handlers: the application has one error shape."""

    def _register_error_handlers(self, *args: Any, **kwargs: Any) -> None:
        return None


def make_api(app: Flask) -> Api:
    """The API object with its document at /api/v1/openapi.json and a readable copy at /api/docs."""
    app.config.update(
        API_TITLE="Pilotage",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_URL_PREFIX="/api/v1",
    )
    api = StrictApi(app)
    api.spec.components.security_scheme("apiKey", {"type": "http", "scheme": "bearer"})
    api.spec.options["security"] = [{"apiKey": []}]
    return api
