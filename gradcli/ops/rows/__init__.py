"""The rows of the op table, a file a subject. Importing this package fills the table.

What few programs use is in a second tier (see `more`).
"""

from gradcli.ops import batching, binding, contraction, linear, writing
from gradcli.ops.rows import arithmetic, exponential, linalg, logic, reductions, trigonometric

# Before any function is: a bare name is its row's where there is one.
binding.register_rows()

__all__ = [
    "arithmetic",
    "batching",
    "contraction",
    "exponential",
    "linalg",
    "linear",
    "logic",
    "reductions",
    "trigonometric",
    "writing",
]
