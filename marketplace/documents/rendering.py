"""PDF by typst: a layout file and data as JSON; no source is ever built from text of a user."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LAYOUTS = Path(__file__).parent / "layouts"


class DocumentError(RuntimeError):
    """The layout could not be set; a mistake of ours, not of a user."""


def font_folder() -> Path:
    """The folder of the Chinese fonts that are embedded into every document."""
    spec = find_spec("pylopdf_fonts_zh_cn")
    if spec is None or not spec.submodule_search_locations:
        raise DocumentError("the package with the Chinese fonts is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def _printable(value: Any) -> Any:
    """An archival PDF refuses what its fonts cannot show: symbols become a square, invisible marks go."""
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    if not isinstance(value, str):
        return value
    return "".join(_shown(character) for character in value)


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Co", "Cn", "Cs"):
        return ""
    return "□" if ord(character) > 0xFFFF else character


def render_pdf(layout: str, data: dict[str, Any], *, made_at: datetime) -> bytes:
    """A PDF/A-3b of the layout with this data; the same data and instant give the same bytes."""
    import typst

    path = LAYOUTS / f"{layout}.typ"
    if not path.is_file():
        raise DocumentError(f"there is no layout {layout!r}")
    text = json.dumps(_printable(data), ensure_ascii=False, sort_keys=True)
    try:
        done = typst.compile(
            str(path),
            root=str(LAYOUTS),
            font_paths=[str(font_folder())],
            ignore_system_fonts=True,
            sys_inputs={"data": text},
            pdf_standards=["a-3b"],
            timestamp=int(made_at.timestamp()),
        )
    except typst.TypstError as error:
        raise DocumentError(f"{layout}: {error.message}") from error
    assert isinstance(done, bytes)
    return done
