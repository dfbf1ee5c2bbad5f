"""From the engine's postings to what is posted now and what waits for money."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.agreements.rules import HOUSE_KINDS, KINDS_BY_HAND, STOPPING_KINDS
from marketplace.agreements.settlement import ENTRY_KIND, Posting, fold_cash, net_postings, plan_event
from marketplace.agreements.states import ARROWS, require_move
from marketplace.errors import ConflictError
from marketplace.ledger.models import ENTRY_KINDS


def plan(kind: str, lines: list[Posting], **options: object):  # type: ignore[no-untyped-def]  # a shorthand of the tests
    given_options = {"project": "project", "payer": None, "payer_kind": "", "supervised": False, **options}
    return plan_event(kind, lines, **given_options)  # type: ignore[arg-type]  # the defaults are typed above


def pot(amount: int, payees: dict[str, int]) -> list[Posting]:
    """What the engine posts of a sale: cash in, into the pot, out of it to each payee, paid."""
    lines: list[Posting] = [("1010", None, amount), ("4020", None, -amount), ("4020", None, amount),
                            ("2030", None, -amount)]  # fmt: skip
    for party, part in payees.items():
        lines += [("2030", None, part), ("2010", party, -part), ("3030", party, part), ("4020", None, -part),
                  ("2010", party, part), ("1010", None, -part)]  # fmt: skip
    return lines


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["angel", "bank", "founders", "project"]), st.integers(1, 10**12), min_size=1))
def test_sale_posts_balanced_lines_without_cash_and_leaves_every_payment_open(payees: dict[str, int]) -> None:
    result = plan("exit", pot(sum(payees.values()), payees))
    assert sum(amount for _code, _party, amount in result.postings) == 0
    assert not any(code == "1010" for code, _party, _amount in result.postings)
    assert {move.payee: move.amount_minor for move in result.moves} == {
        party: amount for party, amount in payees.items() if party != "project"
    }
    payable = {party: -amount for code, party, amount in result.postings if code == "2010"}
    assert payable == {party: amount for party, amount in payees.items() if party != "project"}


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["angel", "bank", "founders"]), st.integers(1, 10**12), min_size=1))
def test_posted_lines_and_open_payments_together_are_the_engines_postings(payees: dict[str, int]) -> None:
    lines = pot(sum(payees.values()), payees)
    result = plan("exit", lines)
    after = list(result.postings)
    for move in result.moves:
        after += [(*move.debit, move.amount_minor), (*move.credit, -move.amount_minor)]

    def folded(postings: list[Posting]) -> dict[tuple[str, str], int]:
        return fold_cash({(code, party or ""): amount for code, party, amount in net_postings(postings)})

    assert folded(after) == folded(lines)


def test_indemnity_is_owed_by_the_insurer_to_assignee_and_project() -> None:
    lines: list[Posting] = [
        ("1130", "insurer", 100), ("4030", None, -100), ("1010", None, 100), ("1130", "insurer", -100),
        ("4030", None, 100), ("2030", None, -100), ("2030", None, 40), ("2010", "bank", -40), ("2040", "bank", 40),
        ("1510", None, -40), ("2010", "bank", 40), ("1010", None, -40),
    ]  # fmt: skip
    result = plan("insurance_recovery", lines, payer="insurer", payer_kind="insurer")
    assert ("1130", "insurer", 100) in result.postings
    assert [(move.payer, move.payee, move.amount_minor, move.debit[0]) for move in result.moves] == [
        ("insurer", "bank", 40, "2010"), ("insurer", "project", 60, "1120"),
    ]  # fmt: skip


def test_money_paid_in_under_supervision_is_not_yet_deployed() -> None:
    lines: list[Posting] = [("1010", None, 7), ("1110", "angel", -7), ("1510", None, 7), ("1010", None, -7)]
    assert plan("drawdown_paid", lines, supervised=True).postings == [("1010", None, 7), ("1110", "angel", -7)]
    assert plan("drawdown_paid", lines).postings == [("1110", "angel", -7), ("1510", None, 7)]


def test_every_kind_of_event_has_a_kind_of_entry_that_the_ledger_knows() -> None:
    assert {*HOUSE_KINDS, *KINDS_BY_HAND} - {*STOPPING_KINDS} == set(ENTRY_KIND)
    assert set(ENTRY_KIND.values()) <= set(ENTRY_KINDS)


def test_ended_agreement_goes_nowhere() -> None:
    for state in ("completed", "terminated"):
        for wanted in ARROWS:
            with pytest.raises(ConflictError):
                require_move(state, wanted)
