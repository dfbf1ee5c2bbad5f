"""The importer: CSV, JSON and TechPort rows as drafts, all of them or none, wrong cells by row and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marketplace.projects.errors import ImportRefusedError
from marketplace.projects.importing import read_rows
from marketplace.projects.queries import find_project_by_code
from tests.conftest import table_counts
from tests.factories.projects import project_values

CSV = (
    "code,title_en,sector,trl_claimed,target_trl,planned_start,planned_end,solids_handling,"
    "budget_equipment,need_equity,need_equity_deadline\n"
    'one,First,chemicals,6,7,2027-01-01,2028-01-01,yes,"1,234.50",1000,2027-01-01\n'
    "two,Second,medicine,5,6,2027-01-01,2028-01-01,,,,\n"
)
TECHPORT = (
    "project_id,title,start_date,end_date,status,trl_begin,trl_target,tx_title\n"
    "10469,Mid-IR laser,2011-12-01,2015-02-09,Completed,3.0,4.0,Lasers\n"
    "4815,Space tether,2012-10-01,,Completed,,4.0,Structures\n"
)


def run(app: Any, path: Path, organisation: str) -> Any:
    return app.test_cli_runner().invoke(args=["projects", "import", str(path), "--organisation", organisation])


def test_a_csv_becomes_drafts(app: Any, database: Any, make: Any, tmp_path: Path) -> None:
    team = make.member("project_team")
    path = tmp_path / "projects.csv"
    path.write_text(CSV, encoding="utf-8-sig")
    result = run(app, path, team.organisation.credit_code)
    assert result.exit_code == 0, result.output
    with database.transaction("read") as session:
        first = find_project_by_code(session, code="one")
        assert first is not None
        assert (first.state, first.organisation_id) == ("draft", team.organisation.id)
        assert first.total_budget_minor == 123_450
        assert (first.solids_handling, first.funding_needs[0].amount_minor) == (True, 100_000)
    again = run(app, path, team.organisation.credit_code)
    assert again.exit_code == 1
    assert "row 2, code" in again.output
    assert table_counts(database)["project"] == 2


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [("6,7,2027", "6.5,7,2027", "row 2, trl_claimed"), ("medicine", "alchemy", "row 3, sector"),
     ('"1,234.50"', "1e6", "row 2, budget_equipment"), (",yes,", ",perhaps,", "row 2, solids_handling"),
     ("two,", "TWO!,", "row 3, code"), ("2028-01-01,yes", "2026-01-01,yes", "row 2, planned_end"),
     ("target_trl", "goal", "goal"), ("need_equity,", "need_gold,", "need_gold"), ("Second,", "Second,x,", "row 3")],
)  # fmt: skip
def test_one_wrong_cell_imports_nothing(
    app: Any, database: Any, make: Any, tmp_path: Path, old: str, new: str, place: str
) -> None:
    team = make.member("project_team")
    path = tmp_path / "projects.csv"
    path.write_text(CSV.replace(old, new, 1))
    before = table_counts(database)
    result = run(app, path, team.organisation.credit_code)
    assert result.exit_code == 1
    assert place in result.output
    assert table_counts(database) == before


def test_json_rows_take_the_shape_of_the_services(app: Any, database: Any, make: Any, tmp_path: Path) -> None:
    team = make.member("project_team")
    path = tmp_path / "projects.json"
    path.write_text(json.dumps([{**project_values(), "code": "flow"}]))
    assert run(app, path, team.organisation.credit_code).exit_code == 0
    with database.transaction("read") as session:
        found = find_project_by_code(session, code="flow")
        assert found is not None
        assert len(found.milestones) == 2


def test_techport_rows_are_mapped(app: Any, database: Any, make: Any, tmp_path: Path) -> None:
    team = make.member("project_team")
    path = tmp_path / "techport.csv"
    path.write_text(TECHPORT)
    result = run(app, path, team.organisation.credit_code)
    assert result.exit_code == 0, result.output
    with database.transaction("read") as session:
        laser = find_project_by_code(session, code="techport-10469")
        tether = find_project_by_code(session, code="techport-4815")
        assert laser is not None
        assert tether is not None
        assert (laser.trl_claimed, laser.target_trl, laser.sector) == (3, 4, "civil_space")
        assert (tether.trl_claimed, tether.planned_end) == (None, None)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a,b\n", b"a,a\n1,2\n"])
def test_files_that_are_no_list_are_refused(content: bytes) -> None:
    with pytest.raises(ImportRefusedError):
        read_rows(content, name="x.csv")


@pytest.mark.parametrize("content", [b"{}", b"[1]", b"[", b"[]"])
def test_json_that_is_no_list_of_projects_is_refused(content: bytes) -> None:
    with pytest.raises(ImportRefusedError):
        read_rows(content, name="x.json")
