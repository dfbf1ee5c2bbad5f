"""CSV that Excel opens with Chinese intact: UTF-8 with its mark, one header line, safe cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from marketplace.spreadsheets.safety import safe_cell

MEDIA_TYPE = "text/csv; charset=utf-8"


def write_csv(rows: Iterable[Sequence[Any]], header: Sequence[str]) -> bytes:
    """The rows below their header, as bytes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_cell(title) for title in header])
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return ("\ufeff" + text.getvalue()).encode("utf-8")
