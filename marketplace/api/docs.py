"""A readable copy of the OpenAPI document at /api/docs, without any script."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, current_app, render_template

from marketplace.accounts.access import public

blueprint = Blueprint("api_docs", __name__)
METHODS = ("get", "post", "put", "patch", "delete")


@blueprint.get("/api/docs")
@public
def show_docs() -> Any:
    """Every operation by its group, with parameters, bodies and answers."""
    document = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return render_template("api/docs.html", info=document["info"], groups=group_operations(document))


def group_operations(document: dict[str, Any]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(tag, description, operations) in the order of the document; references are resolved one level."""
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document.get("tags", [])}
    for path, item in document["paths"].items():
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            row = {
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "parameters": [*item.get("parameters", []), *operation.get("parameters", [])],
                "body": _schema(document, operation.get("requestBody", {})),
                "answers": {
                    status: _schema(document, answer)
                    for status, answer in operation.get("responses", {}).items()
                    if status.startswith("2")
                },
            }
            groups.setdefault((operation.get("tags") or [""])[0], []).append(row)
    texts = {tag["name"]: tag.get("description", "") for tag in document.get("tags", [])}
    return [(name, texts.get(name, ""), rows) for name, rows in groups.items() if rows]


def _schema(document: dict[str, Any], holder: dict[str, Any]) -> tuple[str, str] | None:
    """Name and indented JSON of the schema of a body or an answer."""
    schema = holder.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    resolved = document["components"]["schemas"].get(name, schema)
    return name or "object", json.dumps(resolved, indent=2, ensure_ascii=False)
