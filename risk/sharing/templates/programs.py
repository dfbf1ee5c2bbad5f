"""Pieces that templates share, and the programs of the joint pilot: operating, exit and concession parts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
LOAN, POLICY, POLICY_LIMIT = "loan", "policy", "policy-limit"
COSTS, SERVICES, FEE = "costs-and-wages", "centre-services", "success-fee"
GUARANTEE_FEE, ENTRY_FEE = "guarantee-fee", "entry-fee"
SUBORDINATION, CONCESSION, KEPT = "approval-subordination", "approval-concession", "kept-return"
CREDITORS: Json = {
    "id": "creditors",
    "name": {"zh": "清算费用与职工债权人", "en": "Liquidation costs and employees"},
}


def preference(party: str) -> str:
    """Return the id of a party's preference account."""
    return f"preference-{party}"


def contributions(investors: list[Json]) -> list[Json]:
    """Return an equity instrument for each investor over all its calls."""
    return [
        {
            "id": f"{investor['id']}-equity",
            "kind": "equity",
            "party": investor["id"],
            "commitment_minor": sum(investor["amounts_minor"].values()),
        }
        for investor in investors
    ]


def called(investors: list[Json], call: str) -> dict[str, int]:
    """Return the amounts of one call by instrument, those without one left out."""
    return {
        f"{investor['id']}-equity": investor["amounts_minor"][call]
        for investor in investors
        if investor["amounts_minor"].get(call)
    }


def simple_return(name: str, party: str, rate: str) -> Json:
    """Return the accrual of a simple yearly return on a party's unreturned capital, actual days over 365."""
    return {
        "id": name,
        "party": party,
        "base": f"capital:{party}",
        "rate": {"value": rate, "per": "year"},
        "day_count": "A365F",
        "method": "simple",
    }


def to(party: str, basis: str, rank: int, **more: Any) -> Json:
    """Return a leaf."""
    return {"to": {"party": party, "account": "payable", "legal_basis": basis, "rank": rank, **more}}


def bal(name: str) -> Json:
    """Return a live balance as an amount."""
    return {"bal": name}


def cap(amount: Json, then: Json, zh: str, en: str) -> Json:
    """Return a named capped block."""
    return {"cap": {"name": {"zh": zh, "en": en}, "amount": amount, "then": then}}


def by_balance(*legs: tuple[str, list[str], Json]) -> Json:
    """Return a split by live balances."""
    return {"share": {"legs": [{"id": name, "balance": balances, "then": then} for name, balances, then in legs]}}


def add(*names: str) -> Json:
    """Return the sum of live balances."""
    return {"sum": [bal(name) for name in names]}


def estate(basis: str, rank: int) -> Json:
    """Return the leaf that keeps money in the estate."""
    return {"keep": {"account": "estate", "legal_basis": basis, "rank": rank}}


def guarantors(parameters: Json) -> list[Json]:
    """Return the guarantor that pays first and then those that it claims from."""
    guarantee = parameters.get("guarantee")
    return [guarantee, *guarantee.get("chain", [])] if guarantee else []


def payout_limit(party: str) -> str:
    """Return the id of the limit of what a guarantor pays."""
    return f"payout-{party}"


def operating(parameters: Json) -> Json:
    """Return the program of revenue and of the project's own payments."""
    blocks: list[Json] = []
    bank, centre = parameters.get("bank"), parameters.get("centre")
    if bank:
        blocks.append(
            cap(
                bal(f"interest_due:{LOAN}"),
                to(bank["id"], "loan_interest", 1, settles=f"interest_due:{LOAN}"),
                "贷款利息",
                "Interest on the loan",
            )
        )
        blocks.append(
            cap(
                bal(f"principal_due:{LOAN}"),
                to(bank["id"], "loan_principal", 2, settles=f"principal_due:{LOAN}"),
                "到期贷款本金",
                "Loan principal due",
            )
        )
    guarantee = parameters.get("guarantee") or {}
    if guarantee.get("fee_minor"):
        blocks.append(
            cap(
                bal(f"claim:{GUARANTEE_FEE}"),
                to(guarantee["id"], "service_fee", 3, settles=f"claim:{GUARANTEE_FEE}"),
                "担保费",
                "Guarantee fee",
            )
        )
    if centre and centre.get("success_fee_minor"):
        contract = {"contract": centre["contract"]} if centre.get("contract") else {}
        blocks.append(
            cap(
                bal(f"claim:{FEE}"),
                to(centre["id"], "service_fee", 3, settles=f"claim:{FEE}", **contract),
                "中试平台成功费",
                "Success fee of the pilot centre",
            )
        )
    blocks.append(to(parameters["project"]["id"], "retained_by_project", 9))
    return {"seq": blocks}


def exit_(parameters: Json) -> Json:
    """Return the program of a sale and of a liquidation: debts, capital, preference, split.

    Where the first-loss position of the guidance fund ends with a level, a liquidation asks for the milestone that
    proves it: once it has passed, all capital ranks equally.
    """
    guidance = parameters.get("guidance") or {}
    approval, ends = guidance.get("subordination_approval"), guidance.get("subordination_ends")
    last = _residual(parameters, "liquidation", "liquidation_surplus", subordinated=bool(approval))
    if ends:
        equal = _residual(parameters, "liquidation", "liquidation_surplus", subordinated=False)
        last = {"when": {"if": {"milestone": ends}, "then": equal, "else": last}}
    when: Json = {
        "if": {"exit_kind": "liquidation"},
        "then": last,
        "else": _residual(parameters, "sale", "share_sale", subordinated=False),
    }
    if approval:
        when["approval"] = SUBORDINATION
    return {"when": when}


def royalty(licensor: str, contract: str) -> Json:
    """Return the program of a licence: the entry fee once it is due, then whatever the reports say is due."""
    return {
        "seq": [
            cap(
                bal(f"claim:{ENTRY_FEE}"),
                to(licensor, "licence_fee", 3, settles=f"claim:{ENTRY_FEE}", contract=contract),
                "入门费",
                "Entry fee",
            ),
            to(licensor, "licence_fee", 3, contract=contract),
        ]
    }


def exit_of_a_loan(parameters: Json) -> Json:
    """Return the program of a sale and of a liquidation where nobody but the founders holds equity."""
    rest = {"liquidation": "liquidation_surplus", "sale": "share_sale"}
    branches = {
        context: {"seq": [*_debts(parameters), to(parameters["founders"]["id"], basis, 6)]}
        for context, basis in rest.items()
    }
    return {"when": {"if": {"exit_kind": "liquidation"}, "then": branches["liquidation"], "else": branches["sale"]}}


def _debts(parameters: Json) -> list[Json]:
    blocks = [
        cap(
            bal(f"claim:{COSTS}"),
            to(CREDITORS["id"], "liquidation_costs", 1, settles=f"claim:{COSTS}"),
            "清算费用和职工债权",
            "Liquidation costs and wages",
        )
    ]
    legs: list[tuple[str, list[str], Json]] = []
    bank, centre = parameters.get("bank"), parameters.get("centre")
    if bank:
        legs.append(
            (
                bank["id"],
                [f"interest_due:{LOAN}", f"principal:{LOAN}"],
                {
                    "seq": [
                        cap(
                            bal(f"interest_due:{LOAN}"),
                            to(bank["id"], "loan_interest", 2, settles=f"interest_due:{LOAN}"),
                            "贷款利息",
                            "Interest on the loan",
                        ),
                        to(bank["id"], "loan_principal", 2, settles=f"principal:{LOAN}"),
                    ]
                },
            )
        )
    if centre:
        services = to(centre["id"], "service_fee", 2, settles=f"claim:{SERVICES}")
        names = [f"claim:{SERVICES}"]
        if centre.get("success_fee_minor"):
            names.insert(0, f"claim:{FEE}")
            services = {
                "seq": [
                    cap(
                        bal(f"claim:{FEE}"),
                        to(centre["id"], "service_fee", 2, settles=f"claim:{FEE}"),
                        "中试平台成功费",
                        "Success fee of the pilot centre",
                    ),
                    services,
                ]
            }
        legs.append((centre["id"], names, services))
    if legs:
        blocks.append(
            cap(
                add(*(name for _, names, _ in legs for name in names)),
                by_balance(*legs),
                "普通债权",
                "Ordinary claims",
            )
        )
    return blocks


def _residual(parameters: Json, context: str, basis: str, *, subordinated: bool) -> Json:
    guidance = parameters.get("guidance") or {}
    pot = pot_name(context) if guidance.get("concession") else None
    public: str = guidance.get("party", "")
    everyone = [investor["id"] for investor in parameters["investors"]]
    private = [party for party in everyone if party != public]

    def capital(party: str, rank: int) -> Json:
        if party == public and pot:
            return {"pot": {"pot": pot}}
        return to(party, basis, rank, settles=f"capital:{party}")

    def returned(parties: list[str], rank: int, zh: str, en: str) -> Json:
        names = [f"capital:{party}" for party in parties]
        return cap(
            add(*names),
            by_balance(*((party, [f"capital:{party}"], capital(party, rank)) for party in parties)),
            zh,
            en,
        )

    def gain(party: str, rank: int, settles: str | None) -> Json:
        more = {"settles": settles} if settles else {}
        return {"pot": {"pot": pot, **more}} if party == public and pot else to(party, basis, rank, **more)

    blocks = _debts(parameters)
    if subordinated:
        blocks += [
            returned(private, 3, "社会投资人出资", "Capital of the other investors"),
            returned([public], 4, "引导基金出资（清算时劣后）", "Capital of the guidance fund, last in liquidation"),
        ]
    else:
        blocks.append(returned(everyone, 3, "投资人出资", "Capital of the investors"))
    preferences = [f"preference:{preference(party)}" for party in everyone]
    blocks.append(
        cap(
            add(*preferences),
            by_balance(
                *((party, [name], gain(party, 5, name)) for party, name in zip(everyone, preferences, strict=True))
            ),
            "优先收益",
            "Preferred return",
        )
    )
    blocks.append(_rest(parameters, gain, basis))
    return {"seq": blocks}


def _rest(parameters: Json, gain: Callable[[str, int, str | None], Json], basis: str) -> Json:
    """Return the split of what is left between the investors, by what each put in, and the founders."""
    parts = [
        {"id": investor["id"], "part": sum(investor["amounts_minor"].values()), "then": gain(investor["id"], 6, None)}
        for investor in parameters["investors"]
    ]
    legs = [
        {
            "id": "investors",
            "share": parameters["investors_share"],
            "priority": 1,
            "then": {"share": {"legs": parts}},
        },
        {
            "id": "founders",
            "share": rest_of(parameters["investors_share"]),
            "priority": 2,
            "then": to(parameters["founders"]["id"], basis, 6),
        },
    ]
    return {"share": {"name": {"zh": "剩余分配", "en": "Split of the rest"}, "legs": legs}}


def rest_of(share: str) -> str:
    """Return one less a share, as decimal text of the same length."""
    places = len(share.partition(".")[2])
    units = 10**places - int(Fraction(share) * 10**places)
    return f"{units // 10**places}.{units % 10**places:0{places}d}" if places else str(units)


def pot_name(context: str) -> str:
    """Return the name of the part in which the guidance fund's money of a program is collected."""
    return f"guidance-{context}"
