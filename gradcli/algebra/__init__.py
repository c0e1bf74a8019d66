"""Simplification for printing: rewrites that keep values up to rounding (see engine.py)."""

from gradcli.algebra import (
    arithmetic,
    broadcasts,
    contractions,
    diagonals,
    explog,
    finite,
    inverses,
    positions,
    reductions,
    select,
    special,
    transposes,
)
from gradcli.algebra.engine import ROWS, Rewrite, Simplifier
from gradcli.ops.rows import written  # noqa: F401  the rows that formulas are written with

__all__ = [
    "ROWS",
    "Rewrite",
    "Simplifier",
    "arithmetic",
    "broadcasts",
    "contractions",
    "diagonals",
    "explog",
    "finite",
    "inverses",
    "positions",
    "reductions",
    "select",
    "special",
    "transposes",
]
