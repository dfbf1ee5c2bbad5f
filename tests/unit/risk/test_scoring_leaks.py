"""The check for columns that tell the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risk.scoring.leaks import find_leaks


@pytest.mark.parametrize("seed", range(40))
def test_a_text_column_that_never_changes_is_no_leak_in_any_order(seed: int) -> None:
    outcomes = np.random.default_rng(seed).permutation(np.array([1] * 8 + [0] * 16))
    assert find_leaks(pd.DataFrame({"size": ["small"] * 24}), outcomes) == []


def test_a_text_column_that_tells_the_outcome_is_a_leak() -> None:
    outcomes = np.array([1, 0] * 20)
    frame = pd.DataFrame({"verdict": np.where(outcomes == 1, "late", "done")})
    assert [leak["column"] for leak in find_leaks(frame, outcomes)] == ["verdict"]
