"""Spreadsheets: cells that begin like a formula stay text, figures stay figures."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from marketplace.spreadsheets.csv_out import write_csv
from marketplace.spreadsheets.xlsx_out import write_xlsx

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_csv_cells_do_not_run(text: str) -> None:
    content = write_csv([[text, Decimal("-5.00"), None]], ["a", "b", "c"])
    row = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1]
    assert row == [f"'{text}", "-5.00", ""]


@pytest.mark.parametrize("text", [*DANGEROUS, "https://example.org", "{=1}"])
def test_xlsx_cells_do_not_run(text: str) -> None:
    import openpyxl

    content = write_xlsx([[text, Decimal("2.50"), date(2027, 1, 2), None, 3]], ["a", "b", "c", "d", "e"])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    cell = sheet["A2"]
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", text, None)
    assert [sheet["B2"].value, sheet["C2"].value.date(), sheet["D2"].value, sheet["E2"].value] == [
        2.5, date(2027, 1, 2), None, 3,
    ]  # fmt: skip
