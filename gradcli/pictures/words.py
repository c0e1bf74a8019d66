"""What stands on the boxes of a graph: operations in the words of the source, numbers, labels.

Operands that are boxes of their own appear as a dot.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.graph import Dim, Node
from gradcli.ops.elementwise import shape_text
from gradcli.ops.leaves import input_, known_number
from gradcli.render.layout import Look
from gradcli.render.text import printable

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gradcli.language.frames import Frame

    Array = np.ndarray[Any, Any]

HOLE = "·"
DOTS = "…"
TITLE_ROOM, LABEL_ROOM, TEXT_ROOM = 48, 60, 240
"""Signs of the title of a node, of the label of a group, and of what was written."""

FULL = Look(None, None)
BRIEF = Look(None, 4)


def elided(text: str, room: int) -> str:
    """One line of printable text, its end cut off where it is longer than `room`."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= room else text[: room - 1] + DOTS


# --- numbers -----------------------------------------------------------------------------------


ROOMY, FEWER = 100, (6, 4)
"""Room in which no digits are left out, and how many are left otherwise."""


def value_text(value: Any, room: int, look: Look = FULL) -> str:
    """An array in nested brackets, with what does not fit into `room` signs left out.

    In little room, digits are left out before elements are, unless their number was asked for.
    """
    if isinstance(value, tuple):
        return " ; ".join([value_text(part, max(room // len(value), 8), look) for part in value])
    if value.ndim == 0:
        text = look.number(value[()])
        return text if len(text) <= room else Look(None, max(room - 7, 1)).number(value[()])
    if value.size == 0:
        return f"[] {shape_text(value.shape)}"
    whole = max(value.shape)
    looks = [look]
    if look.precision is None and room < ROOMY:
        looks += [Look(look.width, digits, look.dots == "...") for digits in FEWER]
    for count in (whole, 24, 12, 8, 6, 5, 4, 3, 2, 1):
        if count < whole or value.size * 2 <= room:
            for one in looks:
                text = _nested(value, count, one)
                if len(text) <= room:
                    return text
    return elided(text, room)


def _nested(value: Array, count: int, look: Look) -> str:
    """An array with at most `count` entries along each axis, from both ends."""
    if value.ndim == 0:
        return look.number(value[()])
    if len(value) <= count:
        parts = [_nested(part, count, look) for part in value]
    else:
        tail = count // 2
        parts = [_nested(part, count, look) for part in value[: count - tail]]
        parts.append(DOTS)
        parts += [_nested(part, count, look) for part in value[len(value) - tail :]]
    return f"[{', '.join(parts)}]"


def number_text(value: float) -> str:
    """A constant of the program; a size by its name."""
    return value.name if isinstance(value, Dim) else FULL.number(value)


# --- operations --------------------------------------------------------------------------------


def named(node: Node, operands: Sequence[str]) -> str:
    """A node as a call of its row's name; a leaf by itself."""
    if not operands:
        return leaf_text(node)
    parts = [*operands, *[static_text(param) for param in node.params if param is not False]]
    return f"{node.op.name}({', '.join(parts)})"


def leaf_text(node: Node) -> str:
    """A leaf: an input by its name, a number, an array by its elements, else the row's name."""
    if node.op is input_:
        return str(node.params[1])
    if known_number(node) is not None:
        return number_text(node.params[1])
    arrays = [param for param in node.params if isinstance(param, np.ndarray)]
    return value_text(arrays[0], 24, BRIEF) if arrays else node.op.name


def static_text(param: Any) -> str:
    """A static parameter: sizes, axes, index items."""
    if isinstance(param, tuple):
        inner = ", ".join([static_text(item) for item in param])
        return f"({inner},)" if len(param) == 1 else f"({inner})"
    if isinstance(param, np.ndarray):
        return value_text(param, 16, BRIEF)
    held = getattr(param, "array", None)
    if isinstance(held, np.ndarray):
        return value_text(held, 16, BRIEF)
    if isinstance(param, Dim):
        return param.name
    return str(param)


# --- the source --------------------------------------------------------------------------------


def source_text(lines: Sequence[str], where: Any, last: Any = None) -> str:
    """What stands at a place of a program's lines, in one line, its end left out where it is long.

    last: the place at whose end it ends, where that is not the same.
    """
    end = where if last is None else last
    first: int = where.lineno
    final: int = end.end_lineno
    if not 1 <= first <= final <= len(lines):
        return ""
    parts = [*lines[first - 1 : min(final, first + TEXT_ROOM)]]
    if first + TEXT_ROOM >= final:
        parts[-1] = parts[-1][: end.end_col_offset]
    parts[0] = parts[0][where.col_offset : where.col_offset + 2 * TEXT_ROOM]
    return elided("\n".join(parts), TEXT_ROOM)


def frame_label(frame: Frame, lines: Sequence[str]) -> str:
    """A call as it is written, the head of a loop, the number of a round."""
    where: Any = frame.where
    if frame.kind == "round":
        return f"round {frame.number}"
    if isinstance(where, ast.For):
        return elided(source_text(lines, where, where.iter), LABEL_ROOM)
    if isinstance(where, ast.While):
        return elided(source_text(lines, where, where.test), LABEL_ROOM)
    if isinstance(where, (ast.FunctionDef, ast.Lambda)):
        return f"{frame.name}({HOLE})"
    return elided(source_text(lines, where), LABEL_ROOM)


def worded(where: Any, boxes: Container[int]) -> str:
    """An expression in the words of the source, a hole for each part that is a box of its own.

    boxes: ids of the syntax-tree nodes that are.
    """
    if isinstance(where, ast.AugAssign):
        where = ast.BinOp(where.target, where.op, where.value)
    try:
        return ast.unparse(_holed(where, boxes))
    except (RecursionError, ValueError):
        return HOLE


def _holed(node: Any, boxes: Container[int]) -> Any:
    """A copy of a syntax tree with holes."""

    def part(value: Any) -> Any:
        if isinstance(value, list):
            return [part(item) for item in value]
        if not isinstance(value, ast.AST) or isinstance(value, ast.Name):
            return value
        return ast.Name(HOLE) if id(value) in boxes else _holed(value, boxes)

    return type(node)(**{name: part(value) for name, value in ast.iter_fields(node)})


def constant_word(node: Node) -> str:
    """A constant that is a single number; empty for anything else."""
    single = not node.shape and not node.inputs and known_number(node) is not None
    return number_text(node.params[1]) if single else ""
