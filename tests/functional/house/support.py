"""Help for the tests of the house: several callers at one moment, small valid inputs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

HANG_SECONDS = 120


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start every call at the same moment in a thread of its own; answers in the order of the calls."""
    barrier = threading.Barrier(len(calls), timeout=HANG_SECONDS)

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(HANG_SECONDS) for future in [pool.submit(run, call) for call in calls]]


def rule_form(code: str, **changes: str) -> dict[str, str]:
    """A scheme rule as an operator types it."""
    values = {
        "code": code, "kind": "linkage", "document_number": "示例〔2026〕1 号", "title_zh": "联动比例",
        "title_en": "Linkage ratio", "text_zh": "社会资本不低于引导资金。", "text_en": "Private money first.",
        "source": "example", "status": "judgement", "valid_from": "2026-01-01", "valid_to": "", "parameters": "{}",
    }  # fmt: skip
    return {**values, **changes}
