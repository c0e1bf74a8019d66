"""The second tier of rows: imported when a name is found nowhere in the first (`binding.find`).

Start-up pays for every file that is read, so what few programs use is not read before it is asked
for.
"""

from gradcli.ops import binding
from gradcli.ops.rows import (
    activations,
    bessel,
    choices,
    erf,
    factorisations,
    gamma,
    hyperbolic,
    numbers,
    ordering,
    powers,
    scans,
    spectral,
    triangular,
    windows,
    written,
)

# Before any function is: a bare name is its row's where there is one.
binding.register_rows()

__all__ = [
    "activations",
    "bessel",
    "choices",
    "erf",
    "factorisations",
    "gamma",
    "hyperbolic",
    "numbers",
    "ordering",
    "powers",
    "scans",
    "spectral",
    "triangular",
    "windows",
    "written",
]
