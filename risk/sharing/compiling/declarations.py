"""Reading the declarations of a terms document: parties, milestones, instruments, tranches, limits, policies."""

from __future__ import annotations

from typing import Any

from risk.sharing import reading
from risk.sharing.compiling.accruals import read_accrual, read_hurdle
from risk.sharing.compiling.grants import check_holders, read_conversion
from risk.sharing.compiling.loans import read_loan
from risk.sharing.errors import TermsError
from risk.sharing.model import (
    CAPACITIES,
    PARTY_KINDS,
    SHARED_COUNTS,
    SHARED_ORDERS,
    Claim,
    Instrument,
    Limit,
    Model,
    Party,
    Policy,
    RevenueShare,
    SharedLimit,
    Tranche,
)
from risk.sharing.tiers import read_bands, single

# Their counters are named by id, so an id stands once among them.
ACCRUING = ("accruals", "hurdles", "instruments")
# What the rates have given of all reports together, before cap and advance.
REVENUE_DUE = "revenue_due"
# Open and repayable; audited as eligible and not closed yet; what the funder bears: exempted, or lost in a liquidation.
GRANT_COUNTERS = ("grant", "grant_due", "grant_audited", "grant_exempted", "grant_lost")


def read_all(model: Model, document: dict[str, Any]) -> None:
    """Fill `model` with every declaration of the document, in the order in which they refer to each other."""
    for section, reader in (
        ("parties", _party),
        ("approvals", _approval),
        ("milestones", _milestone),
        ("flags", _flag),
        ("instruments", _instrument),
        ("tranches", _tranche),
        ("accruals", read_accrual),
        ("hurdles", read_hurdle),
        ("claims", _claim),
        ("limits", _limit),
        ("policies", _policy),
    ):
        seen = getattr(model, section)
        at_least = 1 if section == "parties" else 0
        for index, item in enumerate(reading.sequence(document.get(section, []), section, at_least=at_least)):
            path = f"{section}[{index}]"
            if not isinstance(item, dict) or "id" not in item:
                raise TermsError("missing_key", f"{path} must be an object with an 'id'.", f"{path}.id")
            name = reading.identifier(item["id"], f"{path}.id")
            if name in seen:
                raise TermsError("id_twice", f"{path}.id repeats '{name}'.", f"{path}.id")
            if section in ACCRUING and any(name in getattr(model, other) for other in ACCRUING):
                raise TermsError("id_twice", f"{path}.id repeats '{name}' of an instrument or accrual.", f"{path}.id")
            seen[name] = reader(model, item, path)
        if section == "parties":
            reading.known(model.project, "project", model.parties, "unknown_party", "party")
    _check_tranches(model)
    check_holders(model)


def read_revenue_share(model: Model, data: Any) -> RevenueShare:
    """Return what of a reported base is due."""
    optional = ("cap_minor", "advance")
    data = reading.mapping(data, "revenue_share", ("base",), ("rate", "bands", "mode", *optional))
    base = reading.bilingual(data["base"], "revenue_share.base")
    if ("rate" in data) == ("bands" in data):
        raise TermsError("one_rate", "revenue_share must have exactly one of rate and bands.", "revenue_share")
    if "rate" in data:
        reading.mapping(data, "revenue_share", ("rate", "base"), optional)
        bands = single(reading.share(data["rate"], "revenue_share.rate").as_integer_ratio())
    else:
        reading.mapping(data, "revenue_share", ("bands", "mode", "base"), optional)
        bands = read_bands(data["bands"], data["mode"], "revenue_share")
    cap = reading.minor(data["cap_minor"], "revenue_share.cap_minor") if "cap_minor" in data else None
    if "advance" not in data:
        return RevenueShare(bands, base, cap)
    path = "revenue_share.advance"
    claim = model.claims[reading.known(data["advance"], path, model.claims, "unknown_claim", "claim")]
    if claim.amount_minor is None:
        raise TermsError("advance_not_fixed", f"{path} names a claim whose amount is not fixed in the terms.", path)
    return RevenueShare(bands, base, cap, claim.id, claim.amount_minor)


def value_names(model: Model) -> tuple[str, ...]:
    """Return the names of every counter the state holds."""
    names = ["estate", "receivable", "provisioned", REVENUE_DUE]
    for party in model.parties:
        names += [f"{kind}:{party}" for kind in ("capital", "contributed", "received", "gain", "conceded")]
    for loan in model.loans:
        names += [f"{kind}:{loan.id}" for kind in ("principal", "repaid", "interest_due")]
        names += [f"subrogated:{loan.id}:{party}" for party in model.parties if party != loan.party]
    for grant in model.grants:
        names += [f"{kind}:{grant.id}" for kind in GRANT_COUNTERS]
    names += [f"shares:{party}" for party in model.shareholders]
    for accrual in model.all_accruals():
        names += [f"accrued:{accrual.id}", f"accrued_rest:{accrual.id}"]
        names += [f"capitalised:{accrual.id}"] if accrual.periods else []
    for account in model.growing():
        names += [f"{kind}:{account.id}" for kind in ("grown", "grown_rest", "grown_on", "grown_seen")]
    names += [f"claim:{claim}" for claim in model.claims]
    names += [f"limit_used:{limit}" for limit in model.limits]
    names += [
        f"called:{tranche.id}:{instrument}" for tranche in model.tranches.values() for instrument in tranche.amounts
    ]
    return tuple(names)


def _party(model: Model, data: Any, path: str) -> Party:
    data = reading.mapping(data, path, ("id", "kind", "name"), ("capacity", "priority"))
    priority = reading.minor(data.get("priority", 0), f"{path}.priority")
    return Party(
        data["id"],
        reading.choice(data["kind"], f"{path}.kind", PARTY_KINDS),
        reading.bilingual(data["name"], f"{path}.name"),
        reading.choice(data.get("capacity", "principal"), f"{path}.capacity", CAPACITIES),
        priority,
    )


def _approval(model: Model, data: Any, path: str) -> dict[str, Any]:
    data = reading.mapping(data, path, ("id", "body", "number", "on"))
    reading.bilingual(data["body"], f"{path}.body")
    reading.text(data["number"], f"{path}.number")
    reading.date(data["on"], f"{path}.on")
    return dict(data)


def _milestone(model: Model, data: Any, path: str) -> dict[str, str]:
    data = reading.mapping(data, path, ("id", "name"))
    return reading.bilingual(data["name"], f"{path}.name")


_flag = _milestone


def _instrument(model: Model, data: Any, path: str) -> Instrument:
    loan_keys = ("rate", "day_count", "settled")
    kind = reading.choice(data.get("kind"), f"{path}.kind", ("equity", "loan", "conditional_grant"))
    common = ("id", "kind", "party", "commitment_minor")
    if kind == "equity":
        data = reading.mapping(data, path, common)
    elif kind == "conditional_grant":
        data = reading.mapping(data, path, (*common, "conversion"))
    else:
        data = reading.mapping(data, path, (*common, *loan_keys), ("repayments", "schedule", "steps", "carry"))
    party = reading.known(data["party"], f"{path}.party", model.parties, "unknown_party", "party")
    commitment = reading.minor(data["commitment_minor"], f"{path}.commitment_minor")
    if kind == "equity":
        return Instrument(data["id"], kind, party, commitment)
    if kind == "conditional_grant":
        conversion = read_conversion(model, data["conversion"], f"{path}.conversion")
        return Instrument(data["id"], kind, party, commitment, conversion=conversion)
    return read_loan(model, data, path, party, commitment)


def _tranche(model: Model, data: Any, path: str) -> Tranche:
    data = reading.mapping(data, path, ("id", "on", "amounts"), ("conditions",))
    if not isinstance(data["amounts"], dict) or not data["amounts"]:
        raise TermsError("not_an_object", f"{path}.amounts must be an object that is not empty.", f"{path}.amounts")
    amounts = {}
    for name, amount in data["amounts"].items():
        reading.known(name, f"{path}.amounts.{name}", model.instruments, "unknown_instrument", "instrument")
        amounts[name] = reading.minor(amount, f"{path}.amounts.{name}")
    conditions = []
    for index, item in enumerate(reading.sequence(data.get("conditions", []), f"{path}.conditions")):
        where = f"{path}.conditions[{index}]"
        conditions.append("milestone:" + reading.known(item, where, model.milestones, "unknown_milestone", "milestone"))
    return Tranche(data["id"], reading.date(data["on"], f"{path}.on"), tuple(conditions), amounts)


def _check_tranches(model: Model) -> None:
    for name, instrument in model.instruments.items():
        drawn = sum(tranche.amounts.get(name, 0) for tranche in model.tranches.values())
        if drawn != instrument.commitment_minor:
            raise TermsError(
                "tranches_do_not_add_up",
                f"The tranches of '{name}' add up to {drawn}, its commitment is {instrument.commitment_minor}.",
                "tranches",
            )


def _claim(model: Model, data: Any, path: str) -> Claim:
    data = reading.mapping(data, path, ("id", "party", "name"), ("amount_minor", "due_on"))
    party = reading.known(data["party"], f"{path}.party", model.parties, "unknown_party", "party")
    amount, milestone = data.get("amount_minor"), None
    if (amount is None) != ("due_on" not in data):
        raise TermsError("claim_incomplete", f"{path} must state both amount_minor and due_on, or neither.", path)
    if amount is not None:
        reading.minor(amount, f"{path}.amount_minor")
        due = reading.mapping(data["due_on"], f"{path}.due_on", (), ("milestone", "activation"))
        if (due.get("activation") is True) == ("milestone" in due) or due.get("activation", True) is not True:
            raise TermsError(
                "claim_incomplete", f"{path}.due_on must be a milestone or 'activation': true.", f"{path}.due_on"
            )
        if "milestone" in due:
            milestone = reading.known(
                due["milestone"], f"{path}.due_on.milestone", model.milestones, "unknown_milestone", "milestone"
            )
    return Claim(data["id"], party, reading.bilingual(data["name"], f"{path}.name"), amount, milestone)


def _limit(model: Model, data: Any, path: str) -> Limit:
    data = reading.mapping(data, path, ("id", "party", "amount_minor", "name"), ("shared",))
    party = reading.known(data["party"], f"{path}.party", model.parties, "unknown_party", "party")
    return Limit(
        data["id"],
        party,
        reading.minor(data["amount_minor"], f"{path}.amount_minor"),
        reading.bilingual(data["name"], f"{path}.name"),
        _shared(data["shared"], f"{path}.shared") if "shared" in data else None,
    )


def _shared(data: Any, path: str) -> SharedLimit:
    data = reading.mapping(data, path, ("register", "counts", "order"))
    return SharedLimit(
        reading.identifier(data["register"], f"{path}.register"),
        reading.choice(data["counts"], f"{path}.counts", SHARED_COUNTS),
        reading.choice(data["order"], f"{path}.order", SHARED_ORDERS),
    )


def _policy(model: Model, data: Any, path: str) -> Policy:
    data = reading.mapping(data, path, ("id", "party", "insured", "premium_minor", "paid_by"))
    party = reading.known(data["party"], f"{path}.party", model.parties, "unknown_party", "party")
    insured = reading.known(data["insured"], f"{path}.insured", model.parties, "unknown_party", "party")
    premium = reading.minor(data["premium_minor"], f"{path}.premium_minor")
    if not isinstance(data["paid_by"], dict):
        raise TermsError("not_an_object", f"{path}.paid_by must be an object.", f"{path}.paid_by")
    paid_by = {}
    for name, amount in data["paid_by"].items():
        reading.known(name, f"{path}.paid_by.{name}", model.parties, "unknown_party", "party")
        paid_by[name] = reading.minor(amount, f"{path}.paid_by.{name}")
    if sum(paid_by.values()) != premium:
        raise TermsError(
            "shares_do_not_add_up",
            f"What is paid under {path}.paid_by is not the premium.",
            f"{path}.paid_by",
        )
    return Policy(data["id"], party, insured, premium, paid_by)
