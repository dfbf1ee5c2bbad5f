"""Files of a report: figures and rows as CSV, both as XLSX, the whole as JSON."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.db import current_session
from marketplace.errors import NotFoundError
from marketplace.linkage import queries
from marketplace.linkage.definitions import BASES, READINGS
from marketplace.linkage.document import (
    FIGURE_HEADER,
    LINE_HEADER,
    canonical_text,
    figure_rows,
    line_rows,
    report_document,
)
from marketplace.linkage.report import Report
from marketplace.spreadsheets import csv_out, xlsx_out
from marketplace.web.linkage import blueprint
from marketplace.web.linkage.pages import OPENING, chosen, load_report

JSON = "application/json"


def _file(content: bytes | str, media_type: str, name: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/linkage/funds/<fund_id>/<period>/export/<name>")
@requires(Permission.LINKAGE_READ)
def export(fund_id: str, period: str, name: str) -> Any:
    """`figures.csv`, `rows.csv` (of one figure with ?figure=&reading=&base=), `report.xlsx` or `report.json`."""
    if name not in ("figures.csv", "rows.csv", "report.xlsx", "report.json"):
        raise NotFoundError()
    report = load_report(fund_id, period)
    file_name = f"linkage-{report.period.name}-{name}"
    if name == "figures.csv":
        return _file(csv_out.write_csv(figure_rows(report), FIGURE_HEADER), csv_out.MEDIA_TYPE, file_name)
    if name == "rows.csv":
        return _file(csv_out.write_csv(_rows(report), LINE_HEADER), csv_out.MEDIA_TYPE, file_name)
    if name == "report.json":
        return _file(canonical_text(report_document(report)), JSON, file_name)
    sheets = [("figures", FIGURE_HEADER, figure_rows(report)), ("rows", LINE_HEADER, line_rows(report))]
    return _file(xlsx_out.write_workbook(sheets), xlsx_out.MEDIA_TYPE, file_name)


def _rows(report: Report) -> Any:
    if "figure" not in request.args:
        return line_rows(report)
    return line_rows(
        report, symbol=chosen("figure", OPENING), reading=chosen("reading", READINGS), base=chosen("base", BASES)
    )


@blueprint.get("/linkage/reports/<public_id>/report.json")
@requires(Permission.LINKAGE_READ)
def export_frozen(public_id: str) -> Any:
    """The very bytes that were frozen and hashed."""
    frozen = queries.get_report(current_session(), actor=current_actor(), public_id=public_id)
    return _file(frozen.content, JSON, f"{frozen.public_id}.json")
