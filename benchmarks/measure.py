"""One figure of a benchmark and how it is taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

AREAS = ("app", "risk", "agreements", "simulation", "insurance", "dealflow", "linkage", "payments")


@dataclass(frozen=True)
class Figure:
    """Seconds of ours and of the reference; `bound` is the largest ratio that is thought right."""

    name: str
    value: float
    unit: str
    reference: float
    ratio: float
    bound: float
    holds: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    name: str,
    ours: Callable[[], Any],
    reference: Callable[[], Any],
    *,
    bound: float,
    repeats: int = 15,
    unit: str = "s",
    between: Callable[[], Any] = lambda: None,
) -> Figure:
    """The medians of both, taken in turns so that a busy moment meets both alike; `between` is not timed."""
    ours(), between(), reference()  # caches and imports are not what is measured
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, seconds in zip((ours, reference), taken, strict=True):
            started = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - started)
            if function is ours:
                between()
    value, base = map(statistics.median, taken)
    ratio = value / base
    return Figure(name, value, unit, base, ratio, bound, ratio <= bound)
