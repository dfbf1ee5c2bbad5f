"""Events of a conditional grant (fund first, equity later): conversion, audit, return, exemption, what is lost."""

from __future__ import annotations

from typing import Any

from risk.sharing import shares
from risk.sharing.errors import EventError
from risk.sharing.events import bodies
from risk.sharing.events.funding import FAILED, failed_milestone
from risk.sharing.model import Conversion, Instrument
from risk.sharing.run import Run
from risk.sharing.wording.document import object_name

_ROUND = ("pre_money_minor", "shares_before", "new_money_minor", "largest_other_shares")


def refuse_open_grants(run: Run, what: str) -> None:
    """Refuse what would pass over a grant that was neither converted nor returned nor closed."""
    for item in run.model.grants:
        run.refuse(
            run.values[f"grant:{item.id}"] > 0,
            "grant_open",
            f"{item.id} is converted, returned or closed before {what}.",
        )


def refuse_unpaid_grant_calls(run: Run) -> None:
    """Refuse a sale while a call on a grant is unpaid: what is paid after it could neither convert nor fail."""
    for tranche in run.model.tranches.values():
        for item in run.model.grants:
            run.refuse(
                run.values.get(f"called:{tranche.id}:{item.id}", run.arithmetic.zero) > 0,
                "grant_call_unpaid",
                f"The call on {item.id} in {tranche.id} is paid before the company is sold.",
            )


def is_liquidated(run: Run) -> Any:
    """Say where the company is being liquidated: its exit has happened and was no sale."""
    return run.arithmetic.both(run.flags["exited"], run.arithmetic.negate(run.flags["sold"]))


def _is_failed(run: Run) -> Any:
    """Say where a failure is on record: a failed test, or a milestone whose latest result is a failure."""
    failed = run.flags[FAILED]
    for name in run.model.milestones:
        failed = run.arithmetic.either(failed, run.flags[failed_milestone(name)])
    return failed


def _grant(run: Run, body: dict[str, Any]) -> tuple[Instrument, Conversion]:
    grants = {item.id: item for item in run.model.grants}
    item = grants[bodies.known(body["instrument"], "body.instrument", grants, "grant")]
    assert item.conversion is not None
    return item, item.conversion


def conversion(run: Run, body: dict[str, Any]) -> None:
    """Turn an amount of the grant into shares at the next round's price less the discount of the terms."""
    body = bodies.read(body, ("instrument", "amount_minor", *_ROUND), ("shares", "evidence"))
    item, rule = _grant(run, body)
    arithmetic = run.arithmetic
    amount = run.amount(body["amount_minor"], "body.amount_minor")
    run.refuse(
        run.on > rule.convert_by,
        "conversion_too_late",
        f"{item.id} converts until {rule.convert_by} only.",
        "effective_on",
        convert_by=rule.convert_by.isoformat(),
    )
    run.refuse(run.flags["exited"], "already_exited", "The company has been sold or is being liquidated.")
    open_ = run.values[f"grant:{item.id}"]
    run.refuse(amount == 0, "nothing_to_convert", "An amount above zero is converted.", "body.amount_minor")
    run.refuse(
        amount > open_,
        "more_than_unconverted",
        f"More is converted than is paid on {item.id} and neither converted, due back nor closed.",
        "body.amount_minor",
    )
    pre_money, before, new_money, largest = (run.amount(body[key], f"body.{key}") for key in _ROUND)
    run.refuse(pre_money == 0, "round_without_price", "A round has a value before it.", "body.pre_money_minor")
    run.refuse(before == 0, "round_without_price", "There are shares before a round.", "body.shares_before")
    run.refuse(
        shares.too_fine(arithmetic, rule, pre_money, before),
        "amount_too_large",
        "The round's value or number of shares is too large to be computed exactly.",
        "body.pre_money_minor",
    )
    # Where the event does not happen the body reads as zeros, and nothing may be divided by them.
    pre_money = arithmetic.where(pre_money > 0, pre_money, 1)
    new = shares.bought(arithmetic, new_money, pre_money, before, "new shares")
    got = shares.converted(arithmetic, rule, amount, pre_money, before)
    bodies.stated(run, body, "shares", got, "shares_differ", "number of shares")
    run.refuse(got == 0, "nothing_to_convert", "The amount buys no whole share.", "body.amount_minor")
    _hold(run, item, rule, {"before": before, "new": new, "got": got, "largest": largest}, pre_money)
    run.set_flag(f"converted:{item.id}", True)
    run.add(f"grant:{item.id}", -amount)
    # What is left was not audited apart from what has become equity.
    run.values[f"grant_audited:{item.id}"] = arithmetic.zero
    run.add(f"capital:{item.party}", amount)
    run.post(("3015", item.party), ("3010", item.party), amount)
    _explain(run, item, amount, got, before + new + got)


def _hold(run: Run, item: Instrument, rule: Conversion, count: dict[str, Any], pre_money: Any) -> None:
    """Count the shares after the round, within the cap and never as the largest holder."""
    arithmetic = run.arithmetic
    known = [run.values[f"shares:{party}"] for party in run.model.shareholders if party != rule.others]
    converted_before = known[0]
    for held in known[1:]:
        converted_before = converted_before + held
    others = count["before"] + count["new"] - converted_before
    run.refuse(
        arithmetic.either(converted_before > count["before"], count["largest"] > others),
        "shares_do_not_fit",
        "The shares before the round hold those of earlier conversions, and no holder has more than all others.",
        "body.shares_before",
    )
    held = run.values[f"shares:{item.party}"] + count["got"]
    total = arithmetic.check(count["before"] + count["new"] + count["got"], "shares")
    room = None
    if not arithmetic.is_array:
        before = run.values[f"shares:{item.party}"]
        allowed = shares.most_shares(rule, before, count["before"] + count["new"], count["largest"])
        room = shares.largest_amount(rule, allowed, pre_money, count["before"])
    run.refuse(
        shares.above_cap(arithmetic, rule, held, total),
        "above_holding_cap",
        f"{item.party} would hold more than the cap of the terms"
        + (f"; at most {room} minor units convert in this round." if room is not None else "."),
        "body.amount_minor",
        largest_minor=room,
    )
    run.refuse(
        held >= count["largest"],
        "largest_holder",
        f"{item.party} would hold as many shares as the largest other holder or more"
        + (f"; at most {room} minor units convert in this round." if room is not None else "."),
        "body.largest_other_shares",
        largest_minor=room,
    )
    run.add(f"shares:{item.party}", count["got"])
    name = f"shares:{rule.others}"
    run.values[name] = arithmetic.check(others, name)


def _explain(run: Run, item: Instrument, amount: Any, got: Any, total: Any) -> None:
    if run.explanation is None:
        return
    name, held = object_name("grant", item.id, run.model), run.values[f"shares:{item.party}"]
    run.explanation.note(
        f"instruments.{item.id}.conversion",
        {"zh": f"{name['zh']}：转为股权", "en": f"Conversion of {name['en']} into equity"},
        {
            "zh": f"按约定折扣后的价格转为{got:,}股，不足一股的部分不发行；"
            f"转股后持有{held:,}股，总股数{total:,}股，占{held / total:.4%}",
            "en": f"{got:,} shares at the price of the terms, a part of a share is not issued; "
            f"{held:,} of {total:,} shares are then held ({held / total:.4%})",
        },
        amount,
    )


def _fall_due(run: Run, item: Instrument, amount: Any) -> None:
    """Make a part of the grant repayable by the team; an audit of all that was open says nothing of what is left."""
    run.values[f"grant_audited:{item.id}"] = run.arithmetic.zero
    run.add(f"grant:{item.id}", -amount)
    run.add(f"grant_due:{item.id}", amount)
    run.post(("1160", run.model.project), ("1510", None), amount)


def grant_audit(run: Run, body: dict[str, Any]) -> None:
    """Record the audit of what is open: what was spent eligibly stays, the rest is due back to the funder."""
    parts = ("eligible_minor", "ineligible_minor", "unspent_minor")
    body = bodies.read(body, ("instrument", *parts), ("evidence",))
    item, _ = _grant(run, body)
    eligible, ineligible, unspent = (run.amount(body[key], f"body.{key}") for key in parts)
    open_ = run.values[f"grant:{item.id}"]
    run.refuse(open_ == 0, "nothing_open", f"Nothing of {item.id} is open.", "body.instrument")
    due = run.arithmetic.check(ineligible + unspent, "grant_audit")
    run.refuse(
        eligible != open_ - due,
        "audit_does_not_add_up",
        "Eligible, ineligible and unspent money must add up to what is open"
        + ("." if run.arithmetic.is_array else f" ({int(open_)})."),
        "body.eligible_minor",
        open_minor=None if run.arithmetic.is_array else int(open_),
    )
    _fall_due(run, item, due)
    run.values[f"grant_audited:{item.id}"] = eligible
    if run.explanation is not None:
        name = object_name("grant", item.id, run.model)
        run.explanation.note(
            f"instruments.{item.id}.conversion",
            {"zh": f"{name['zh']}：应退还", "en": f"Due back of {name['en']}"},
            {"zh": "经审计不合规支出与结余", "en": "audited ineligible spending and unspent money"},
            due,
        )


def grant_return(run: Run, body: dict[str, Any]) -> None:
    """Make what is open repayable: after the last day of conversion, or earlier because the team gives it back."""
    body = bodies.read(body, ("instrument",), ("amount_minor", "early", "evidence"))
    item, rule = _grant(run, body)
    early = body.get("early", False)
    if not isinstance(early, bool):
        raise EventError("not_a_truth_value", "body.early must be true or false.", "body.early")
    run.refuse(
        run.on <= rule.convert_by and not early,
        "return_too_early",
        f"{item.id} may convert until {rule.convert_by}.",
        "effective_on",
    )
    run.refuse(
        run.arithmetic.either(_is_failed(run), run.flags["exited"]),
        "failure_recorded",
        "A failure is on record: the spending is audited, and what was spent eligibly may be closed with exemption.",
        "body.instrument",
    )
    open_ = run.values[f"grant:{item.id}"]
    run.refuse(open_ == 0, "nothing_open", f"Nothing of {item.id} is open.", "body.instrument")
    amount = run.amount(body["amount_minor"], "body.amount_minor") if "amount_minor" in body else open_
    run.refuse(
        run.arithmetic.either(amount == 0, amount > open_),
        "more_than_unconverted",
        f"What is given back of {item.id} is above zero and at most what is open.",
        "body.amount_minor",
    )
    _fall_due(run, item, amount)


def grant_close(run: Run, body: dict[str, Any]) -> None:
    """Close with exemption after an honest failure: the funder bears the audited eligible spend, nobody owes it."""
    body = bodies.read(body, ("instrument",), ("evidence",))
    item, _ = _grant(run, body)
    run.refuse(
        run.arithmetic.negate(run.arithmetic.either(_is_failed(run), is_liquidated(run))),
        "no_failure",
        "An exemption needs a failed milestone, a failed test or a liquidation before it.",
        "body.instrument",
    )
    open_ = run.values[f"grant:{item.id}"]
    run.refuse(open_ == 0, "nothing_open", f"Nothing of {item.id} is open.", "body.instrument")
    run.refuse(
        run.values[f"grant_audited:{item.id}"] != open_,
        "audit_missing",
        f"All that is open of {item.id} is audited before it is closed.",
        "body.instrument",
    )
    run.add(f"grant:{item.id}", -open_)
    run.add(f"grant_exempted:{item.id}", open_)
    # What is drawn later is audited by itself.
    run.values[f"grant_audited:{item.id}"] = run.arithmetic.zero
    run.post(("5010", None), ("1510", None), open_)
    run.post(("3015", item.party), ("5010", None), open_)


def unpaid(run: Run) -> Any:
    """Return what a liquidation leaves to be repaid of all grants and is not written off yet, minor units."""
    rest = run.arithmetic.zero
    for item in run.model.grants:
        rest = rest + run.values[f"grant_due:{item.id}"] - run.values[f"grant_lost:{item.id}"]
    return run.arithmetic.where(is_liquidated(run), rest, run.arithmetic.zero)


def write_off_grants(run: Run) -> None:
    """Let each funder bear what a liquidation left to be repaid; the claim stays for what may still come in."""
    for item in run.model.grants:
        rest = run.values[f"grant_due:{item.id}"] - run.values[f"grant_lost:{item.id}"]
        rest = run.arithmetic.where(is_liquidated(run), rest, run.arithmetic.zero)
        run.add(f"grant_lost:{item.id}", rest)
        run.post(("5020", None), ("1160", run.model.project), rest)
        run.post(("3015", item.party), ("5020", None), rest)
        if run.explanation is not None and rest:
            name = object_name("grant", item.id, run.model)
            run.explanation.note(
                f"instruments.{item.id}.conversion",
                {"zh": f"核销{name['zh']}未退还部分", "en": f"Write-off of what was not repaid of {name['en']}"},
                {
                    "zh": "清算所得不足以退还，损失由出资方承担；以后收回的款项仍先行退还",
                    "en": "the liquidation did not suffice and the funder bears the loss; what comes in later still "
                    "goes to it first",
                },
                rest,
            )
