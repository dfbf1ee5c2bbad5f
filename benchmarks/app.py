"""The edge: one API read beside a bare Flask view with one SELECT, one API write beside a bare durable commit."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask, jsonify

from benchmarks.durable import durable_commit
from benchmarks.market import make_headers, make_scored_project, running_app
from benchmarks.measure import Figure, compare
from marketplace.accounts.models import Organisation


def run() -> list[Figure]:
    with running_app() as app:
        headers, client = make_headers(app), app.test_client()
        bare = _bare_flask(app.database.engine).test_client()

        def read() -> None:
            assert client.get("/api/v1/me", headers=headers).status_code == 200

        def bare_read() -> None:
            assert bare.get("/me").status_code == 200

        def write() -> None:
            body = {"title_zh": "测", "title_en": "Bench", "sector": "chemicals"}
            assert client.post("/api/v1/projects", json=body, headers=headers).status_code == 201

        score_url = make_scored_project(app)

        def score_read() -> None:
            assert client.get(score_url, headers=headers).status_code == 200

        with durable_commit() as commit:
            return [
                compare("app.read", read, bare_read, bound=15, repeats=40),
                compare("app.stored_score", score_read, read, bound=3, repeats=500),
                compare("app.write", write, commit, bound=100, repeats=20),
            ]


def _bare_flask(engine: sa.Engine) -> Flask:
    bare = Flask("bare")

    @bare.get("/me")
    def me() -> object:
        with engine.connect() as connection:
            row = connection.execute(sa.select(Organisation.__table__)).mappings().one()
        return jsonify({"id": row["public_id"], "name": row["name_en"]})

    return bare
