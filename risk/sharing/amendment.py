"""Carrying an agreement over to an amended version: what stands under the old terms must have its place in the new."""

from __future__ import annotations

from typing import Any

from risk.sharing.compiling.declarations import GRANT_COUNTERS
from risk.sharing.errors import EventError
from risk.sharing.events.funding import FAILED, failed_milestone
from risk.sharing.model import Claim, Model
from risk.sharing.run import Run
from risk.sharing.state import State

# The part of the document in which a counter or flag has its clause.
_KINDS = {
    "instruments": (
        *("principal", "repaid", "interest_due", "subrogated", "shares", "converted"),
        *GRANT_COUNTERS,
    ),
    "accruals": ("accrued", "accrued_rest", "capitalised", "grown", "grown_rest", "grown_on", "grown_seen"),
    "claims": ("claim",),
    "limits": ("limit_used",),
    "tranches": ("called",),
    "milestones": ("milestone", FAILED),
    "flags": ("flag",),
    "policies": ("premium",),
}
_SECTIONS = {kind: section for section, kinds in _KINDS.items() for kind in kinds}


class _Problems:
    """Everything in which the new terms cannot carry what stands; the first is the error, all are its details."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.rows: list[dict[str, str]] = []

    def clause(self, section: str, name: str, key: str = "") -> str:
        names = list(getattr(self.model, section))
        place = f"{section}[{names.index(name)}]" if name in names else section
        return f"{place}.{key}" if key and name in names else place

    def add(self, code: str, clause: str, message: str) -> None:
        self.rows.append({"code": code, "clause": clause, "message": message})

    def raise_first(self) -> None:
        if self.rows:
            first = self.rows[0]
            raise EventError(first["code"], first["message"], first["clause"], problems=self.rows)


def carry_over(old: Model, new: Model, run: Run, terms_hash: str) -> State:
    """Return the state under the new terms, with all that the run of the old ones holds on the day of the change.

    Parameters
    ----------
    old, new : Model
        The compiled terms before and after.
    run : Run
        The context of the amendment under the old terms: accruals have run to its day. The memo accounts of its
        journal are moved to the commitments and limits of the new terms, in minor units.
    terms_hash : str
        Version hash of the new terms.

    Returns
    -------
    State
        Counters and flags of the new terms; ``head`` and ``log`` are left to the caller. The rest of a fen that an
        accrual carries is expressed in the new rate's denominator, rounded down; the carried millionths of a split
        lapse where the amendment changes who takes part in it.

    Raises
    ------
    EventError
        With the clause of the new terms in ``field`` and every further one in ``details["problems"]``:
        ``currency_changed``, ``project_changed``, ``balance_not_carried``, ``fact_removed``, ``tranche_called``,
        ``instrument_changed``, ``accrual_changed``, ``claim_due_already``, ``limit_below_used``, ``limit_changed``,
        ``premium_paid_already``, ``concession_above_cap``.
    """
    problems = _Problems(new)
    if new.currency != old.currency:
        problems.add("currency_changed", "currency", "An amendment keeps the currency of the agreement.")
    if new.project != old.project:
        problems.add("project_changed", "project", "An amendment keeps the party that uses the money.")
    _check_tranches(old, new, run, problems)
    _check_instruments(old, new, run, problems)
    _check_accruals(old, new, run, problems)
    _check_limits(old, new, run, problems)
    _check_policies(old, new, run, problems)
    values = _carry_values(old, new, run, problems)
    flags = _carry_flags(new, run, problems)
    for name in _claims_that_fall_due(old, new, run, problems):
        amount = new.claims[name].amount_minor
        assert amount is not None, "only a claim with an amount falls due by itself"
        values[f"claim:{name}"] += amount
    _check_concessions(new, values, problems)
    problems.raise_first()
    _move_memo_accounts(old, new, run)
    journal = run.journal
    assert journal is not None, "amendments are settled, not simulated"
    accounts = {key: amount for key, amount in journal.accounts.items() if amount}
    return State(terms_hash, run.status, run.on, values, accounts, flags, run.results, run.reports)


def _check_tranches(old: Model, new: Model, run: Run, problems: _Problems) -> None:
    for name, tranche in old.tranches.items():
        if not run.flags[f"called:{name}"]:
            continue
        kept = new.tranches.get(name)
        if kept is None or {k: v for k, v in kept.amounts.items() if v} != {
            k: v for k, v in tranche.amounts.items() if v
        }:
            problems.add(
                "tranche_called",
                problems.clause("tranches", name, "amounts"),
                f"Tranche {name} has been called; an amendment keeps its amounts.",
            )


def _check_instruments(old: Model, new: Model, run: Run, problems: _Problems) -> None:
    for name, item in old.instruments.items():
        called = any(run.flags[f"called:{key}"] and row.amounts.get(name) for key, row in old.tranches.items())
        kept = new.instruments.get(name)
        if called and kept is not None and (kept.kind, kept.party) != (item.kind, item.party):
            key = "kind" if kept.kind != item.kind else "party"
            problems.add(
                "instrument_changed",
                problems.clause("instruments", name, key),
                f"Money has been called on {name}; an amendment keeps its kind and its party.",
            )


def _check_accruals(old: Model, new: Model, run: Run, problems: _Problems) -> None:
    after = {item.id: item for item in new.all_accruals()}
    for item in old.all_accruals():
        kept = after.get(item.id)
        owed = run.values[f"accrued:{item.id}"] or run.values[f"accrued_rest:{item.id}"]
        if kept is not None and owed and (kept.party, kept.base, kept.method, kept.periods) != (
            item.party, item.base, item.method, item.periods
        ):  # fmt: skip
            section = "accruals" if item.id in new.accruals else "instruments"
            problems.add(
                "accrual_changed",
                problems.clause(section, item.id),
                f"{item.id} has accrued; an amendment keeps for whom, on what and by which method it accrues.",
            )
    _check_growing(old, new, run, problems)


def _check_growing(old: Model, new: Model, run: Run, problems: _Problems) -> None:
    """A factor runs over all days since the account last moved, so that a change of its rule would reach back."""
    before = {item.id: item for item in old.growing()}
    for item in new.growing():
        known = before.get(item.id)
        counted = (*item.plus, *item.minus, f"grown:{item.id}", f"grown_rest:{item.id}")
        stands = known != item and any(run.values.get(name) for name in counted)
        if stands:
            problems.add(
                "accrual_changed",
                problems.clause("accruals" if item.id in new.accruals else "hurdles", item.id),
                f"{item.id} compounds daily and money has moved; an amendment neither begins nor changes it.",
            )


def _check_limits(old: Model, new: Model, run: Run, problems: _Problems) -> None:
    for name, limit in old.limits.items():
        used, kept = run.values[f"limit_used:{name}"], new.limits.get(name)
        if not used or kept is None:
            continue
        if kept.amount_minor < used:
            problems.add(
                "limit_below_used",
                problems.clause("limits", name, "amount_minor"),
                f"{used} of limit {name} have been used; it cannot be set below that.",
            )
        if (kept.party, kept.shared) != (limit.party, limit.shared):
            problems.add(
                "limit_changed",
                problems.clause("limits", name),
                f"Limit {name} has been used; an amendment keeps whose it is and how it is shared.",
            )


def _check_policies(old: Model, new: Model, run: Run, problems: _Problems) -> None:
    for name, policy in old.policies.items():
        kept = new.policies.get(name)
        if run.flags[f"premium:{name}"] and kept is not None and kept != policy:
            problems.add(
                "premium_paid_already",
                problems.clause("policies", name),
                f"The premium of {name} has been paid; an amendment keeps the policy as it is.",
            )


def _carry_values(old: Model, new: Model, run: Run, problems: _Problems) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(new.value_names, 0)
    before = {item.id: item for item in old.all_accruals()}
    after = {item.id: item for item in new.all_accruals()}
    splits = {path for path, keys in _splits(old).items() if _splits(new).get(path) == keys}
    for name, value in run.values.items():
        kind, _, which = name.partition(":")
        if kind == "carry":
            if which.rpartition(":")[0] in splits:
                values[name] = value
        elif name in values:
            if kind == "accrued_rest":
                value = value * after[which].denominator // before[which].denominator
            values[name] = value
        elif value:
            section = _SECTIONS.get(kind, "parties")
            problems.add(
                "balance_not_carried",
                problems.clause(section, which.split(":")[0]),
                f"{name} stands at {value}, and the new terms have no place for it.",
            )
    return values


def _splits(model: Model) -> dict[str, set[str]]:
    """Return the legs of each split whose millionths are carried, by the path of the split."""
    found: dict[str, set[str]] = {}
    for name in model.value_names:
        if name.startswith("carry:"):
            path, _, leg = name.removeprefix("carry:").rpartition(":")
            found.setdefault(path, set()).add(leg)
    return found


def _carry_flags(new: Model, run: Run, problems: _Problems) -> dict[str, Any]:
    from risk.sharing.applying import opening_state, standing_events

    flags = dict(opening_state(new, "").flags)
    for name, holds in run.flags.items():
        kind, _, which = name.partition(":")
        if name in flags:
            flags[name] = holds
        elif holds and kind in _SECTIONS and kind != "called":
            problems.add(
                "fact_removed",
                problems.clause(_SECTIONS[kind], which),
                f"{name} is on record, and the new terms no longer know it.",
            )
    if FAILED in flags and FAILED not in run.flags:
        # The first grant of an agreement: what failed before it is told by the results and the log.
        lost = [event for event in standing_events(run.log) if event["kind"] == "loss_event"]
        flags[FAILED] = any(event["body"]["kind"] == "test_failure" for event in lost)
        flags |= {failed_milestone(name): run.results.get(name) == "fail" for name in new.milestones}
    return flags


def _has_fallen_due(claim: Claim, run: Run) -> bool:
    if claim.amount_minor is None:
        return False
    return claim.milestone is None or bool(run.flags.get(f"milestone:{claim.milestone}"))


def _claims_that_fall_due(old: Model, new: Model, run: Run, problems: _Problems) -> list[str]:
    """Return the new claims that fall due as the new terms take effect, as those of the first day once did."""
    names = []
    for name, claim in new.claims.items():
        before = old.claims.get(name)
        if before is not None and _has_fallen_due(before, run):
            if (before.amount_minor, before.milestone) != (claim.amount_minor, claim.milestone):
                problems.add(
                    "claim_due_already",
                    problems.clause("claims", name),
                    f"{name} has fallen due; an amendment keeps its amount and its day.",
                )
        elif _has_fallen_due(claim, run):
            if claim.milestone is not None:
                problems.add(
                    "claim_due_already",
                    problems.clause("claims", name, "due_on"),
                    f"Milestone {claim.milestone} has passed already; write {name} as due when the terms take effect.",
                )
            names.append(name)
    return names


def _check_concessions(new: Model, values: dict[str, Any], problems: _Problems) -> None:
    for giver, cap in new.concession_caps.items():
        allowed = values.get(f"gain:{giver}", 0) * cap.numerator // cap.denominator
        if values.get(f"conceded:{giver}", 0) > allowed + 1:
            problems.add(
                "concession_above_cap",
                "programs",
                f"{giver} has conceded more of its own gains than the new terms allow.",
            )


def _move_memo_accounts(old: Model, new: Model, run: Run) -> None:
    commitments: dict[str, int] = {}
    limits: dict[str, int] = {}
    for model, sign in ((old, -1), (new, 1)):
        for item in model.instruments.values():
            commitments[item.party] = commitments.get(item.party, 0) + sign * item.commitment_minor
        for limit in model.limits.values():
            limits[limit.party] = limits.get(limit.party, 0) + sign * limit.amount_minor
    for (left, used), changes in ((("9010", "9011"), commitments), (("9020", "9021"), limits)):
        for party, change in changes.items():
            if change > 0:
                run.post((left, party), (used, party), change)
            else:
                run.post((used, party), (left, party), -change)
