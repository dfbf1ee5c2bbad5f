"""The main job from listing to report on a throw-away database; prints each step with its figures and checks them."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from marketplace.agreements.queries import list_events
from marketplace.agreements.services.statements import settle_agreement
from marketplace.agreements.services.verification import verify_agreement
from marketplace.assessments.queries import get_latest_score
from marketplace.config import PROJECT_ROOT, Settings
from marketplace.db import Database
from marketplace.demo import cover, story, tour_reports
from marketplace.demo.deal import Deal
from marketplace.demo.market import Market, hold_round, prepare_market
from marketplace.files.services import FileStore
from marketplace.funding.queries import find_round
from marketplace.funding.services.evaluation import evaluate_rule
from marketplace.insurance.queries import get_quote, list_quotes
from marketplace.insurance.services.quoting import replay_premium
from marketplace.ledger.services import check_ledger
from marketplace.projects.listing import ProjectFilter, list_projects

GOLDEN = PROJECT_ROOT / "tests" / "worked_examples" / "data" / "scenario_a.json"
DATA = PROJECT_ROOT.parent / "shared" / "data" / "techport_trl_outcomes.csv.gz"


def yuan(minor: int) -> str:
    return f"{minor / 100:,.2f}"


@dataclass
class Tour:
    """Prints steps and remembers what did not hold."""

    say: Callable[[str], None]
    failed: int = 0
    checked: int = 0

    def step(self, title: str) -> None:
        self.say(f"\n== {title}")

    def show(self, text: str) -> None:
        self.say(f"   {text}")

    def check(self, name: str, found: object, expected: object) -> None:
        """Compare, print, and go on: the tour ends 1 if anything differs."""
        self.checked += 1
        if found == expected:
            self.say(f"   ok  {name}: {found}")
        else:
            self.failed += 1
            self.say(f"   NOT {name}: {found}, expected {expected}")


def run_tour(
    database: Database,
    store: FileStore,
    settings: Settings,
    *,
    password_hash: str,
    folder: Path,
    say: Callable[[str], None],
) -> Tour:
    """The whole chain."""
    tour = Tour(say)
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    tour.step("Organisations, people, scheme rules")
    market = prepare_market(database, store, settings, password_hash=password_hash, say=tour.show)
    cover.file_products(market)
    story.set_mandates(market)
    deals = {}
    for ending in story.ENDINGS:
        deals[ending] = take_to_the_end(tour, market, ending, golden)
    check_the_books(tour, market, deals)
    tour_reports.show_linkage(tour, market, deals["success"])
    export_and_rederive(tour, market, deals, folder)
    import_techport(tour, market)
    return tour


def take_to_the_end(tour: Tour, market: Market, ending: str, golden: dict[str, Any]) -> Deal:
    """List → assess → score → match → quote → round → agree → settle, with one of the three endings."""
    code = f"{story.PROJECT}-{story.SUFFIX[ending]}"
    first = ending == story.ENDINGS[0]
    tour.step(f"Scenario A, {ending.replace('_', ' ')}: listed, assessed, scored")
    titles = story.list_copy(market, ending, code=code)
    show_project(tour, market, code)
    if first:
        tour_reports.show_matches(tour, market, code)
    request_id = show_quotes(tour, market, code)
    round_id = show_round(tour, market, code)
    tour.step("Agreement: drafted, simulated for every party, signed by all")
    deal = story.sign_deal(market, code=code, round_id=round_id, titles=titles)
    show_simulation(tour, deal)
    tour.step(f"Settled: {ending.replace('_', ' ')}")
    story.play_to_the_end(market, deal, ending, request_id=request_id)
    show_settlement(tour, deal)
    check_golden(tour, deal, ending, golden)
    return deal


def show_project(tour: Tour, market: Market, code: str) -> None:
    project = market.project(code)
    with market.database.transaction("read") as session:
        score = get_latest_score(session, project_id=project.id)
        found = list_projects(
            session, actor=market.cast.actor("lufeng-industrial"),
            wanted=ProjectFilter(q="连续流", sectors=("chemicals",), trl_from=5, trl_to=7), limit=50,
        )  # fmt: skip
    assert score is not None
    content = score.content
    low, high = content["interval_80"]
    tour.show(f"levels: TRL {project.trl_assessed} assessed, {project.trl_claimed} claimed; MRL {project.mrl_assessed}")
    tour.show(
        f"probability of missing the target {content['probability']:.3f}, 80 % interval {low:.3f} to {high:.3f}, "
        f"state {content['state']}, reference class {content['reference_class']['code']} "
        f"(n {content['reference_class']['n']})"
    )
    for row in content["staircase"]:
        tour.show(f"  step {row['from_level']} → {row['to_level']}: {row['probability']:.3f}")
    tour.check("the filter finds the project", code in {row.code for row in found.rows}, True)
    tour.check("levels as in the story", (project.trl_assessed, project.mrl_assessed, project.target_trl), (6, 5, 7))


def show_quotes(tour: Tour, market: Market, code: str) -> str:
    """Three sealed quotes, the premium of the story with its trail."""
    tour.step("Insurers quote pilot-failure cover")
    request_id = story.ask_insurers(market, code=code)
    team = market.cast.signatory(story.SEATS["project"])
    with market.database.transaction("read") as session:
        quotes = [
            get_quote(session, actor=team, public_id=row.public_id)
            for row in list_quotes(session, actor=team)
            if row.request.public_id == request_id
        ]
    for quote in quotes:
        assert quote.premium_minor is not None
        tour.show(
            f"{quote.insurer.name_en}: premium {yuan(quote.premium_minor)}, trigger {quote.trigger_probability}, "
            f"{quote.state}"
        )
    chosen = next(row for row in quotes if row.insurer_organisation_id == _id(market, story.SEATS["insurer"]))
    for name, value in flatten((chosen.trail or {}).get("premium")):
        tour.show(f"    {name}: {value}")
    tour.check("premium of the story, in fen", chosen.premium_minor, 68_065_700)
    tour.check("trail replays to the fen", replay_premium(chosen), chosen.premium_minor)
    return request_id


def _id(market: Market, code: str) -> int:
    return market.cast.organisations[code].id


def flatten(trail: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """The trail as lines: a name for each figure."""
    if isinstance(trail, dict):
        return [row for key, value in trail.items() for row in flatten(value, f"{prefix}{key}.")]
    if isinstance(trail, list):
        return [row for number, value in enumerate(trail, 1) for row in flatten(value, f"{prefix}{number}.")]
    return [(prefix.rstrip("."), trail)]


def show_round(tour: Tour, market: Market, code: str) -> int:
    """Hold the round; show every linkage rule under both readings with its arithmetic."""
    tour.step("Round: angel, industrial fund, guidance fund and bank commit")
    record = next(item for item in market.content.rounds if item.code == story.ROUND)
    record = replace(record, project=code, state="closed", closed_on=record.deadline_on)
    round_id = hold_round(market, record, project_code=code)
    with market.database.transaction("read") as session:
        round_ = find_round(session, round_id=round_id)
        assert round_ is not None
        for item in round_.commitments:
            tour.show(f"{item.organisation.name_en}: {yuan(item.amount_minor)} ({item.instrument}, {item.state})")
        values: dict[tuple[str, str], Any] = {}
        for rule in round_.linkage_rules:
            for reading in ("nominal", "look_through"):
                result = evaluate_rule(rule, round_.commitments, reading=reading)
                values[rule.kind, reading] = result
                tour.show(
                    f"{rule.kind} {reading}: private {yuan(result.private_minor)}, guidance "
                    f"{yuan(result.guidance_minor)}, equity {yuan(result.equity_minor)} → {result.value} against "
                    f"{rule.threshold}: {'holds' if result.holds else 'missing ' + yuan(result.missing_minor)}"
                )
    share = values["guidance_share_max", "nominal"]
    nominal, through = (values["private_ratio_min", reading] for reading in ("nominal", "look_through"))
    tour.check("guidance share 36.36 %", share.value, Fraction(4, 11))
    tour.check("non-fiscal to guidance, nominal 1.75 holds", (nominal.value, nominal.holds), (Fraction(7, 4), True))
    tour.check(
        "non-fiscal to guidance, look-through 1.375 is short by 500,000", (through.value, through.missing_minor),
        (Fraction(11, 8), 500_000_00),
    )  # fmt: skip
    return round_id


def show_simulation(tour: Tour, deal: Deal) -> None:
    run = deal.simulation
    assert run is not None
    assert run.state == "done", run.failure
    for party, figures in run.result["parties"].items():
        profit, loss = figures["expected_profit"], figures["loss_probability"]
        tour.show(
            f"{party:<10} expected {yuan(profit['value_minor']):>16} (± {yuan(profit['standard_error_minor'])}), "
            f"P(loss) {loss['value']}"
        )
    tour.check("every party was simulated over 10,000 scenarios", run.scenarios, 10_000)


def show_settlement(tour: Tour, deal: Deal) -> None:
    """Every event with its tiers."""
    with deal.database.transaction("read") as session:
        agreement = deal.agreement(session)
        for event in list_events(session, agreement_id=agreement.id):
            if not event.explanation:
                continue
            tour.show(f"{event.effective_on} {event.kind}")
            for tier in event.explanation:
                if tier["amount_minor"]:
                    to = ", ".join(f"{leg['party']} {yuan(leg['amount_minor'])}" for leg in tier["to"])
                    tour.show(f"    {'  ' * tier['depth']}{tier['name']['en']}: {yuan(tier['amount_minor'])} → {to}")
        tour.check(
            "event chain, signatures and ledger tie", verify_agreement(session, agreement=agreement).problem, None
        )


def check_golden(tour: Tour, deal: Deal, ending: str, golden: dict[str, Any]) -> None:
    """The figures printed in the design, to the fen."""
    with deal.database.transaction("read") as session:
        parties = settle_agreement(session, agreement=deal.agreement(session))["parties"]
    net = {party: figures["net_minor"] for party, figures in parties.items()}
    wanted = golden[ending]
    if ending == "failure_without_cover":
        paid_in = {"angel": 200_000_000, "industrial": 500_000_000, "guidance": 400_000_000}
        for party, amount in paid_in.items():
            tour.check(f"{party} gets back", net[party] + amount, wanted["exit_paid"][party])
    elif ending == "hard_failure":
        for party, amount in wanted["final"].items():
            tour.check(f"{party} in the end", net[party], amount)
    else:
        paid_in = {"angel": 200_000_000, "industrial": 500_000_000, "guidance": 400_000_000, "founders": 0}
        for party, amount in wanted["out"].items():
            tour.check(f"{party} out", net[party] + paid_in[party], amount)
        for party, percent in wanted["xirr_percent_two_decimals"].items():
            tour.check(f"{party} XIRR %", f"{float(parties[party]['xirr']) * 100:.2f}", percent)


def check_the_books(tour: Tour, market: Market, deals: dict[str, Deal]) -> None:
    tour.step("Ledger")
    with market.database.transaction("read") as session:
        result = check_ledger(session)
    tour.show(
        f"{result.entries} entries, {sum(deal.payments for deal in deals.values())} payments confirmed by two people"
    )
    tour.check("trial balance", set(result.trial_balance.values()), {0})
    tour.check("unbalanced entries and orphan postings", (len(result.unbalanced), result.orphans), (0, 0))


def export_and_rederive(tour: Tour, market: Market, deals: dict[str, Deal], folder: Path) -> None:
    """Export the files and let a script that imports nothing of ours derive the figures again."""
    tour.step("Exports, re-derived by a script that imports neither marketplace nor risk")
    tour_reports.export_files(market, deals, folder)
    script = Path(__file__).with_name("rederive.py")
    done = subprocess.run([sys.executable, "-I", str(script), str(folder)], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        tour.say(f" {line}")
    tour.check("re-derivation", done.returncode, 0)
    checker = Path(sys.executable).with_name("bean-check")
    if checker.exists():
        checked = subprocess.run([str(checker), str(folder / "ledger.beancount")], capture_output=True, check=False)
        tour.check("bean-check accepts the exported ledger", checked.returncode, 0)
    else:
        tour.show("bean-check is not installed here; `make test` runs it")


def import_techport(tour: Tour, market: Market) -> None:
    """Real outcomes: the NASA TechPort projects through the ordinary importer, scored, observed against predicted."""
    tour.step("NASA TechPort projects: observed against predicted")
    if not DATA.exists():
        tour.show("the folder shared/data is not here; this step is left out")
        return
    rows = read_techport()
    tour_reports.import_and_score(tour, market, rows)


def read_techport() -> list[dict[str, str]]:
    with gzip.open(DATA, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
