"""What every list page does alike: the chosen state, the cursor in the address, one page of rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from flask import request
from flask_babel import gettext as _

from marketplace.errors import InvalidInputError

Row = TypeVar("Row")
PAGE_SIZE = 50
# One row more than a page shows whether there is a next one.
FETCH = PAGE_SIZE + 1


def chosen_state(states: Collection[str]) -> str | None:
    """Return the state of the address; none where all are shown; an unknown one is an error at the field."""
    state = request.args.get("state") or None
    if state is not None and state not in states:
        raise InvalidInputError(_("Choose one of the states."), field="state")
    return state


def cursor_row(find: Callable[[str], Any], name: str = "cursor") -> int | None:
    """Return the row id that the cursor names; `find` is the scoped query, so a foreign cursor is not found.

    A page with two lists gives each a `name` of its own in the address.
    """
    cursor = request.args.get(name)
    return find(cursor).id if cursor else None


def cut_page(rows: Sequence[Row], name: str = "cursor") -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of this page, and what the pager macro needs of the `FETCH` rows that were read."""
    last: Any = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    return list(rows[:PAGE_SIZE]), {
        "next_cursor": last.public_id if last is not None else None,
        "first": not request.args.get(name),
    }
