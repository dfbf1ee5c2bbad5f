"""The benchmark command runs and writes rows of the documented form; no figure is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.__main__ import MODULES
from benchmarks.measure import AREAS

ROOT = Path(__file__).resolve().parents[2]


def test_command_writes_valid_rows_for_every_area(tmp_path: Path) -> None:
    path = tmp_path / "latest.json"
    command = [sys.executable, "-m", "benchmarks", "--output", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads(path.read_text(encoding="utf-8"))
    for row in rows:
        assert set(row) == {"name", "value", "unit", "reference", "ratio", "bound", "holds"}
        assert row["value"] > 0
        assert row["reference"] > 0
        assert row["ratio"] == row["value"] / row["reference"]
        assert row["holds"] is (row["ratio"] <= row["bound"])
        assert row["name"] in done.stdout
    areas = {row["name"].split(".")[0] for row in rows}
    assert areas == set(MODULES) <= set(AREAS)
    documented = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert all(f"`{row['name']}`" in documented for row in rows)


def test_unknown_area_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--only", "nothing"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "--only" in done.stderr
