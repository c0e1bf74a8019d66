"""The functions of the language: signatures and compositions over the rows.

Importing this package fills `binding.SPELLED`.
"""

from gradcli.ops.functions import (
    arranging,
    convolution,
    creation,
    decompositions,
    diagonals,
    einsum,
    joining,
    layers,
    layout,
    matrices,
    normalization,
    norms,
    padding,
    pooling,
    products,
    reductions,
    scattering,
    selecting,
    sorting,
    systems,
)

__all__ = [
    "arranging",
    "convolution",
    "creation",
    "decompositions",
    "diagonals",
    "einsum",
    "joining",
    "layers",
    "layout",
    "matrices",
    "normalization",
    "norms",
    "padding",
    "pooling",
    "products",
    "reductions",
    "scattering",
    "selecting",
    "sorting",
    "systems",
]
