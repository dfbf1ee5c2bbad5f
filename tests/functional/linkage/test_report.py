"""The linkage report of scenario A: the figures of the worked example, from the rows of the market."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa

from marketplace.funding.models import Commitment
from marketplace.funding.queries import find_round
from marketplace.linkage import queries
from marketplace.linkage.document import ratio_text
from marketplace.linkage.periods import parse_period
from marketplace.linkage.report import Report, compute_report
from marketplace.linkage.services import record_round_report
from tests.factories import agreements
from tests.factories.linkage import (
    LinkageScene,
    add_commitment,
    make_linkage_scene,
    make_round,
    make_unsigned_scene,
    pay_calls,
    yuan,
)

TODAY = date(2026, 11, 23)


def report_of(scene: LinkageScene, period: str = "2026", until: date | None = None) -> Report:
    with scene.transaction() as session:
        return compute_report(session, fund=scene.fund, period=parse_period(period), today=TODAY, until=until)


def amounts(report: Report, reading: str, base: str) -> dict[str, int]:
    sums = report.table(reading, base).sums
    return {symbol: sums.get(symbol) // 100 for symbol in ("G", "O", "V", "B", "K", "C")}


def file(scene: LinkageScene, reporter: str, investor: str, amount: int, paid_on: date) -> None:
    with scene.transaction() as session:
        round_ = find_round(session, round_id=scene.round_id)
        assert round_ is not None
        member = scene.scene.members[reporter]
        record_round_report(
            session, actor=member.actor, round_=round_, investor=scene.scene.members[investor].organisation,
            amount=yuan(amount), paid_on=paid_on, filed_on=TODAY, evidence="statement",
            now=datetime(2027, 6, 30, 8, tzinfo=UTC),
        )  # fmt: skip


def test_scenario_a_committed_figures_are_those_of_the_worked_example(make: Any) -> None:
    scene = make_linkage_scene(make)
    report = report_of(scene)
    assert amounts(report, "nominal", "committed") == {
        "G": 4_000_000, "O": 0, "V": 7_000_000, "B": 5_000_000, "K": 1_400_000, "C": 16_000_000,
    }  # fmt: skip
    table = report.table("nominal", "committed")
    assert table.ratio("M4") == Fraction(160, 54)
    assert ratio_text(table.ratio("M4")) == "2.962963"
    assert table.ratio("M2") == Fraction(7, 4)
    assert table.ratio("M1a") == Fraction(11, 4)
    assert table.ratio("M1b") == 4
    through = report.table("look_through", "committed")
    assert through.ratio("M2") == Fraction(55, 40)
    assert amounts(report, "look_through", "committed")["O"] == 1_500_000
    assert table.sums.get("V.direct") == 2_000_000 * 100
    assert report.problems == ()


def test_nothing_paid_leaves_the_paid_ratios_without_a_value(make: Any) -> None:
    report = report_of(make_unsigned_scene(make))
    table = report.table("nominal", "paid")
    assert table.sums.G == 0
    assert {name: table.ratio(name) for name in table.ratios} == dict.fromkeys(table.ratios)


def test_paid_figures_come_from_confirmed_bank_lines_and_name_their_ledger_entries(make: Any) -> None:
    scene = make_linkage_scene(make)
    pay_calls(scene, tranches=2)
    report = report_of(scene)
    assert amounts(report, "nominal", "paid") == {
        "G": 2_800_000, "O": 0, "V": 4_900_000, "B": 3_000_000, "K": 1_400_000, "C": 16_000_000,
    }  # fmt: skip
    assert report.table("nominal", "paid").ratio("M2") == Fraction(7, 4)
    assert report.paid_in_rate == Fraction(7, 10)
    rows = [row for line in report.lines for row in line.drawdowns]
    assert len(rows) == 7
    assert all(row.entry is not None and row.in_ledger for row in rows)
    assert sum(row.amount_minor for row in rows) == 10_700_000 * 100


def test_payments_after_the_asked_day_are_not_counted(make: Any) -> None:
    scene = make_linkage_scene(make)
    pay_calls(scene, tranches=2)
    early = report_of(scene, until=date(2027, 1, 31))
    assert early.table("nominal", "paid").sums.G == 1_600_000 * 100
    assert early.cut_off == date(2027, 1, 31)


def test_conflicting_reports_leave_confirmed_and_stay_in_claimed(make: Any) -> None:
    scene = make_linkage_scene(make)
    pay_calls(scene, tranches=1)
    file(scene, "industrial", "industrial", 2_000_000, date(2027, 1, 15))
    file(scene, "guidance", "industrial", 3_000_000, date(2027, 1, 15))
    report = report_of(scene)
    assert report.table("nominal", "claimed").sums.V == 2_800_000 * 100
    assert report.table("nominal", "paid").sums.V == 800_000 * 100
    assert [problem.code for problem in report.problems if problem.amount_minor == 1_000_000 * 100] == ["conflict"]


def test_a_repeated_filing_is_one_row_and_changes_nothing(make: Any) -> None:
    scene = make_linkage_scene(make)
    pay_calls(scene, tranches=1)
    file(scene, "angel", "angel", 800_000, date(2027, 1, 15))
    before = report_of(scene)
    file(scene, "angel", "angel", 800_000, date(2027, 1, 15))
    assert report_of(scene).tables == before.tables
    with scene.transaction() as session:
        assert len(queries.list_round_reports(session, actor=scene.scene.operator.actor)) == 1


def test_the_fund_share_of_non_fiscal_capital_is_attributed_where_another_fund_is_in(make: Any) -> None:
    scene = make_unsigned_scene(make)
    other = make.organisation("guidance_fund", state_owned_bps=10_000)
    with scene.transaction() as session:
        add_commitment(session, scene.round_id, other, 8_000_000 * 100, state_owned_bps=10_000)
    table = report_of(scene).table("nominal", "committed")
    assert table.sums.O == 8_000_000 * 100
    assert table.attributed_minor == 233_333_333
    assert table.attributed_minor + table.unattributed_minor == table.sums.V == 7_000_000 * 100


def test_a_default_is_left_out_and_listed(make: Any) -> None:
    scene = make_unsigned_scene(make)
    with scene.transaction() as session:
        angel = scene.scene.members["angel"].organisation
        session.execute(sa.update(Commitment).where(Commitment.organisation_id == angel.id).values(state="defaulted"))
    report = report_of(scene)
    assert report.table("nominal", "committed").sums.V == 5_000_000 * 100
    assert [problem.code for problem in report.problems] == ["defaulted"]


def test_a_link_without_evidence_counts_as_indirect_and_is_listed(make: Any) -> None:
    scene = make_unsigned_scene(make)
    with scene.transaction() as session:
        angel = scene.scene.members["angel"].organisation
        session.execute(sa.update(Commitment).where(Commitment.organisation_id == angel.id).values(link_evidence=" "))
    report = report_of(scene)
    assert report.table("nominal", "committed").sums.get("V.direct") == 0
    assert [problem.code for problem in report.problems] == ["link_without_evidence"]


@pytest.mark.parametrize(("period", "expected"), [("2026", 1), ("2026Q4", 1), ("2026Q3", 0), ("2025", 0)])
def test_rounds_are_reported_in_the_period_of_their_closing(make: Any, period: str, expected: int) -> None:
    scene = make_unsigned_scene(make)
    assert len({line.round_.id for line in report_of(scene, period).lines}) == expected


def test_an_open_round_is_not_in_the_report(make: Any) -> None:
    scene = agreements.make_scene(make)
    round_ = make_round(make, scene, state="open", closed_at=None)
    report = report_of(LinkageScene(scene, round_.id, round_.public_id))
    assert report.lines == ()
    assert report.table("nominal", "committed").ratio("M1a") is None
