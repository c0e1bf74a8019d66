"""The functions of the language: signatures and compositions over the rows.

Importing this package fills `binding.SPELLED`.
"""

from gradcli.ops.functions import creation, layout, norms, products, reductions, torch

__all__ = ["creation", "layout", "norms", "products", "reductions", "torch"]
