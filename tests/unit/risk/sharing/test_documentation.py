"""Every example in docs/terms.md is valid, and the page names every block, amount, balance and kind of event."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from risk import sharing
from risk.sharing import validate_terms
from risk.sharing.amounts import BALANCE_KINDS, SETTLEABLE
from risk.sharing.applying import read_event
from risk.sharing.handlers import KINDS
from risk.sharing.templates.scenario_a import scenario_a_terms

PAGE = (Path(__file__).parents[4] / "docs" / "terms.md").read_text(encoding="utf-8")
KINDS_OF_EXAMPLE = (
    "block exit hurdles|block exit|block|recover|event|revenue_share|conversion|amendment|accruals|hurdles|schedule"
)
EXAMPLES = re.findall(rf"```json ({KINDS_OF_EXAMPLE})\n(.*?)```", PAGE, re.DOTALL)
HURDLES = [json.loads(text) for kind, text in EXAMPLES if kind == "hurdles"]


@pytest.mark.parametrize(
    ("what", "text"), EXAMPLES, ids=[f"{place}-{kind}" for place, (kind, _) in enumerate(EXAMPLES)]
)
def test_every_example_is_valid(what: str, text: str) -> None:
    example = json.loads(text)
    terms = scenario_a_terms()
    if what == "event":
        read_event(example)
        return
    if what == "conversion":
        grant = {"id": "grant", "kind": "conditional_grant", "party": "guidance", "commitment_minor": 0}
        terms = {**terms, "programs": {"operating": {"to": {"party": "project", "legal_basis": "retained_by_project",
                                                            "rank": 9}}}}  # fmt: skip
        terms["parties"] = [
            *terms["parties"],
            {"id": "auditor", "kind": "auditor", "name": {"zh": "审计", "en": "Audit"}},
        ]
        terms["instruments"] = [*terms["instruments"], {**grant, "conversion": example}]
        terms["pots"] = {}
    elif what == "schedule":
        terms["instruments"][3] = {
            **{key: value for key, value in terms["instruments"][3].items() if key != "repayments"},
            "schedule": example,
        }
    elif what in ("accruals", "hurdles"):
        terms[what] = [*example, *(item for item in terms.get(what, []) if item["id"] != example[0]["id"])]
    elif what in ("revenue_share", "amendment"):
        terms[what] = example
    elif what == "recover":
        terms["programs"]["recoveries"] = {"recover": example}
    else:
        terms["hurdles"] = HURDLES[0]
        terms["programs"]["exit" if what.startswith("block exit") else "operating"] = example
    if "pot" in example:
        # Capital may not come out of revenue, so this one is read as an exit.
        terms["programs"]["exit"], terms["programs"]["operating"] = example, scenario_a_terms()["programs"]["operating"]
    if "share_of_profit" in text:
        # Profit cannot hide in parts while it is counted.
        terms["pots"] = {}
    validate_terms(terms)


def test_there_is_an_example_of_every_block() -> None:
    assert len(EXAMPLES) >= 10
    blocks = " ".join(text for _, text in EXAMPLES)
    for block in ("to", "keep", "pot", "seq", "share", "cap", "when", "layer"):
        assert f'"{block}":' in blocks, block


@pytest.mark.parametrize("word", [*BALANCE_KINDS, *SETTLEABLE, *KINDS])
def test_the_page_names_every_balance_and_kind_of_event(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_every_public_name_can_be_imported() -> None:
    for name in sharing.__all__:
        assert getattr(sharing, name) is not None
    assert not hasattr(sharing, "nothing_of_this_name")


def test_the_page_counts_and_names_every_template() -> None:
    names = [name for name, module in sharing._EXPORTS.items() if "template" in module]
    assert f"{ {7: 'Seven', 8: 'Eight', 9: 'Nine'}[len(names)] } templates make whole documents" in PAGE
    for name in names:
        assert f"`risk.sharing.{name}`" in PAGE
