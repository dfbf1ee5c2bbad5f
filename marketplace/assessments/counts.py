"""How many of several independent projects fail: the Poisson-binomial distribution, exactly, in plain arithmetic."""

from __future__ import annotations

from collections.abc import Sequence


def count_distribution(probabilities: Sequence[float]) -> list[float]:
    """The probability of 0, 1, ... n failures, where project i fails with its own probability, independently.

    By convolution, one project at a time: exact up to rounding, n² additions of positive numbers.

    >>> [round(value, 2) for value in count_distribution([0.5, 0.2])]
    [0.4, 0.5, 0.1]
    """
    masses = [1.0]
    for probability in probabilities:
        if not 0.0 <= probability <= 1.0:
            raise ValueError("a probability lies between 0 and 1")
        kept = [mass * (1.0 - probability) for mass in masses] + [0.0]
        for index, mass in enumerate(masses):
            kept[index + 1] += mass * probability
        masses = kept
    return masses


def count_interval(masses: Sequence[float], level: float) -> tuple[int, int]:
    """The central range of counts: at most (1 - level) / 2 of the probability lies below it, and above it.

    >>> count_interval([0.4, 0.5, 0.1], 0.8)
    (0, 1)
    """
    tail = (1.0 - level) / 2.0 + 1e-12
    low, below = 0, masses[0]
    while below <= tail:
        low += 1
        below += masses[low]
    high, above = len(masses) - 1, masses[-1]
    while above <= tail:
        high -= 1
        above += masses[high]
    return low, high
