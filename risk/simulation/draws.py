"""Counter-based draws: each chunk of scenarios can be drawn again alone, and a new driver moves no other.

The generator is Philox with key (seed, chunk); the highest word of its counter is a hash of the driver's
name and step. Dependence is a one-factor Gaussian copula: ``z = sqrt(rho) f + sqrt(1 − rho) e``, f common
to the scenario.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from risk.simulation.errors import SimulationError

CHUNK = 10_000
_WORD = 2**64
_FACTOR = "factor"


def check_seed(seed: object) -> int:
    """Return the seed; ``bad_seed`` where it is no whole number from 0 below 2**64."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < _WORD:
        raise SimulationError("The seed must be a whole number from 0 below 2**64.", code="bad_seed", field="seed")
    return seed


class ChunkDraws:
    """Draws of one chunk.

    Parameters
    ----------
    seed : int
        Seed of the run.
    chunk : int
        Number of the chunk, from 0; scenario ``s`` is in chunk ``s // 10,000`` at place ``s % 10,000``.
    size : int
        Scenarios drawn; a shorter chunk gives the first values of the full one.
    correlation : float
        Squared loading of every driver on the common factor, from 0 to 1.
    """

    def __init__(self, seed: int, chunk: int, size: int, *, correlation: float = 0.0) -> None:
        self.seed = check_seed(seed)
        self.chunk = chunk
        self.size = size
        self._loading = np.sqrt(correlation)
        self._own = np.sqrt(1.0 - correlation)
        self._common = self._generator(_FACTOR).standard_normal(size)

    def normal(self, name: str, *, step: int = 0) -> NDArray[np.float64]:
        """Standard normals of a driver, shape (size,), correlated through the common factor; high is good."""
        return self._loading * self._common + self._own * self.independent(name, step=step)

    def independent(self, name: str, *, step: int = 0) -> NDArray[np.float64]:
        """Standard normals of a driver that the common factor does not touch, shape (size,)."""
        return self._generator(f"{name}/{step}").standard_normal(self.size)

    def _generator(self, stream: str) -> np.random.Generator:
        word = int.from_bytes(hashlib.blake2b(stream.encode(), digest_size=8).digest(), "little")
        key = np.array([self.seed, self.chunk], dtype=np.uint64)
        counter = np.array([0, 0, 0, word], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=counter))


def chunk_sizes(scenarios: int) -> list[tuple[int, int, int]]:
    """Return (chunk number, first scenario, size) of every chunk of a run."""
    return [(chunk, first, min(CHUNK, scenarios - first)) for chunk, first in enumerate(range(0, scenarios, CHUNK))]
