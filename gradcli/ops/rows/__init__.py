"""The rows of the op table, a file a subject. Importing this package fills the table."""

from gradcli.ops import binding, contraction, linear
from gradcli.ops.rows import (
    arithmetic,
    exponential,
    linalg,
    logic,
    reductions,
    trigonometric,
    written,
)

# Before any function is: a bare name is its row's where there is one.
binding.register_rows()

__all__ = [
    "arithmetic",
    "contraction",
    "exponential",
    "linalg",
    "linear",
    "logic",
    "reductions",
    "trigonometric",
    "written",
]
