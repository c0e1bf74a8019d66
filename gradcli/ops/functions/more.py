"""The second tier of functions: imported when a name is found nowhere in the first.

A name means the same before and after: `register` never gives a bare name away a second time.
"""

from gradcli.ops.functions import (
    activations,
    arithmetic,
    classification,
    differences,
    losses,
    margins,
    quantiles,
    scans,
    special,
    statistics,
)

__all__ = [
    "activations",
    "arithmetic",
    "classification",
    "differences",
    "losses",
    "margins",
    "quantiles",
    "scans",
    "special",
    "statistics",
]
