"""Random numbers as PyTorch's CPU generator draws them, so that equal seeds give equal numbers.

PyTorch draws from the Mersenne Twister (MT19937), whose stream NumPy's is: found by experiment with
PyTorch 2. Single numbers come from one 32-bit draw (24 of its bits), doubles from two (53 bits).
Normal numbers are Box and Muller's: in double and in pairs for fewer than 16, of which the second
may wait for the next call; otherwise in blocks of sixteen, the last of which is drawn again where
it is not full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

BLOCK = 16
TWO_DRAWS = 1 << 28
"""Ranges of whole numbers from which on a number takes two draws."""


class TorchGenerator:
    """The state of one generator."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.MT19937()
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Begin anew."""
        self.initial_seed = seed
        # The seeding of the generator's inventors, as `RandomState(seed)` has it.
        state: Any = np.random.RandomState(seed & 0xFFFFFFFF).get_state(legacy=False)
        self._bits.state = state
        self._waiting: float | None = None

    def _draws(self, count: int) -> Array:
        found: Array = self._bits.random_raw(count)
        return found

    def _long_draws(self, count: int) -> Array:
        pairs = self._draws(2 * count).reshape(count, 2)
        joined: Array = (pairs[:, 0] << np.uint64(32)) | pairs[:, 1]
        return joined

    def _unit(self, count: int, dtype: Any) -> Array:
        """Uniform numbers from 0 to 1."""
        if dtype == np.float32:
            found = self._draws(count) & np.uint64((1 << 24) - 1)
            return found.astype(np.float32) * np.float32(2.0**-24)
        found = self._long_draws(count) & np.uint64((1 << 53) - 1)
        return found.astype(np.float64) * 2.0**-53

    def uniform(self, count: int, dtype: Any, low: float = 0.0, high: float = 1.0) -> Array:
        """Numbers evenly spread from `low` to `high`."""
        scale, start = np.asarray(high - low, dtype), np.asarray(low, dtype)
        found: Array = self._unit(count, dtype) * scale + start
        return found

    def normal(self, count: int, dtype: Any, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normally distributed numbers."""
        if count < BLOCK:
            return np.array([self._one_normal() * std + mean for _ in range(count)], dtype)
        values = self._unit(count, dtype)
        full = count - count % BLOCK
        values[:full] = _boxed(values[:full])
        if full < count:
            values[-BLOCK:] = _boxed(self._unit(BLOCK, dtype))
        found: Array = values * np.asarray(std, dtype) + np.asarray(mean, dtype)
        return found

    def _one_normal(self) -> float:
        if self._waiting is not None:
            found, self._waiting = self._waiting, None
            return found
        angle, radius = self._unit(2, np.float64).tolist()
        radius = np.sqrt(-2.0 * np.log1p(-radius))
        angle *= 2.0 * np.pi
        self._waiting = float(radius * np.sin(angle))
        return float(radius * np.cos(angle))

    def integers(self, count: int, low: int, high: int) -> Array:
        """Whole numbers from `low` up to, and without, `high`."""
        extent = high - low
        draws = self._draws(count) if extent < TWO_DRAWS else self._long_draws(count)
        return (draws % np.uint64(extent)).astype(np.int64) + low

    def permutation(self, count: int) -> Array:
        """The whole numbers below `count` in random order."""
        order = list(range(count))
        draws = self._draws(max(count - 1, 0)).tolist()
        for place, draw in enumerate(draws):
            other = place + draw % (count - place)
            order[place], order[other] = order[other], order[place]
        return np.array(order, np.int64)


def _boxed(uniform: Array) -> Array:
    """Normal numbers of uniform ones, block by block: Box and Muller's."""
    blocks = uniform.reshape(-1, 2, BLOCK // 2)
    dtype = uniform.dtype.type
    radius = np.sqrt(dtype(-2.0) * np.log(dtype(1.0) - blocks[:, 0]))
    angle = dtype(2.0 * np.pi) * blocks[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)
