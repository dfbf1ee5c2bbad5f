"""`flask reports linkage --fund CODE --period 2026`."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import orm

from marketplace import clock
from marketplace.cli.edges import transaction_command
from marketplace.db import READ
from marketplace.linkage.definitions import NAMES, RATIOS, READINGS, SYMBOLS
from marketplace.linkage.document import FIGURE_HEADER, figure_rows, ratio_text, report_document
from marketplace.linkage.periods import parse_period
from marketplace.linkage.queries import find_fund_by_code
from marketplace.linkage.report import Report, compute_report
from marketplace.money import Money
from marketplace.spreadsheets.csv_out import write_csv

group = AppGroup("reports", help="Reports computed from the rows of the market.")


@group.command("linkage")
@click.option("--fund", "code", required=True, help="Credit code, id or name of a guidance fund.")
@click.option("--period", required=True, help="A year such as 2026, or a quarter such as 2026Q3.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Count payments up to this day only.")
@click.option("--format", "format_", type=click.Choice(["text", "csv", "json"]), default="text")
@transaction_command(READ)
def linkage(session: orm.Session, code: str, period: str, until: datetime | None, format_: str) -> None:
    """Print the co-investment linkage report of a guidance fund."""
    fund = find_fund_by_code(session, code=code)
    today = clock.day_in_zone(clock.now())
    last = until.date() if until else None
    report = compute_report(session, fund=fund, period=parse_period(period), today=today, until=last)
    if format_ == "json":
        click.echo(json.dumps(report_document(report), ensure_ascii=False, indent=2, sort_keys=True))
    elif format_ == "csv":
        sys.stdout.flush()
        sys.stdout.buffer.write(write_csv(figure_rows(report), FIGURE_HEADER))
    else:
        _print(report)


def _print(report: Report) -> None:
    click.echo(f"{report.fund.name_en} ({report.fund.name_zh}), {report.period.name}, payments up to {report.cut_off}")
    for reading in READINGS:
        for base in ("committed", "paid"):
            table = report.table(reading, base)
            click.echo(f"\n{reading}, {base}, {report.currency}")
            for symbol in SYMBOLS:
                amount = Money(table.sums.get(symbol), report.currency).decimal()
                click.echo(f"  {symbol:4} {NAMES[symbol][1]:28} {amount:>20,.2f}")
            for name in RATIOS:
                up, down = table.ratios[name]
                click.echo(
                    f"  {name:4} {NAMES[name][1]:28} {ratio_text(table.ratio(name)) or 'none':>20} = {up} / {down}"
                )
    click.echo(f"\n{len(report.lines)} investors, {len(report.problems)} exceptions")
    for problem in report.problems:
        click.echo(f"  {problem.code}: {problem.round_id} {problem.investor} {problem.amount_minor}")


def register(app: Flask) -> None:
    app.cli.add_command(group)
