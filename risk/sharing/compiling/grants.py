"""Conditional grants in the terms (fund first, equity later): reading the price rule, and who may not decide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from risk.sharing import reading
from risk.sharing.blocks import To
from risk.sharing.errors import TermsError
from risk.sharing.model import Conversion, Model

# With a finer discount or cap, shares and prices multiplied by it could leave 64 bits.
FINEST = 10**6
_KEYS = ("discount", "holding_cap", "convert_by", "certified_by", "others", "price_rule", "exemption")


def read_conversion(model: Model, data: Any, path: str) -> Conversion:
    """Return how a grant becomes equity, or raise :class:`TermsError` with the clause."""
    data = reading.mapping(data, path, _KEYS)
    discount, cap = (reading.share(data[key], f"{path}.{key}") for key in ("discount", "holding_cap"))
    for key, value in (("discount", discount), ("holding_cap", cap)):
        if value.denominator > FINEST:
            raise TermsError("rate_too_fine", f"{path}.{key} has more than six decimals.", f"{path}.{key}")
    if discount == 1:
        raise TermsError("share_above_one", f"{path}.discount must leave a price above zero.", f"{path}.discount")
    if not 0 < cap < 1:
        raise TermsError(
            "holding_cap_out_of_range", f"{path}.holding_cap must lie between 0 and 1.", f"{path}.holding_cap"
        )
    certifier, others = (
        reading.known(data[key], f"{path}.{key}", model.parties, "unknown_party", "party")
        for key in ("certified_by", "others")
    )
    return Conversion(
        (1 - discount).as_integer_ratio(),
        cap.as_integer_ratio(),
        reading.date(data["convert_by"], f"{path}.convert_by"),
        certifier,
        others,
        reading.bilingual(data["price_rule"], f"{path}.price_rule"),
        reading.bilingual(data["exemption"], f"{path}.exemption"),
    )


def check_holders(model: Model) -> None:
    """Check that no lender holds a grant, one party stands for the other shareholders, and who certifies is apart.

    Raises
    ------
    TermsError
        ``bank_holds_no_equity``, ``other_shareholders_differ``, ``certifier_gains`` or ``certifier_no_auditor``.
    """
    holders = {item.party for item in model.instruments.values()}
    others = {item.conversion.others for item in model.grants if item.conversion}
    for item in model.grants:
        rule, path = item.conversion, f"instruments.{item.id}"
        assert rule is not None
        if model.parties[item.party].kind in ("bank", "insurer"):
            raise TermsError("bank_holds_no_equity", f"{path}: a bank or an insurer holds no equity here.", path)
        if rule.others in holders or len(others) > 1:
            raise TermsError(
                "other_shareholders_differ",
                f"{path}: one party that puts in no money stands for all other shareholders.",
                f"{path}.conversion.others",
            )
        if rule.certified_by in holders | others | {model.project}:
            raise _gains(path, rule.certified_by)
        if model.parties[rule.certified_by].kind != "auditor":
            raise TermsError(
                "certifier_no_auditor",
                f"{path}: {rule.certified_by} is no auditor; only a party of that kind certifies.",
                f"{path}.conversion.certified_by",
            )


def check_payees(model: Model, leaves: Iterable[To]) -> None:
    """Refuse a certifier that is paid under the terms; :class:`TermsError` ``certifier_gains``."""
    payees = {leaf.party for leaf in leaves}
    for item in model.grants:
        if item.conversion and item.conversion.certified_by in payees:
            raise _gains(f"instruments.{item.id}", item.conversion.certified_by)


def check_repayment(model: Model, program: str, leaves: Iterable[To]) -> None:
    """Refuse a program that never repays what falls due of a grant; :class:`TermsError` ``grant_without_repayment``."""
    repaid = {leaf.settles.name for leaf in leaves if leaf.settles is not None}
    for item in model.grants:
        if item.commitment_minor and f"grant_due:{item.id}" not in repaid:
            raise TermsError(
                "grant_without_repayment",
                f"programs.{program} must pay what is to be repaid of {item.id} (settles 'grant_due:{item.id}').",
                f"programs.{program}",
            )


def _gains(path: str, party: str) -> TermsError:
    return TermsError(
        "certifier_gains",
        f"{path}: {party} decides on price, audit and exemption, so it may neither be paid under these terms nor put "
        "in money.",
        f"{path}.conversion.certified_by",
    )
