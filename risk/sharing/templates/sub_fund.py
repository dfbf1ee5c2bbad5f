"""Template of a sub-fund: a whole-fund waterfall with hurdle, catch-up, carry and a conditional concession."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from risk.sharing.errors import TermsError
from risk.sharing.model import GUIDANCE_KINDS
from risk.sharing.templates import programs
from risk.sharing.templates.concessions import concession_block
from risk.sharing.templates.joint_pilot import check_keys, finish, heading

Json = dict[str, Any]
BASIS = "partnership_distribution"
_REQUIRED = ("title", "currency", "fund", "partners", "calls", "hurdle_rate", "carry")
_OPTIONAL = ("guidance", "invented")
_CREDITORS: Json = {
    "id": "creditors",
    "name": {"zh": "清算费用与合伙企业债权人", "en": "Liquidation costs and creditors of the partnership"},
}


def sub_fund(parameters: Json) -> Json:
    """Return terms of a limited partnership that distributes for the whole fund, not deal by deal.

    Every distribution first returns all paid-in capital by unreturned balance, then pays the hurdle (simple, actual
    days over 365, from payment to return), then lets the carry recipient catch up to its share of all profit, and
    splits the rest between the partners, by commitment, and the carry. The carry is a party of its own, apart from
    what the general partner earns on its own capital, so that its share of profit is exact.

    Parameters
    ----------
    parameters : dict
        ``title``, ``currency``, ``fund`` (``id``, ``name``: the vehicle that calls and distributes), ``partners`` (at
        least 2: ``id``, ``kind``, ``name``, ``amounts_minor`` by call in minor units; the general partner's own
        commitment has kind ``general_partner``), ``calls`` (``id``, ``on``: dated, without conditions),
        ``hurdle_rate`` (decimal text per year), ``carry`` (``party`` with ``id`` and ``name``, ``share`` c of profit,
        ``speed`` s of the catch-up, c < s <= 1). Optional:

        ``guidance``: ``party`` (a partner of kind guidance_fund), ``concession`` (``share`` of its gain above the
        hurdle, ``cap_share_of_gain``, ``beneficiaries`` by part, ``conditions`` (``id``, ``name``), ``approval``).

    Returns
    -------
    dict
        A valid terms document.

    Raises
    ------
    TermsError
        ``bad_parameters`` or any code of :func:`risk.sharing.validate_terms`.

    Notes
    -----
    Source of the tiers: design "Agreements", European waterfall; of the catch-up: block 8,
    :class:`risk.sharing.amounts.ShareGap`. A clawback of carry after a later loss (block 13) is not part of it.
    """
    _check(parameters)
    concession = (parameters.get("guidance") or {}).get("concession")
    partners = parameters["partners"]
    terms: Json = {
        **heading(parameters, parameters["fund"], _people(parameters)),
        "approvals": [{"id": programs.CONCESSION, **concession["approval"]}] if concession else [],
        "milestones": [],
        "flags": concession["conditions"] if concession else [],
        "instruments": programs.contributions(partners),
        "tranches": [
            {"id": call["id"], "on": call["on"], "conditions": [], "amounts": programs.called(partners, call["id"])}
            for call in parameters["calls"]
        ],
        "accruals": [
            programs.simple_return(programs.preference(partner["id"]), partner["id"], parameters["hurdle_rate"])
            for partner in partners
        ],
        "claims": [
            {
                "id": programs.COSTS,
                "party": _CREDITORS["id"],
                "name": {"zh": "清算费用和合伙企业债务", "en": "liquidation costs and debts of the partnership"},
            }
        ],
        "programs": {"exit": _waterfall(parameters)},
    }
    return finish(terms, parameters)


def _check(parameters: Json) -> None:
    check_keys(parameters, _REQUIRED, _OPTIONAL)
    kinds = {partner["id"]: partner["kind"] for partner in parameters["partners"]}
    if len(kinds) < 2:
        raise TermsError("bad_parameters", "There must be at least 2 partners.", "partners")
    if parameters["carry"]["party"]["id"] in kinds:
        raise TermsError(
            "bad_parameters",
            "The carry is counted apart: its recipient is a party of its own, not one of the partners.",
            "carry.party",
        )
    guidance = parameters.get("guidance")
    if guidance and kinds.get(guidance.get("party")) not in GUIDANCE_KINDS:
        raise TermsError("bad_parameters", "guidance.party must be a partner of kind guidance_fund.", "guidance.party")


def _people(parameters: Json) -> list[tuple[Json, str]]:
    rows = [(partner, partner["kind"]) for partner in parameters["partners"]]
    return [*rows, (parameters["carry"]["party"], "other"), (parameters["fund"], "fund"), (_CREDITORS, "creditors")]


def _waterfall(parameters: Json) -> Json:
    """Return debts, capital, hurdle, catch-up and split, in this order."""
    partners = [partner["id"] for partner in parameters["partners"]]
    carry = parameters["carry"]
    capital = [f"capital:{party}" for party in partners]
    hurdle = [f"preference:{programs.preference(party)}" for party in partners]
    team = carry["party"]["id"]
    gap = {"party": team, "share_of_profit": carry["share"], "speed": carry["speed"], "among": [*partners, team]}
    return {
        "seq": [
            programs.cap(
                programs.bal(f"claim:{programs.COSTS}"),
                programs.to(_CREDITORS["id"], "liquidation_costs", 1, settles=f"claim:{programs.COSTS}"),
                "清算费用和合伙企业债务",
                "Liquidation costs and debts of the partnership",
            ),
            _owed(partners, capital, 3, "返还实缴出资", "Return of paid-in capital"),
            _owed(partners, hurdle, 5, "门槛收益", "Hurdle return"),
            programs.cap({"gap": gap}, _split(parameters, carry["speed"], 6), "追补", "Catch-up"),
            _split(parameters, carry["share"], 7, name={"zh": "超额收益分成", "en": "Split of the excess profit"}),
        ]
    }


def _owed(partners: list[str], balances: list[str], rank: int, zh: str, en: str) -> Json:
    """Return a tier that pays what each partner is owed, pro rata to it."""
    legs = [
        (party, [balance], programs.to(party, BASIS, rank, settles=balance))
        for party, balance in zip(partners, balances, strict=True)
    ]
    return programs.cap(programs.add(*balances), programs.by_balance(*legs), zh, en)


def _split(parameters: Json, share: str, rank: int, **more: Json) -> Json:
    """Return a split between the carry, which gets `share`, and the partners by commitment."""
    guidance = parameters.get("guidance") or {}
    carry = programs.to(parameters["carry"]["party"]["id"], BASIS, rank)
    rest = programs.rest_of(share)
    if Fraction(rest) == 0:
        return carry

    def gain(party: str) -> Json:
        if party == guidance.get("party") and guidance.get("concession"):
            return concession_block(party, guidance["concession"], BASIS)
        return programs.to(party, BASIS, rank)

    parts = [
        {"id": partner["id"], "part": sum(partner["amounts_minor"].values()), "then": gain(partner["id"])}
        for partner in parameters["partners"]
    ]
    legs = [
        {"id": "partners", "share": rest, "priority": 1, "then": {"share": {"legs": parts}}},
        {"id": "carry", "share": share, "priority": 2, "then": carry},
    ]
    return {"share": {**more, "legs": legs}}
