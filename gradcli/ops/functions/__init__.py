"""The functions of the language: signatures and compositions over the rows.

Importing this package fills `binding.SPELLED` with the first tier; `more` holds the second.
"""

from gradcli.ops.functions import (
    creation,
    diagonals,
    einsum,
    layout,
    norms,
    products,
    reductions,
    systems,
    torch,
)

__all__ = [
    "creation",
    "diagonals",
    "einsum",
    "layout",
    "norms",
    "products",
    "reductions",
    "systems",
    "torch",
]
