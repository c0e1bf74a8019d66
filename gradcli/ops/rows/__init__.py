"""The rows of the op table, a file a subject. Importing this package fills the table."""

from gradcli.ops import contraction, linear
from gradcli.ops.rows import arithmetic, exponential, linalg, logic, reductions, trigonometric

__all__ = [
    "arithmetic",
    "contraction",
    "exponential",
    "linalg",
    "linear",
    "logic",
    "reductions",
    "trigonometric",
]
