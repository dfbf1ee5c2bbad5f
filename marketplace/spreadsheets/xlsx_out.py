"""XLSX; no cell is ever taken for a formula or a link."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Sheet = tuple[str, Sequence[str], Iterable[Sequence[Any]]]


def write_xlsx(rows: Iterable[Sequence[Any]], header: Sequence[str], *, sheet: str = "Pilotage") -> bytes:
    """The rows below a bold, fixed header on one sheet, as bytes. Times are written without zone, as UTC."""
    return write_workbook([(sheet, header, rows)])


def write_workbook(sheets: Iterable[Sheet]) -> bytes:
    """Several sheets, each with its name, header and rows."""
    import xlsxwriter

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for name, header, rows in sheets:
            page = book.add_worksheet(name[:31])
            page.freeze_panes(1, 0)
            page.write_row(0, 0, header, bold)
            for line, row in enumerate(rows, start=1):
                for column, value in enumerate(row):
                    _write_cell(page, line, column, value, day=day, instant=instant)
    return target.getvalue()


def _write_cell(page: Any, line: int, column: int, value: Any, *, day: Any, instant: Any) -> None:
    if isinstance(value, datetime):
        page.write_datetime(line, column, value.replace(tzinfo=None), instant)
    elif isinstance(value, date):
        page.write_datetime(line, column, datetime(value.year, value.month, value.day), day)
    elif isinstance(value, Decimal):
        page.write_number(line, column, float(value))
    elif value is not None:
        page.write(line, column, value)
