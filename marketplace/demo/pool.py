"""A compensation pool of the demonstration market: its register, and two banks whose loans it compensates in turn."""

from __future__ import annotations

from datetime import date
from typing import Any

from marketplace.agreements.services.compensations import file_claim
from marketplace.demo.arrangement_records import Pool, PooledLoan
from marketplace.demo.arrangements import common_parameters, dated_event, organisation_name, sign_terms
from marketplace.demo.deal import Deal
from marketplace.demo.deal_terms import quarter_days
from marketplace.demo.financing import noon
from marketplace.demo.market import Market
from marketplace.pools import services
from marketplace.pools.queries import find_pool_by_code


def play_pools(market: Market) -> None:
    """Every pool of the content; its loans go through default, filing and compensation side by side, day by day."""
    for record in market.content.arrangements.pool:
        open_register(market, record)
        deals = {loan.project: lend(market, record, loan) for loan in record.loans}
        for loan in sorted(record.loans, key=lambda loan: loan.filed_on):
            _file(deals[loan.project], on=loan.filed_on)
        for loan in sorted(record.loans, key=lambda loan: loan.compensated_on):
            deals[loan.project].play([_event(loan, "pool_compensation", loan.compensated_on, {})])
        for loan in record.loans:
            if loan.later is not None:
                body = {"channel": "later", "proceeds_minor": loan.later.proceeds_minor,
                        "costs_minor": loan.later.costs_minor}  # fmt: skip
                deals[loan.project].play([_event(loan, "recovery", loan.later.received_on, body)])
        market.say(f"compensation pool {record.code} with {len(deals)} loans")


def open_register(market: Market, record: Pool) -> None:
    """The office opens it, names the banks and records what its funder paid in."""
    actor, now = market.cast.actor(record.operator), noon(record.opened_on)
    with market.database.transaction() as session:
        pool = services.open_pool(
            session, actor=actor, code=record.code, name_zh=record.name_zh, name_en=record.name_en, currency="CNY",
            year_limit_minor=record.year_limit_minor, filing_days=record.filing_days, now=now,
        )  # fmt: skip
        services.contribute(
            session, actor=actor, pool=pool, amount_minor=record.balance_minor, document=record.document,
            on=record.opened_on, now=now,
        )  # fmt: skip
    for member in record.members:
        with market.database.transaction() as session:
            found = find_pool_by_code(session, code=record.code)
            assert found is not None, "the register was opened a moment ago"
            services.add_bank(
                session, actor=actor, pool=found, bank=market.cast.organisations[member.bank],
                year_limit_minor=member.year_limit_minor, used_minor=member.used_minor, now=now,
            )  # fmt: skip


def lend(market: Market, pool: Pool, loan: PooledLoan) -> Deal:
    """Signed by all, drawn, interest paid each quarter, then in default; the collateral is sold."""
    project = market.content.get_project(loan.project)
    bank_limit = next(member.year_limit_minor for member in pool.members if member.bank == loan.bank)
    parameters = {
        **common_parameters(market, project, loan.title_zh, loan.title_en),
        "founders": {"id": "founders", "name": {"zh": "创始团队", "en": "Founders"}},
        "calls": [{"id": "T1", "on": loan.drawn_on.isoformat(), "conditions": []}],
        "bank": {
            "id": "bank", "name": organisation_name(market, loan.bank), "rate": loan.rate,
            "amounts_minor": {"T1": loan.principal_minor},
            "repayments": [{"on": loan.matures_on.isoformat(), "amount_minor": loan.principal_minor}],
        },
        "pool": {
            "id": "pool", "name": {"zh": pool.name_zh, "en": pool.name_en}, "share": pool.compensation_share,
            "limits": [
                _limit("pool-loan", pool.per_loan_limit_minor, "单笔贷款补偿上限", "limit for one loan"),
                _limit("pool-bank-year", bank_limit, "单家银行年度额度", "limit of the bank for a year",
                       register=pool.code, counts="bank_year"),
                _limit("pool-year", pool.year_limit_minor, "资金池年度额度", "limit of the pool for a year",
                       register=pool.code, counts="year"),
                _limit("pool-balance", pool.balance_minor, "资金池余额", "balance of the pool", register=pool.code,
                       counts="balance"),
            ],
        },
    }  # fmt: skip
    seats = {"project": project.team, "bank": loan.bank, "pool": pool.operator}
    deal = sign_terms(market, project, parameters, seats, template="pooled_loan", on=loan.signed_on)
    rows = [_event(loan, "drawdown_call", loan.drawn_on, {"tranche": "T1"})]
    for day in quarter_days(loan.drawn_on, loan.default_on):
        rows.append(_event(loan, "interest_due", day, {"instrument": "loan"}))
        rows.append(_event(loan, "distribution", day, {"source": "project", "collect": ["interest_due:loan"]}))
    sold = loan.collateral
    rows.append(_event(loan, "loss_event", loan.default_on, {"kind": "default"}))
    rows.append(_event(loan, "recovery", sold.sold_on, {"channel": "collateral", "proceeds_minor": sold.proceeds_minor,
                                                        "costs_minor": sold.costs_minor}))  # fmt: skip
    deal.play(rows)
    return deal


def _limit(
    name: str, amount_minor: int, zh: str, en: str, *, register: str | None = None, counts: str = ""
) -> dict[str, Any]:
    row: dict[str, Any] = {"id": name, "amount_minor": amount_minor, "name": {"zh": zh, "en": en}}
    if register is not None:
        row["shared"] = {"register": register, "counts": counts, "order": "acceptance_number"}
    return row


def _file(deal: Deal, *, on: date) -> None:
    with deal.database.transaction() as session:
        file_claim(session, agreement=deal.agreement(session), actor=deal.actor("bank"), now=noon(on))


def _event(loan: PooledLoan, kind: str, on: date, body: dict[str, Any]) -> dict[str, Any]:
    return dated_event(f"{loan.project}-{kind}", kind, on, body)
