"""Exports carry what people typed as text: no cell of theirs becomes a formula, and figures stay figures."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from marketplace.spreadsheets.csv_out import write_csv
from marketplace.spreadsheets.xlsx_out import write_xlsx
from tests.factories.projects import ProjectFactory

HOSTILE = ('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0")
STARTERS = ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_cell_of_a_person_is_inert(text: str) -> None:
    body = write_csv([[text, -5]], ["name", "amount"])
    content = body if isinstance(body, str) else body.decode("utf-8-sig")
    row = list(csv.reader(io.StringIO(content.lstrip("\ufeff"), newline="")))[1]
    assert not row[0].startswith(STARTERS)
    assert row[1] == "-5"


@pytest.mark.parametrize("text", HOSTILE)
def test_xlsx_cell_of_a_person_is_text(text: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(write_xlsx([[text, -5]], ["name", "amount"]))).active
    assert sheet is not None
    assert sheet["A2"].data_type == "s"
    assert (sheet["B2"].data_type, sheet["B2"].value) == ("n", -5)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_project_export_through_the_door_is_inert(make: Any, browser: Any, form: str) -> None:
    project = ProjectFactory(make).published(make.member(), title_en="=HYPERLINK(1)", title_zh="=1+1")
    funder = make.member("venture_fund")
    answer = browser.sign_in(funder.user).get(f"/projects/export.{form}?lang=en")
    assert answer.status_code == 200
    if form == "csv":
        rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
        cells = [cell for row in rows[1:] for cell in row]
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
        assert sheet is not None
        cells = [str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row if cell.data_type != "n"]
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    assert any("HYPERLINK(1)" in cell for cell in cells), project.code
    if form == "csv":
        assert not any(cell.startswith("=") for cell in cells)
