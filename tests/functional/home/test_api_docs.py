"""The readable copy of the OpenAPI document names every operation, without script."""

from __future__ import annotations

from typing import Any

from marketplace.app import Marketplace


def test_every_operation_of_the_document_stands_on_the_page(app: Marketplace, browser: Any) -> None:
    document = browser.get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    page = browser.get("/api/docs?lang=en")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    operations = [
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if method in ("get", "post", "put", "patch", "delete")
    ]
    assert len(operations) > 30
    assert [name for name in operations if f"<code>{name}</code>" not in text] == []
