"""`python -m benchmarks [--only AREA] [--output FILE]`: prints each figure and writes them all as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

from benchmarks.measure import AREAS, Figure

LATEST = Path(__file__).with_name("latest.json")
# Areas that have benchmarks; each module has `run() -> list[Figure]`.
MODULES = {"app": "app", "risk": "scores", "agreements": "agreements", "simulation": "paths", "insurance": "premiums"}


def show(figure: Figure) -> str:
    mark = "holds" if figure.holds else "MISSED"
    return (
        f"{figure.name:28} {figure.value:10.6f} {figure.unit}  reference {figure.reference:10.6f}"
        f"  ratio {figure.ratio:10.2f}  bound {figure.bound:g}  {mark}"
    )


def main() -> None:
    """Ends 0 also where a bound is missed: a benchmark informs, it does not refuse."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=AREAS, help="one area")
    parser.add_argument("--output", type=Path, default=LATEST, help="where the JSON goes")
    options = parser.parse_args()
    figures: list[Figure] = []
    for area, module in MODULES.items():
        if options.only in (None, area):
            for figure in importlib.import_module(f"benchmarks.{module}").run():
                print(show(figure), flush=True)
                figures.append(figure)
    text = json.dumps([figure.as_dict() for figure in figures], indent=2)
    options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
