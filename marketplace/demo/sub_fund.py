"""The sub-fund of the demonstration: its partnership agreement signed by all, the first call paid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marketplace.demo.arrangement_records import SubFund
from marketplace.demo.deal import Deal
from marketplace.demo.deal_terms import INVENTED
from marketplace.demo.financing import noon
from marketplace.demo.market import Market
from marketplace.demo.records import Content

TEAM, CARRY = "fund", "carry"
FLAG = "two-projects-up"


def play_sub_funds(market: Market) -> None:
    """Every sub-fund of the content, through the services that people use."""
    for record in market.content.arrangements.sub_fund:
        deal = play_sub_fund(market, record)
        market.say(f"sub-fund {record.fund}: in force, {deal.payments} payments")


def play_sub_fund(market: Market, record: SubFund) -> Deal:
    """Drafted by the fund, simulated for every partner, signed by all, its first call paid."""
    parameters = make_parameters(record, market.content)
    seats = {TEAM: record.fund, **{partner.organisation: partner.organisation for partner in record.partners}}
    deal = market.deal(seats, team=TEAM)
    drafted = record.signed_on - timedelta(days=14)
    titles = parameters["title"]
    deal.draft(
        project=None, template="sub_fund", parameters=parameters, title_zh=titles["zh"], title_en=titles["en"],
        now=noon(drafted),
    )  # fmt: skip
    deal.simulate(now=noon(drafted + timedelta(days=1)))
    deal.sign_all(now=noon(record.signed_on))
    first = record.call_dates[0]
    call = {"id": f"{record.fund}-C1", "kind": "drawdown_call", "effective_on": first.isoformat(),
            "body": {"tranche": "C1"}}  # fmt: skip
    deal.play([call])
    return deal


def make_parameters(record: SubFund, content: Content) -> dict[str, Any]:
    """The parameters of the template: the first call is what is paid, the rest is called in equal parts."""
    organisations = {item.code: item for item in content.organisations}
    names = {code: {"zh": item.name_zh, "en": item.name_en} for code, item in organisations.items()}
    partners = []
    for partner in record.partners:
        kind = "general_partner" if partner.organisation == record.manager else organisations[partner.organisation].kind
        amounts = _amounts(partner.committed_minor, partner.paid_minor, len(record.call_dates))
        partners.append(
            {"id": partner.organisation, "kind": kind, "name": names[partner.organisation], "amounts_minor": amounts}
        )
    committed = {partner.organisation: partner.committed_minor for partner in record.partners}
    public = next(partner.organisation for partner in record.partners if partner.public)
    name = names[record.fund]
    return {
        "title": {"zh": f"{name['zh']}合伙协议", "en": f"Partnership agreement of the {name['en']}"},
        "invented": INVENTED,
        "currency": "CNY",
        "fund": {"id": TEAM, "name": name},
        "partners": partners,
        "calls": [{"id": f"C{place}", "on": day.isoformat()} for place, day in enumerate(record.call_dates, start=1)],
        "hurdle_rate": record.hurdle,
        "carry": {
            "party": {"id": CARRY, "name": {"zh": record.carry_to_zh, "en": record.carry_to_en}},
            "share": record.carry,
            "speed": record.catch_up_speed,
        },
        "guidance": {
            "party": public,
            "concession": {
                "share": record.concession_share,
                "cap_share_of_gain": record.concession_cap_of_gain,
                "beneficiaries": {code: committed[code] for code in record.concession_to},
                "conditions": [
                    {
                        "id": FLAG,
                        "name": {"zh": record.concession_condition_zh, "en": record.concession_condition_en},
                    }
                ],
                "approval": {
                    "body": {"zh": record.concession_body_zh, "en": record.concession_body_en},
                    "number": record.concession_approval,
                    "on": record.concession_approved_on.isoformat(),
                },
            },
        },
    }


def _amounts(committed_minor: int, paid_minor: int, calls: int) -> dict[str, int]:
    part = (committed_minor - paid_minor) // (calls - 1)
    amounts = [paid_minor, *[part] * (calls - 2)]
    amounts.append(committed_minor - sum(amounts))
    return {f"C{place}": amount for place, amount in enumerate(amounts, start=1)}
