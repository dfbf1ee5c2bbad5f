"""Dated evidence tables: every figure with its unit, date, source and status; read and checked without numpy."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from risk.errors import InvalidParameterError, RiskError

STATUSES: tuple[str, ...] = ("verified", "verified_secondary", "computed", "judgement", "unverified")
"""How sure a figure is. ``unverified`` is shown, marked, and never feeds a default."""

FIGURE_TABLES: tuple[str, ...] = (
    "base_rates",
    "technology_groups",
    "coefficients",
    "schedule",
    "cost",
    "severity",
    "grades",
    "training_rules",
    "press_and_unverified",
)
RULE_TABLES: tuple[str, ...] = (
    "maturity_levels",
    "eligibility_capital",
    "eligibility_credit",
    "features",
    "outcome_columns",
)

_FOLDER = Path(__file__).resolve().parent
_REQUIRED = ("key", "unit", "valid_from", "source", "status")


class TableError(RiskError):
    """A table breaks its own rules: a missing source, an unknown status, a key given twice."""

    code = "invalid_table"


class UnverifiedFigureError(RiskError):
    """An unverified figure was asked for as a default."""

    code = "unverified_figure"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a table.

    Attributes
    ----------
    table, key : str
        Where it stands.
    value : float, int or None
        The figure, in `unit`; None where only a bound or counts are known.
    unit : str
        Unit in words.
    valid_from : datetime.date
        Day from which the figure holds.
    source, status : str
        Where it was read or how it was computed, and one of :data:`STATUSES`.
    extra : mapping
        Further named facts of the row (``n``, ``events``, ``low``, ``high``, ``standard_error`` ...).
    """

    table: str
    key: str
    value: float | int | None
    unit: str
    valid_from: date
    source: str
    status: str
    extra: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        """Return the further fact called `name`; KeyError where the row has none."""
        return self.extra[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the further fact called `name`, or `default`."""
        return self.extra.get(name, default)


@cache
def load_document(name: str) -> Mapping[str, Any]:
    """Return the parsed TOML document of a table, read once and not to be changed.

    Parameters
    ----------
    name : str
        One of :data:`FIGURE_TABLES` or :data:`RULE_TABLES`.

    Raises
    ------
    InvalidParameterError
        With code ``unknown_table``.
    """
    if name not in FIGURE_TABLES + RULE_TABLES:
        allowed = "one of " + ", ".join(FIGURE_TABLES + RULE_TABLES)
        raise InvalidParameterError("table", name, allowed, code="unknown_table")
    with open(_FOLDER / f"{name}.toml", "rb") as stream:
        document = tomllib.load(stream)
    if document.get("name") != name:
        raise TableError(f"Table {name} names itself {document.get('name')!r}.", field=name)
    return MappingProxyType(document)


@cache
def load_figures(name: str) -> Mapping[str, Figure]:
    """Return the figures of a table by key, in the order of the file, each checked.

    Raises
    ------
    TableError
        Where a row lacks a unit, date, source or status, has an unknown status, or repeats a key.
    """
    figures: dict[str, Figure] = {}
    for row in load_document(name).get("figure", []):
        figure = build_figure(name, row)
        if figure.key in figures:
            raise TableError(f"Table {name} gives {figure.key} twice.", field=f"{name}.{figure.key}")
        figures[figure.key] = figure
    return MappingProxyType(figures)


def build_figure(table: str, row: Mapping[str, Any]) -> Figure:
    """Return the checked :class:`Figure` of one parsed row; raises :class:`TableError`."""
    key = str(row.get("key", "?"))
    where = f"{table}.{key}"
    missing = [name for name in _REQUIRED if row.get(name) in (None, "")]
    if missing:
        raise TableError(f"Figure {where} lacks {', '.join(missing)}.", field=where)
    if row["status"] not in STATUSES:
        raise TableError(f"Figure {where} has the unknown status {row['status']!r}.", field=where)
    if not isinstance(row["valid_from"], date):
        raise TableError(f"Figure {where} needs a TOML date in valid_from.", field=where)
    value = row.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise TableError(f"Figure {where} needs a number in value.", field=where)
    extra = {name: item for name, item in row.items() if name not in _REQUIRED and name != "value"}
    return Figure(
        table,
        key,
        value,
        row["unit"],
        row["valid_from"],
        row["source"],
        row["status"],
        MappingProxyType(extra),
    )


def get_figure(table: str, key: str) -> Figure:
    """Return a figure for display, whatever its status.

    Raises
    ------
    InvalidParameterError
        With code ``unknown_figure``.
    """
    figures = load_figures(table)
    if key not in figures:
        raise InvalidParameterError(f"{table} key", key, "one of " + ", ".join(figures), code="unknown_figure")
    return figures[key]


def get_default(table: str, key: str) -> Figure:
    """Return a figure that may feed a default.

    Raises
    ------
    UnverifiedFigureError
        Where its status is ``unverified``.
    """
    figure = get_figure(table, key)
    if figure.status == "unverified":
        raise UnverifiedFigureError(
            f"The figure {table}.{key} is unverified and cannot feed a default.", field=f"{table}.{key}"
        )
    return figure


def list_defaults(table: str) -> Iterator[Figure]:
    """Yield the figures of a table that may feed a default, in the order of the file."""
    return (figure for figure in load_figures(table).values() if figure.status != "unverified")


def list_figures() -> Iterator[Figure]:
    """Yield every figure of every table, in order, for pages and documents."""
    for table in FIGURE_TABLES:
        yield from load_figures(table).values()


@lru_cache(maxsize=1)
def get_table_version() -> str:
    """Return the version of all tables together: their newest date and the first 12 digits of their SHA-256."""
    digest = hashlib.sha256()
    for name in sorted(FIGURE_TABLES + RULE_TABLES):
        digest.update(name.encode())
        digest.update((_FOLDER / f"{name}.toml").read_bytes().replace(b"\r\n", b"\n"))
    newest = max(figure.valid_from for figure in list_figures())
    return f"{newest.isoformat()}-{digest.hexdigest()[:12]}"
