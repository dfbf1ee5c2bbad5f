"""Registers of risk-compensation pools: what is left, the queue of filings, the lines; and how each is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wsgi import wrap_file

from marketplace import clock
from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.agreements.queries import own_agreement_ids
from marketplace.db import current_session
from marketplace.errors import InvalidInputError, MarketplaceError
from marketplace.money import EXPONENTS
from marketplace.pools import queries, services
from marketplace.pools.errors import BalanceTooSmallError
from marketplace.pools.models import CompensationPool, PoolFiling, PoolMovement
from marketplace.spreadsheets.csv_out import MEDIA_TYPE, iterate_csv
from marketplace.web.agreements.pages import locale
from marketplace.web.agreements.reading import Reader
from marketplace.web.errors import status_of
from marketplace.web.formatting import changed_address
from marketplace.web.insurance.words import shown_errors
from marketplace.web.labels import label
from marketplace.web.paging import FETCH, cursor_row, cut_page

blueprint = Blueprint("pools", __name__)


@blueprint.get("/pools")
@requires(Permission.POOL_READ)
def list_pools() -> Any:
    """Registers that the organisation keeps, lends under or oversees."""
    session, actor = current_session(), current_actor()
    year = clock.day_in_zone(clock.now()).year
    after = cursor_row(lambda public_id: queries.get_pool(session, actor=actor, public_id=public_id))
    pools, pager = cut_page(queries.list_pools(session, actor=actor, after_id=after, limit=FETCH))
    rooms = {pool.id: queries.compute_pool_room(session, pool=pool, year=year, bank_id=None) for pool in pools}
    return render_template(
        "pools/list.html", pools=pools, rooms=rooms, year=year, may_open=actor.can(Permission.POOL_MANAGE),
        waiting={pool.id: queries.count_waiting(session, pool_id=pool.id) for pool in pools}, **pager,
    )  # fmt: skip


@blueprint.get("/pools/new")
@requires(Permission.POOL_MANAGE)
def new_pool() -> Any:
    """The form that opens a register."""
    return _render_new({}, {})


def _render_new(values: Any, errors: dict[str, str], status: int = 422) -> Any:
    page = render_template(
        "pools/new.html", values=values, field_errors=errors, errors=list(errors.items()),
        currencies=[(code, label("currency", code)) for code in EXPONENTS],
    )  # fmt: skip
    return (page, status) if errors else page


@blueprint.post("/pools/new")
@requires(Permission.POOL_MANAGE)
def open_pool() -> Any:
    """Open a register of the own office."""
    chosen = request.form.get("currency", "")
    reader = Reader(request.form, chosen if chosen in EXPONENTS else "CNY")
    values: dict[str, Any] = {
        **{name: reader.text(name, longest=120) for name in ("code", "name_zh", "name_en")},
        "currency": chosen,
        "year_limit_minor": reader.money("year_limit"),
        "filing_days": reader.whole("filing_days", default=0),
    }
    try:
        reader.refuse_wrong()
        pool = services.open_pool(current_session(), actor=current_actor(), now=clock.now(), **values)
    except InvalidInputError as error:
        return _render_new(request.form, shown_errors(error), status_of(error))
    flash(_("The register is open."), "jade")
    return redirect(url_for("pools.show_pool", public_id=pool.public_id))


@blueprint.get("/pools/<public_id>")
@requires(Permission.POOL_READ)
def show_pool(public_id: str) -> Any:
    """What is left, whose turn it is, and every line."""
    return _render(_get(public_id), {}, {})


def _get(public_id: str) -> CompensationPool:
    return queries.get_pool(current_session(), actor=current_actor(), public_id=public_id)


def _render(pool: CompensationPool, values: Any, errors: dict[str, str], status: int = 422) -> Any:
    session, actor = current_session(), current_actor()
    year = clock.day_in_zone(clock.now()).year
    keeps = pool.organisation_id == actor.organisation_id and actor.can(Permission.POOL_MANAGE)
    sees_all = queries.sees_whole_register(actor, pool)
    banks = [bank for bank in pool.banks if sees_all or bank.organisation_id == actor.organisation_id]
    rooms = {
        bank.id: queries.compute_pool_room(session, pool=pool, year=year, bank_id=bank.organisation_id)
        for bank in banks
    }
    filings, filing_pager = _page_of_filings(pool)
    movements, line_pager = _page_of_lines(pool)
    reversed_lines, originals = queries.find_reversals(session, pool_id=pool.id, movements=movements)
    page = render_template(
        "pools/show.html",
        pool=pool,
        year=year,
        page_url=_address_of(pool),
        places={name: request.args[name] for name in ("filings", "lines") if request.args.get(name)},
        reversed_lines=reversed_lines,
        originals=originals,
        filing_pager=filing_pager,
        line_pager=line_pager,
        next_in_turn=queries.find_first_waiting(session, pool_id=pool.id),
        today=clock.day_in_zone(clock.now()),
        room=queries.compute_pool_room(session, pool=pool, year=year, bank_id=None),
        banks=banks,
        rooms=rooms,
        filings=filings,
        waiting=queries.count_waiting(session, pool_id=pool.id),
        movements=movements,
        sees_all=sees_all,
        keeps=keeps,
        bank_options=[(bank.public_id, bank.name(locale())) for bank in queries.list_banks_to_add(session, pool=pool)]
        if keeps
        else [],
        values=values,
        field_errors=errors,
        errors=list(errors.items()),
    )
    return (page, status) if errors else page


def _page_of_filings(pool: CompensationPool) -> tuple[list[PoolFiling], dict[str, Any]]:
    session, actor = current_session(), current_actor()
    concerned = own_agreement_ids(actor)
    after = cursor_row(
        lambda public_id: queries.get_filing(session, actor=actor, public_id=public_id, concerned=concerned), "filings"
    )
    rows = queries.list_filings(
        session, actor=actor, pool_id=pool.id, concerned=concerned, after_id=after, limit=FETCH
    )  # fmt: skip
    return cut_page(rows, "filings")


def _page_of_lines(pool: CompensationPool) -> tuple[list[PoolMovement], dict[str, Any]]:
    session, actor = current_session(), current_actor()
    scope: dict[str, Any] = {"actor": actor, "pool_id": pool.id, "concerned": own_agreement_ids(actor)}
    after = cursor_row(lambda public_id: queries.get_movement(session, public_id=public_id, **scope), "lines")
    return cut_page(queries.list_movements(session, after_id=after, limit=FETCH, **scope), "lines")


def _address_of(pool: CompensationPool) -> Callable[..., str]:
    """As `url_with`, but of the page of the register also where a refused form is shown again under its own address."""
    path = url_for("pools.show_pool", public_id=pool.public_id)
    return lambda **changes: changed_address(path, request.args, changes)


@blueprint.get("/pools/<public_id>/movements.csv")
@requires(Permission.POOL_READ)
def export_movements(public_id: str) -> Any:
    """Every line that one may see, in the order of recording, for a spreadsheet."""
    session, actor = current_session(), current_actor()
    pool = _get(public_id)
    rows = (
        (row.moved_on, row.kind, row.year, row.filing.number if row.filing else None,
         row.bank.public_id if row.bank else None, row.agreement, row.balance_minor, row.used_minor, pool.currency,
         row.document, row.reference, row.recorded_at.isoformat(timespec="seconds"), row.public_id)
        for row in queries.iterate_movements(
            session, actor=actor, pool_id=pool.id, concerned=own_agreement_ids(actor)
        )
    )  # fmt: skip
    header = ("moved_on", "kind", "year", "acceptance_number", "bank", "agreement", "balance_minor", "used_minor",
              "currency", "document", "reference", "recorded_at", "line")  # fmt: skip
    # Written while the transaction is open, sent after it: a long register goes through a file, not through memory.
    file = SpooledTemporaryFile(max_size=1_000_000)  # noqa: SIM115  # closed with the response
    file.writelines(iterate_csv(rows, header))
    file.seek(0)
    response = Response(wrap_file(request.environ, file), content_type=MEDIA_TYPE)
    response.call_on_close(file.close)
    response.headers["Content-Disposition"] = f'attachment; filename="{pool.code}.csv"'
    return response


@blueprint.post("/pools/<public_id>/banks")
@requires(Permission.POOL_MANAGE)
def add_bank(public_id: str) -> Any:
    """A bank lends under the pool from now on."""
    pool = _get(public_id)
    reader = Reader(request.form, pool.currency)
    chosen = request.form.get("bank", "")

    def act() -> None:
        limit, used = reader.money("bank_year_limit"), reader.money("used", required=False, allow_zero=True)
        reader.refuse_wrong()
        banks = queries.list_banks_to_add(current_session(), pool=pool)
        services.add_bank(
            current_session(), actor=current_actor(), pool=pool, year_limit_minor=limit, used_minor=used,
            bank=next((row for row in banks if row.public_id == chosen), None), now=clock.now(),
        )  # fmt: skip

    return _do(pool, act, _("The bank lends under the pool now."))


@blueprint.post("/pools/<public_id>/contributions")
@requires(Permission.POOL_MANAGE)
def contribute(public_id: str) -> Any:
    """Record what was paid into the pool's account."""
    pool = _get(public_id)
    reader = Reader(request.form, pool.currency)

    def act() -> None:
        day, amount = reader.day("on"), reader.money("amount")
        reader.refuse_wrong()
        services.contribute(
            current_session(), actor=current_actor(), pool=pool, amount_minor=amount, on=date.fromisoformat(day),
            document=request.form.get("document", ""), now=clock.now(),
        )  # fmt: skip

    return _do(pool, act, _("The contribution is in the register."))


@blueprint.post("/pools/<public_id>/contributions/<line_id>/reverse")
@requires(Permission.POOL_MANAGE)
def reverse_contribution(public_id: str, line_id: str) -> Any:
    """Answer a mistaken contribution by a line that takes it back."""
    session, actor, pool = current_session(), current_actor(), _get(public_id)
    line = queries.get_movement(session, actor=actor, pool_id=pool.id, public_id=line_id)

    def act() -> None:
        services.reverse_contribution(
            session, actor=actor, pool=pool, contribution=line, document=request.form.get("correction", ""),
            now=clock.now(),
        )  # fmt: skip

    return _do(pool, act, _("The contribution is taken back by a line of its own."), f"correction-{line_id}")


def _do(pool: CompensationPool, act: Callable[[], None], said: str, only_field: str = "") -> Any:
    """Do it and show the page; a refusal is shown at its field, in a form of one field at this one."""
    try:
        act()
    except MarketplaceError as error:
        errors = shown_errors(error)
        if only_field and isinstance(error, InvalidInputError | BalanceTooSmallError):
            errors = {only_field: next(iter(errors.values()), _(error.message))}
        if not errors:
            raise
        return _render(pool, request.form, errors, status_of(error))
    flash(said, "jade")
    return redirect(url_for("pools.show_pool", public_id=pool.public_id))


@blueprint.post("/pool-filings/<public_id>/refuse")
@requires(Permission.POOL_MANAGE)
def refuse_filing(public_id: str) -> Any:
    """The office refuses a filing with its reason."""
    session, actor = current_session(), current_actor()
    filing = queries.get_filing(session, actor=actor, public_id=public_id)

    def act() -> None:
        services.refuse_filing(
            session, actor=actor, filing=filing, reason=request.form.get("reason", ""), now=clock.now()
        )

    said = _("The filing is refused; the bank sees the reason.")
    return _do(_get(filing.pool.public_id), act, said, f"reason-{public_id}")


@blueprint.post("/pool-filings/<public_id>/withdraw")
@requires(Permission.AGREEMENT_RECORD_EVENT)
def withdraw_filing(public_id: str) -> Any:
    """The bank takes its filing back."""
    session, actor = current_session(), current_actor()
    filing = queries.get_filing(session, actor=actor, public_id=public_id)
    services.withdraw_filing(session, actor=actor, filing=filing, now=clock.now())
    flash(_("The filing is withdrawn; those behind it move up."), "amber")
    return redirect(url_for("pools.show_pool", public_id=filing.pool.public_id))
