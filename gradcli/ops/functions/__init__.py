"""The functions of the language: signatures and compositions over the rows.

Importing this package fills `binding.SPELLED`.
"""

from gradcli.ops import binding
from gradcli.ops.functions import creation, layout, products, reductions

# After all functions are: what none of them covers is called by its row's name.
binding.register_primitives()

__all__ = ["creation", "layout", "products", "reductions"]
