"""Pages of the ledger: books that one is a party of, their entries, balances and exports."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from marketplace.accounts.access import current_actor, requires
from marketplace.accounts.permissions import Permission
from marketplace.accounts.queries import map_organisation_names
from marketplace.agreements.queries import list_agreements
from marketplace.db import current_session
from marketplace.errors import NotFoundError
from marketplace.ledger import queries
from marketplace.ledger.export import FORMATS, export_ledger, export_rows
from marketplace.web.paging import FETCH, cut_page

blueprint = Blueprint("ledger", __name__)


def _books() -> dict[str, Any]:
    """The books of the agreements that the actor sees; the same scope as the agreements' own pages."""
    agreements = list_agreements(current_session(), actor=current_actor(), limit=500)
    return {f"agreement:{agreement.public_id}": agreement for agreement in agreements}


def _book(name: str) -> Any:
    books = _books()
    if name not in books:
        raise NotFoundError()
    return books[name]


@blueprint.get("/ledger")
@requires(Permission.LEDGER_READ)
def show_ledger() -> Any:
    """The books, each with its number of entries and its supervised cash."""
    session = current_session()
    books = _books()
    counts = queries.count_entries_by_book(session, books=list(books))
    return render_template(
        "ledger/books.html",
        books=[(name, agreement, counts.get(name, 0)) for name, agreement in books.items()],
        trial=queries.compute_trial_balance(session) if current_actor().can(Permission.AUDIT_READ) else None,
    )


@blueprint.get("/ledger/<book>")
@requires(Permission.LEDGER_READ)
def show_book(book: str) -> Any:
    """One book: balances by account, entries newest first."""
    session = current_session()
    agreement = _book(book)
    before = request.args.get("cursor") or None
    rows, pager = cut_page(queries.list_entries(session, book=book, before=before, limit=FETCH))
    return render_template(
        "ledger/book.html",
        book=book,
        agreement=agreement,
        entries=rows,
        postings=queries.map_postings(session, entry_ids=[entry.id for entry in rows]),
        balances=queries.list_balances(session, book=book),
        names=map_organisation_names(session),
        **pager,
        account_words=ACCOUNT_WORDS,
    )


@blueprint.get("/ledger/<book>/entries/<public_id>")
@requires(Permission.LEDGER_READ)
def show_entry(book: str, public_id: str) -> Any:
    """One entry with its postings, and what it reverses or is reversed by."""
    session = current_session()
    agreement = _book(book)
    entry = queries.get_entry(session, public_id=public_id)
    if entry.book != book:
        raise NotFoundError()
    return render_template(
        "ledger/entry.html",
        book=book,
        agreement=agreement,
        entry=entry,
        postings=queries.list_postings(session, entry_id=entry.id),
        related=queries.list_reversals(session, entry=entry),
        names=map_organisation_names(session),
        account_words=ACCOUNT_WORDS,
    )


@blueprint.get("/ledger/<book>/export/<format_>")
@requires(Permission.LEDGER_READ)
def export_book(book: str, format_: str) -> Any:
    """The book for an independent checker: beancount, hledger, or CSV."""
    session = current_session()
    _book(book)
    names = {public_id: names[0] for public_id, names in map_organisation_names(session).items()}
    if format_ == "csv":
        rows = list(export_rows(session, book=book))
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]) if rows else ["entry"])
        writer.writeheader()
        writer.writerows(rows)
        text, suffix = "\ufeff" + buffer.getvalue(), "csv"
    elif format_ in FORMATS:
        text = "\n".join(export_ledger(session, format=format_, book=book, names=names)) + "\n"
        suffix = "journal" if format_ == "hledger" else "beancount"
    else:
        raise NotFoundError()
    response = Response(text, mimetype="text/csv" if suffix == "csv" else "text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="ledger.{suffix}"'
    return response


def _words() -> dict[str, str]:
    return {
        "1010": _("Supervised account, cash"),
        "1110": _("Called, not yet paid"),
        "1120": _("Revenue share receivable"),
        "1130": _("Claim on the insurer"),
        "1140": _("Claim on the pool"),
        "1150": _("Claim on the guarantor"),
        "1160": _("Clawback receivable"),
        "1510": _("Deployed in the project"),
        "2010": _("Payable to a party"),
        "2020": _("Held back"),
        "2030": _("Undistributed pot"),
        "2040": _("Loan principal"),
        "2041": _("Interest due"),
        "3010": _("Capital contributed"),
        "3011": _("Capital returned"),
        "3015": _("Conditional grant, not yet converted"),
        "3030": _("Profit distributed"),
        "3040": _("Loss borne"),
        "3050": _("Concession given or received"),
        "4010": _("Revenue share"),
        "4020": _("Exit proceeds"),
        "4030": _("Recoveries"),
        "5010": _("Loss"),
        "5020": _("Write-off"),
        "5030": _("Fees and premiums"),
        "9010": _("Commitment (memo)"),
        "9011": _("Undrawn commitment (memo)"),
        "9020": _("Limit available (memo)"),
        "9021": _("Limit used (memo)"),
        "9030": _("Preference accrued (memo)"),
        "9031": _("Preference paid (memo)"),
    }


class _AccountWords:
    """Names of the chart of accounts in the page's language."""

    def __getitem__(self, code: str) -> str:
        return _words().get(code, code)


ACCOUNT_WORDS = _AccountWords()
