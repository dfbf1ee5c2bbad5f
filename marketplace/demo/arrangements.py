"""Agreements without a round: a loan with a chain of guarantors, a licence, fiscal money that becomes equity."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from marketplace.demo.arrangement_records import Conversion, GuaranteedLoan, Licence
from marketplace.demo.deal import Deal
from marketplace.demo.deal_terms import INVENTED
from marketplace.demo.financing import noon
from marketplace.demo.market import Market
from marketplace.demo.records import Project
from marketplace.money import round_fraction


def play_arrangements(market: Market) -> None:
    """Every guaranteed loan, licence and grant of the content, signed by all and as far as its days have come."""
    for loan in market.content.arrangements.guaranteed_loan:
        lend_under_guarantee(market, loan)
        market.say(f"guaranteed loan of {loan.project}")
    for licence in market.content.arrangements.licence:
        grant_licence(market, licence)
        market.say(f"licence of {licence.project}")
    for conversion in market.content.arrangements.conversion:
        fund_first(market, conversion)
        market.say(f"fund first, equity later of {conversion.project}")


def lend_under_guarantee(market: Market, record: GuaranteedLoan) -> Deal:
    """Signed by the bank and the whole chain; the guarantee fee of the first year is paid, the loan is drawn later."""
    project = market.content.get_project(record.project)
    lender, first, *chain = record.layers
    assert (lender.organisation, first.organisation) == (record.bank, record.first_payer)
    ids = {record.bank: "bank", first.organisation: "guarantor"}
    ids |= {link.organisation: f"guarantor-{place}" for place, link in enumerate(chain, start=2)}
    cap = round_fraction(Fraction(record.payout_rate_cap) * record.payout_base_minor)
    parameters = {
        **common_parameters(market, project, "担保贷款（国担体系分担）", "Loan guaranteed by the national chain"),
        "founders": {"id": "founders", "name": {"zh": "创始团队", "en": "Founders"}},
        "calls": [{"id": "T1", "on": record.drawn_on.isoformat(), "conditions": []}],
        "bank": {
            "id": "bank", "name": organisation_name(market, record.bank), "rate": record.rate,
            "amounts_minor": {"T1": record.principal_minor},
            "repayments": [{"on": record.matures_on.isoformat(), "amount_minor": record.principal_minor}],
        },
        "guarantee": {
            "id": "guarantor", "name": organisation_name(market, first.organisation),
            "share": _decimal(1 - Fraction(lender.share)),
            "fee_minor": round_fraction(Fraction(record.fee_rate) * record.principal_minor),
            "chain": [
                {"id": ids[link.organisation], "name": organisation_name(market, link.organisation),
                 "share": link.share, "limit_minor": cap}
                for link in chain
            ],
        },
    }  # fmt: skip
    seats = {"project": project.team, **{party: organisation for organisation, party in ids.items()}}
    deal = sign_terms(market, project, parameters, seats, template="guaranteed_loan", on=record.signed_on)
    fee = {"source": "project", "collect": ["claim:guarantee-fee"]}
    deal.play([dated_event("guarantee-fee", "distribution", record.signed_on + timedelta(days=4), fee)])
    return deal


def grant_licence(market: Market, record: Licence) -> Deal:
    """Signed, the entry fee paid, each quarter reported and paid; a restatement is netted against the next quarter."""
    project = market.content.get_project(record.project)
    parameters = {
        **common_parameters(market, project, "专利实施许可", "Patent licence"),
        "licensor": {"id": "university", "name": organisation_name(market, record.licensor)},
        "entry_fee_minor": record.entry_fee_minor,
        "royalty_rate": record.royalty_rate,
        "base": {"zh": record.base_zh, "en": record.base_en},
        "contract": f"DEMO-LIC-{record.project}",
    }
    seats = {"project": record.licensee, "university": record.licensor}
    deal = sign_terms(market, project, parameters, seats, template="licence", on=record.signed_on)
    fee = {"source": "project", "collect": ["claim:entry-fee"]}
    rows = [dated_event("entry-fee", "distribution", record.signed_on + timedelta(days=4), fee)]
    for report in record.reports:
        name = f"{report.period}-v{report.version}"
        body: dict[str, Any] = {
            "period": _quarter(report.period), "base_minor": report.base_minor, "due_minor": report.royalty_minor,
        }  # fmt: skip
        if report.version > 1:
            body["restates"] = True
        rows.append(dated_event(name, "revenue_report", report.filed_on, body))
        if report.version == 1:
            paid = {"source": "revenue", "amount_minor": report.royalty_minor}
            rows.append(dated_event(f"{name}-paid", "distribution", report.filed_on + timedelta(days=1), paid))
    deal.play(rows)
    return deal


def fund_first(market: Market, record: Conversion) -> Deal:
    """Signed by the team, the funder and the auditor who certifies; the first part of the grant is drawn."""
    project = market.content.get_project(record.project)
    parameters = {
        **common_parameters(market, project, "先投后股协议", "Fund first, equity later"),
        "funder": {"id": "guidance", "name": organisation_name(market, record.funder),
                   "amounts_minor": {f"T{place}": call.amount_minor for place, call in enumerate(record.calls, 1)}},
        "shareholders": {"id": "shareholders", "name": {"zh": "其他股东", "en": "Other shareholders"}},
        "auditor": {"id": "auditor", "name": organisation_name(market, record.auditor)},
        "calls": [{"id": f"T{place}", "on": call.on.isoformat(), "conditions": [call.after] if call.after else []}
                  for place, call in enumerate(record.calls, 1)],
        "discount": record.discount,
        "holding_cap": record.holding_cap,
        "convert_by": record.convert_by.isoformat(),
        "price_rule": {"zh": record.price_rule_zh, "en": record.price_rule_en},
        "exemption": {"zh": record.exemption_zh, "en": record.exemption_en},
    }  # fmt: skip
    seats = {"project": project.team, "guidance": record.funder, "auditor": record.auditor}
    deal = sign_terms(market, project, parameters, seats, template="fund_first", on=record.signed_on)
    deal.play([dated_event("first-call", "drawdown_call", record.calls[0].on, {"tranche": "T1"})])
    return deal


def sign_terms(
    market: Market, project: Project, parameters: dict[str, Any], seats: dict[str, str], *, template: str, on: date
) -> Deal:
    """Drafted and shared six days before, simulated three days before, signed by all on the day."""
    deal = market.deal(seats)
    title = parameters["title"]
    deal.draft(
        project=market.project(project.code), parameters=parameters, title_zh=title["zh"], title_en=title["en"],
        now=noon(on - timedelta(days=6)), template=template,
    )  # fmt: skip
    deal.simulate(now=noon(on - timedelta(days=3)))
    deal.meet_conditions(on=on - timedelta(days=1))
    deal.sign_all(now=noon(on))
    return deal


def common_parameters(market: Market, project: Project, zh: str, en: str) -> dict[str, Any]:
    """What every template asks of an agreement of a project."""
    return {
        "title": {"zh": f"{project.title_zh}：{zh}", "en": f"{project.title_en}: {en}"},
        "invented": INVENTED,
        "currency": "CNY",
        "project": {"id": "project", "name": organisation_name(market, project.team)},
        "milestones": [
            {"id": item.code, "name": {"zh": item.name_zh, "en": item.name_en}} for item in project.milestones
        ],
    }


def organisation_name(market: Market, code: str) -> dict[str, str]:
    """A party's name in both languages."""
    organisation = market.cast.organisations[code]
    return {"zh": organisation.name_zh, "en": organisation.name_en}


def _decimal(share: Fraction) -> str:
    return f"0.{round_fraction(share * 10_000):04d}"


def _quarter(period: str) -> dict[str, str]:
    """The first and last day of a quarter written as 2026Q3."""
    year, number = int(period[:4]), int(period[-1])
    last = date(year, number * 3, calendar.monthrange(year, number * 3)[1])
    return {"from": date(year, number * 3 - 2, 1).isoformat(), "to": last.isoformat()}


def dated_event(name: str, kind: str, on: date, body: dict[str, Any]) -> dict[str, Any]:
    """An event of the engine with an id made of its day and name."""
    return {"id": f"{on.isoformat()}-{name}", "kind": kind, "effective_on": on.isoformat(), "body": body}
