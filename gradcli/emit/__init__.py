"""Formulas and code from graphs. No op is named here: a node is asked how it is written."""

from gradcli.emit.sheet import Sheet, written
from gradcli.emit.text import Text

__all__ = ["Sheet", "Text", "written"]
