"""The fictional content of the demonstration market, read from the TOML files beside this module."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from marketplace.demo.arrangement_records import Arrangements
from marketplace.demo.deal_records import InsuranceProduct, Mandate, QuoteRequest, Round, Scheme
from marketplace.demo.records import Content, Organisation, Project, Region

Record = TypeVar("Record")

CONTENT_ROOT = Path(__file__).parent / "content"


class ContentError(ValueError):
    """A content file does not fit the records that the demonstration market is built from."""

    code = "demo_content_invalid"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


def load_content(root: Path = CONTENT_ROOT) -> Content:
    """Read every content file below `root`; raise ContentError where a file does not fit."""
    insurance = _read(root / "insurance.toml")
    return Content(
        regions=tuple(_records(Region, _read(root / "regions.toml"), "region")),
        organisations=tuple(_folder(Organisation, root / "organisations", "organisation")),
        projects=tuple(_folder(Project, root / "projects", "project", "sector")),
        mandates=tuple(_folder(Mandate, root / "mandates", "mandate")),
        insurance_products=tuple(_records(InsuranceProduct, insurance, "product")),
        quote_requests=tuple(_records(QuoteRequest, insurance, "quote_request")),
        rounds=tuple(_folder(Round, root / "rounds", "round")),
        schemes=tuple(_records(Scheme, _read(root / "schemes.toml"), "scheme")),
        arrangements=_build(Arrangements, _read(root / "arrangements.toml"), "arrangements"),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError as error:
        raise ContentError(f"The content file {path.name} is missing.", file=path.name) from error
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"The content file {path.name} is not TOML: {error}", file=path.name) from error


def _folder(record_type: type[Record], folder: Path, key: str, file_field: str | None = None) -> Iterator[Record]:
    """Yield the records of every file of a folder; `file_field` of each takes the name of its file."""
    for path in sorted(folder.glob("*.toml")):
        document = _read(path)
        if file_field is not None:
            for row in document.get(key, []):
                row[file_field] = path.stem
        yield from _records(record_type, document, key)


def _records(record_type: type[Record], document: dict[str, Any], key: str) -> Iterator[Record]:
    rows = document.get(key)
    if not isinstance(rows, list) or not rows:
        raise ContentError(f"No [[{key}]] rows were found.", key=key)
    for number, row in enumerate(rows):
        yield _build(record_type, row, f"{key}[{row.get('code', number)}]")


def _build(record_type: type[Record], row: Any, where: str) -> Record:
    """Make one record, refusing unknown keys, missing keys and values of another type."""
    if not isinstance(row, dict):
        raise ContentError(f"{where} is not a table.", where=where)
    hints = typing.get_type_hints(record_type)
    fields = {field.name: field for field in dataclasses.fields(typing.cast(Any, record_type))}
    unknown = sorted(set(row) - set(fields))
    if unknown:
        raise ContentError(f"{where} has unknown keys: {', '.join(unknown)}.", where=where, unknown=unknown)
    missing = [name for name, field in fields.items() if name not in row and _is_required(field)]
    if missing:
        raise ContentError(f"{where} lacks: {', '.join(missing)}.", where=where, missing=missing)
    values = {name: _convert(hints[name], value, f"{where}.{name}") for name, value in row.items()}
    return record_type(**values)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        # The only unions are "X | None"; TOML has no null, so a value that is present is an X.
        return _convert(typing.get_args(hint)[0], value, where)
    if origin is tuple:
        _expect(list, value, where)
        item = typing.get_args(hint)[0]
        return tuple(_convert(item, entry, f"{where}[{number}]") for number, entry in enumerate(value))
    if origin is dict:
        _expect(dict, value, where)
        item = typing.get_args(hint)[1]
        return {name: _convert(item, entry, f"{where}.{name}") for name, entry in value.items()}
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where)
    if hint is not Any:
        _expect(hint, value, where)
    return value


def _expect(kind: type, value: Any, where: str) -> None:
    # An exact comparison, because a bool is an int and a datetime is a date in Python.
    if type(value) is not kind:
        told = f"{where} must be of type {kind.__name__}, not {type(value).__name__}."
        raise ContentError(told, where=where, expected=kind.__name__)
