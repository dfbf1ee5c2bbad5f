"""Steps of the tour that report: match reasons, the linkage report, the exported files, the real outcomes."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import orm

from marketplace.accounts.models import Organisation
from marketplace.accounts.queries import map_organisation_names
from marketplace.agreements.services.statements import settle_agreement
from marketplace.assessments.services.scoring import build_features
from marketplace.dealflow.models import Mandate
from marketplace.dealflow.services.matches import compute_match
from marketplace.demo.deal import Deal
from marketplace.demo.financing import noon
from marketplace.demo.market import Market
from marketplace.demo.story import ROUND_DAY, SEATS
from marketplace.funding.models import Commitment, Round
from marketplace.ledger.export import export_ledger, export_rows
from marketplace.linkage.periods import parse_period
from marketplace.linkage.report import compute_report
from marketplace.payments.models import PaymentIntent
from marketplace.projects.queries import find_project
from marketplace.projects.services.importing import import_projects

if TYPE_CHECKING:
    from marketplace.demo.tour import Tour

# Sectors of the importer for NASA's projects: the nearest of the closed list.
TECHPORT_SECTOR = "civil_space"


def show_matches(tour: Tour, market: Market, code: str) -> None:
    """Every mandate against the project, with each constraint that refuses."""
    tour.step("Mandates matched, with the reasons of each refusal")
    project = market.project(code)
    taken = 0
    with market.database.transaction("read") as session:
        mandates = session.scalars(sa.select(Mandate).options(orm.joinedload(Mandate.organisation))).all()
        codes = {organisation.id: name for name, organisation in market.cast.organisations.items()}
        for mandate in mandates:
            actor = market.cast.actor(codes[mandate.organisation_id])
            found = compute_match(
                session, actor=actor, mandate=mandate, projects=[project], now=noon(ROUND_DAY.replace(day=2))
            )
            match = found[0][1]
            taken += match.holds
            reasons = ", ".join(check.code for check in match.refusals)
            score = f"score {float(match.score):.2f}" if match.score is not None else f"refused by {reasons}"
            tour.show(f"{mandate.organisation.name_en}: {score}")
    tour.check("some mandates take it and some refuse", 0 < taken < len(mandates), True)


def show_linkage(tour: Tour, market: Market, deal: Deal) -> dict[str, str]:
    """The guidance fund's report of the round: symbols, ratios, both readings."""
    tour.step("Linkage report of the guidance fund")
    with market.database.transaction("read") as session:
        fund = session.get_one(Organisation, market.cast.organisations[SEATS["guidance"]].id)
        report = compute_report(session, fund=fund, period=parse_period("2027"), today=ROUND_DAY.replace(year=2031))
    for reading in ("nominal", "look_through"):
        for base in ("committed", "paid"):
            table = report.table(reading, base)
            sums = " ".join(f"{name} {table.sums.get(name) / 100:,.0f}" for name in ("G", "O", "V", "B", "S", "K"))
            ratios = " ".join(f"{name} {_ratio(table.ratio(name))}" for name in ("M1a", "M1b", "M2", "M4"))
            tour.show(f"{reading} {base}: {sums}; {ratios}")
            one, two = table.ratio("M1a"), table.ratio("M2")
            tour.check(f"M1a = M2 + 1, {reading} {base}", one is not None and two is not None and one == two + 1, True)
    committed, through = report.table("nominal", "committed"), report.table("look_through", "committed")
    tour.check("V / G nominal", committed.ratio("M2"), Fraction(7, 4))
    tour.check("V / G look-through", through.ratio("M2"), Fraction(11, 8))
    tour.check("M4 = 16.0 / (4.0 + 0.3 + 1.1)", _ratio(committed.ratio("M4")), "2.963")
    paid = report.table("nominal", "paid")
    tour.show(f"problems listed: {len(report.problems)}")
    return {"m1a": str(paid.ratio("M1a")), "m2": str(paid.ratio("M2"))}


def _ratio(value: Fraction | None) -> str:
    return "none" if value is None else f"{float(value):.3f}"


def export_files(market: Market, deals: dict[str, Deal], folder: Path) -> None:
    """What anybody may download, and beside it what the product says of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with market.database.transaction("read") as session:
        names = {public_id: pair[0] for public_id, pair in map_organisation_names(session).items()}
        _write(folder / "ledger.csv", list(export_rows(session)))
        _write(folder / "payments.csv", _payments(session))
        _write(folder / "commitments.csv", _commitments(session))
        text = "\n".join(export_ledger(session, format="beancount", names=names)) + "\n"
        (folder / "ledger.beancount").write_text(text, encoding="utf-8")
        expected = _expected(session, market, deals)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1), encoding="utf-8")


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _payments(session: orm.Session) -> list[dict[str, Any]]:
    statement = sa.select(PaymentIntent).options(
        orm.joinedload(PaymentIntent.payer), orm.joinedload(PaymentIntent.payee)
    )
    return [
        {
            "payment": row.public_id, "purpose": row.purpose, "book": row.book, "direction": row.direction,
            "payer": row.payer.public_id, "payee": row.payee.public_id, "amount_minor": row.amount_minor,
            "currency": row.currency, "state": row.state,
        }
        for row in session.scalars(statement.order_by(PaymentIntent.id))
    ]  # fmt: skip


def _commitments(session: orm.Session) -> list[dict[str, Any]]:
    statement = (
        sa.select(Commitment, Round.public_id)
        .join(Round, Commitment.round_id == Round.id)
        .options(orm.joinedload(Commitment.organisation))
        .where(Commitment.state != "released")
    )
    return [
        {
            "round": round_id, "organisation": row.organisation.public_id, "kind": row.organisation_kind,
            "instrument": row.instrument, "amount_minor": row.amount_minor, "paid_minor": row.paid_minor,
        }
        for row, round_id in session.execute(statement)
    ]  # fmt: skip


def _expected(session: orm.Session, market: Market, deals: dict[str, Deal]) -> dict[str, Any]:
    """Party totals by book and the leverage of one round, as the product states them."""
    parties: dict[str, dict[str, dict[str, int]]] = {}
    for deal in deals.values():
        agreement = deal.agreement(session)
        settled = settle_agreement(session, agreement=agreement)["parties"]
        parties[agreement.book] = {
            party.organisation.public_id: {"received_minor": settled[party.party]["received_minor"]}
            for party in agreement.parties
            if party.organisation is not None and party.role in ("angel", "industrial_fund", "guidance_fund")
        }
    first = next(iter(deals.values()))
    agreement = first.agreement(session)
    round_ = session.get_one(Round, agreement.round_id)
    return {
        "parties": parties,
        "leverage": {"book": agreement.book, "round": round_.public_id, "m1a": "11/4", "m2": "7/4"},
    }


def import_and_score(tour: Tour, market: Market, rows: list[dict[str, str]]) -> None:
    """Drafts through the importer, scored in one batch, compared with what happened."""
    from risk import observed_against_predicted, score_projects

    usable = [row for row in rows if row["trl_begin"] and row["trl_target"]]
    team = market.cast.actor(SEATS["project"])
    with market.database.transaction() as session:
        projects = import_projects(
            session, actor=team, now=noon(market.today), rows=[_as_project(row) for row in usable]
        )
        ids = [project.id for project in projects]
    with market.database.transaction("read") as session:
        features = []
        for number in ids:
            project = find_project(session, project_id=number)
            assert project is not None
            features.append(build_features(session, project=project, on=market.today))
    scores = score_projects(features, model=market.model.model)
    scored = [score for score in scores if score["probability"] is not None]
    tour.show(f"{len(rows)} rows, {len(usable)} with start and target level imported, {len(scored)} scored")
    tour.check("every imported project with something to gain is scored", len(scores), len(usable))
    outcomes = [
        {"trl_start": float(row["trl_begin"]), "trl_target": float(row["trl_target"]),
         "failed": int(float(row["missed_target"]))}
        for row in usable
        if row["missed_target"] and float(row["trl_target"]) > float(row["trl_begin"])
    ]  # fmt: skip
    found = observed_against_predicted(outcomes)
    for level in found["by_level"]:
        tour.show(
            f"start TRL {level['trl_start']}: n {level['n']}, observed {level['observed']:.2f}, "
            f"predicted {level['predicted']:.2f}"
        )
    tour.show(
        f"n {found['n']}, base rate {found['base_rate']:.3f}, Brier {found['brier']:.4f} (in sample: the grouped "
        "counts of these rows are among the evidence)"
    )


def _as_project(row: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "code": f"techport-{row['project_id']}",
        "title_en": row["title"][:200],
        "sector": TECHPORT_SECTOR,
        "trl_claimed": int(float(row["trl_begin"])),
        "target_trl": int(float(row["trl_target"])),
    }
    if row["start_date"] and row["end_date"] and row["end_date"] > row["start_date"]:
        values |= {"planned_start": row["start_date"], "planned_end": row["end_date"]}
    return values
