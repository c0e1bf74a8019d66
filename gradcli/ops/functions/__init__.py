"""The functions of the language: signatures and compositions over the rows.

Importing this package fills `binding.SPELLED`.
"""

from gradcli.ops import binding
from gradcli.ops.functions import creation, layout, products, reductions

binding.register_rows()

__all__ = ["creation", "layout", "products", "reductions"]
