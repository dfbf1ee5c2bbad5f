"""CSV that Excel opens with Chinese intact: UTF-8 with its mark, one header line, safe cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from marketplace.spreadsheets.safety import safe_cell

MEDIA_TYPE = "text/csv; charset=utf-8"


def write_csv(rows: Iterable[Sequence[Any]], header: Sequence[str]) -> bytes:
    """The rows below their header, as bytes."""
    return b"".join(iterate_csv(rows, header))


def iterate_csv(rows: Iterable[Sequence[Any]], header: Sequence[str]) -> Iterator[bytes]:
    """The same line by line, for a list of any length."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    text.write("\ufeff")
    for row in chain([header], rows):
        writer.writerow([safe_cell(cell) for cell in row])
        yield text.getvalue().encode("utf-8")
        text.seek(0)
        text.truncate()
