"""Places in the source, as syntax-tree nodes carry them."""

from __future__ import annotations

import ast
from typing import Any, TypeVar

from gradcli.errors import Span

Place = tuple[int, int, int, int]
"""(line from 1, column from 0, end line, end column)"""

Tree = TypeVar("Tree", bound=ast.AST)


def span_of(node: ast.AST) -> Span:
    """Where a node stands in the source."""
    place: Any = node
    return Span(place.lineno, place.col_offset, place.end_lineno, place.end_col_offset)


def placed(node: Tree, place: Place) -> Tree:
    """The node, standing at a place."""
    held: Any = node
    held.lineno, held.col_offset, held.end_lineno, held.end_col_offset = place
    return node


Nowhere = placed(ast.Pass(), (1, 0, 1, 0))
"""Stands where an error's place is added further up."""
