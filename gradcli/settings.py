"""What every run is bound by: precision, limits, the random seed."""

from __future__ import annotations

import os

import numpy as np

from gradcli.engine import default_memory_limit
from gradcli.errors import ArgumentError
from gradcli.graph import MAX_NODES
from gradcli.language.parser import DEEPEST_NESTING, MAX_NESTING, MAX_SOURCE
from gradcli.language.runtime import DEEPEST_CALLS, MAX_DEPTH, MAX_ITERATIONS


class Settings:
    """What every run is bound by. Memory in bytes; `random_seed` None picks one and reports it.

    threads: how many large arrays are computed with; by default one for each processor. Results do
    not depend on it.
    """

    def __init__(
        self,
        *,
        dtype: str = "float64",
        max_memory: int | None = None,
        max_nodes: int = MAX_NODES,
        max_nesting: int = MAX_NESTING,
        max_iterations: int = MAX_ITERATIONS,
        max_depth: int = MAX_DEPTH,
        max_source: int = MAX_SOURCE,
        random_seed: int | None = None,
        threads: int | None = None,
    ) -> None:
        if dtype not in ("float64", "float32"):
            raise ArgumentError(f"dtype must be float64 or float32, not {dtype!r}")
        self.dtype = np.dtype(dtype)
        if max_memory is not None and not isinstance(max_memory, int):
            raise ArgumentError(f"max_memory is a number of bytes, not {max_memory!r}")
        self.max_memory = default_memory_limit() if max_memory is None else max_memory
        self.max_nodes = max_nodes
        if not 1 <= max_nesting <= DEEPEST_NESTING:
            raise ArgumentError(f"max_nesting is between 1 and {DEEPEST_NESTING}")
        self.max_nesting = max_nesting
        self.max_iterations = max_iterations
        if not 1 <= max_depth <= DEEPEST_CALLS:
            raise ArgumentError(f"max_depth is between 1 and {DEEPEST_CALLS}")
        self.max_depth = max_depth
        self.max_source = max_source
        if random_seed is not None and random_seed < 0:
            raise ArgumentError("random_seed must not be negative")
        self.random_seed = random_seed
        if threads is not None and not (isinstance(threads, int) and threads >= 1):
            raise ArgumentError(f"threads is a number from 1, not {threads!r}")
        self.threads = threads
        self.seed_was_picked = False

    def seed(self) -> int:
        """The seed of the run's random draws; picked at the first of them where none was given."""
        if self.random_seed is None:
            self.random_seed = int.from_bytes(os.urandom(4), "little")
            self.seed_was_picked = True
        return self.random_seed
