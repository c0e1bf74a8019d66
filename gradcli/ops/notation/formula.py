"""Formulas: small syntax trees that a node is written as, whatever they are printed in later.

A row says how it is written in the names of the language (`Call("sum", x)`, `Infix("@", a, b)`);
emit/ prints the tree as text, as LaTeX, or in the names of another library. Operands are formulas;
axes, shapes and other static things are plain Python values, sizes with names included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.graph import Dim

if TYPE_CHECKING:
    from gradcli.graph import Node, Shape


class Formula:
    """A piece of a formula. ndim: axes of its value; size: signs in it; depth: how far it nests."""

    __slots__ = ("depth", "ndim", "size")

    def __init__(self, ndim: int, parts: tuple[Formula, ...] = (), own: int = 1) -> None:
        self.ndim = ndim
        self.size = own
        self.depth = 1
        for part in parts:
            self.size += part.size
            if part.depth >= self.depth:
                self.depth = part.depth + 1


class Name(Formula):
    """An input, or a part of the formula that was given a name."""

    __slots__ = ("text",)

    def __init__(self, text: str, ndim: int) -> None:
        super().__init__(ndim)
        self.text = text


class Number(Formula):
    """A number, or a size with a name, used as a number."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self.value = value


class Call(Formula):
    """A function of the language, by its bare name.

    args: formulas, lists of them, or static values. named: keyword arguments, static. latex: how
    LaTeX writes it; `#1` is the first argument, `@1` the same in brackets unless it is one sign.
    """

    __slots__ = ("args", "function", "latex", "named")

    def __init__(
        self,
        function: str,
        *args: Any,
        ndim: int,
        latex: str = "",
        named: dict[str, Any] | None = None,
    ) -> None:
        parts = [item for arg in args for item in (arg if isinstance(arg, list) else [arg])]
        super().__init__(ndim, tuple([part for part in parts if isinstance(part, Formula)]), 2)
        self.function = function
        self.args = args
        self.named = named or {}
        self.latex = latex


class Infix(Formula):
    """Two operands with a sign between them, with Python's precedence."""

    __slots__ = ("left", "right", "symbol")

    def __init__(self, symbol: str, left: Formula, right: Formula, ndim: int) -> None:
        super().__init__(ndim, (left, right))
        self.symbol = symbol
        self.left = left
        self.right = right


class Prefix(Formula):
    """A sign before its operand."""

    __slots__ = ("operand", "symbol")

    def __init__(self, symbol: str, operand: Formula) -> None:
        super().__init__(operand.ndim, (operand,))
        self.symbol = symbol
        self.operand = operand


class Item(Formula):
    """`base[items]`: positions, (start, stop, step) of slices, None, integer arrays.

    latex: how LaTeX writes it, where that is not by its indices.
    """

    __slots__ = ("base", "items", "latex")

    def __init__(self, base: Formula, items: tuple[Any, ...], ndim: int, latex: str = "") -> None:
        super().__init__(ndim, (base,))
        self.latex = latex
        self.base = base
        self.items = items


class Attribute(Formula):
    """`base.T` or `base.mT`."""

    __slots__ = ("base", "name")

    def __init__(self, base: Formula, name: str) -> None:
        super().__init__(base.ndim, (base,))
        self.base = base
        self.name = name


class Stacked(Formula):
    """Formulas of one shape along a new first axis: a vector of scalars, a matrix of rows."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Formula, ...]) -> None:
        super().__init__(items[0].ndim + 1, items)
        self.items = items

    def call(self) -> Call:
        """As a call, where a bare list would mean something else."""
        return Call("array", list(self.items), ndim=self.ndim)


class Several(Formula):
    """Several outputs of one operation, each written by itself."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Formula, ...]) -> None:
        super().__init__(0, items, 0)
        self.items = items


class Placed(Formula):
    """Zeros of a shape with formulas added at positions (see Item), each of a known shape."""

    __slots__ = ("parts", "shape")

    def __init__(
        self, shape: Shape, parts: tuple[tuple[Formula, tuple[Any, ...], Shape], ...]
    ) -> None:
        super().__init__(len(shape), tuple([part for part, _, _ in parts]), 4)
        self.shape = shape
        self.parts = parts

    def plain(self, nested: bool) -> Formula:
        """The same without positions (see ops/placed.py); `nested`: it stands inside another."""
        from gradcli.ops.notation.placed import plain

        return plain(self, nested)


def extent(shape: Shape) -> Any:
    """A shape as functions such as `ones` take it: `n`, or `(n, m)`."""
    return shape[0] if len(shape) == 1 else tuple(shape)


def transposed(formula: Formula) -> Formula:
    """`x.T`; twice is not at all. Vectors stay as they are."""
    if formula.ndim < 2:
        return formula
    if isinstance(formula, Attribute) and formula.name == "T" and formula.ndim == 2:
        return formula.base
    return Attribute(formula, "T" if formula.ndim == 2 else "mT")


def positive_axes(axes: tuple[int, ...], ndim: int) -> Any:
    """Axes as people count them: one as a number, several as a tuple."""
    counted = tuple([axis + ndim for axis in axes])
    return counted[0] if len(counted) == 1 else counted


def along(
    function: str,
    x: Formula,
    node: Node,
    axes: tuple[int, ...],
    keepdims: bool = False,
    **named: Any,
) -> Formula:
    """A function along axes: `sum(x)`, `sum(x, axis=0, keepdims=True)`."""
    given: dict[str, Any] = {}
    if len(axes) != x.ndim:
        given["axis"] = positive_axes(axes, x.ndim)
    if keepdims:
        given["keepdims"] = True
    latex = named.pop("latex", "")
    given.update(named)
    return Call(function, x, ndim=node.ndim, named=given, latex="" if given else latex)


def inserted(x: Formula, old: Shape, new: Shape) -> tuple[Any, ...] | None:
    """Index items that turn one shape into another by axes of size 1, or None.

    `x[:, None]` adds such an axis; a position 0 takes one away.
    """
    items: list[Any] = []
    k = 0
    for size in new:
        if k < len(old) and _same(old[k], size):
            items.append((None, None, None))
            k += 1
        elif size == 1:
            items.append(None)
        else:
            return None
    if k == len(old):
        return tuple(items)
    return None


def dropped(old: Shape, new: Shape) -> tuple[Any, ...] | None:
    """Index items that take axes of size 1 away, or None."""
    items: list[Any] = []
    k = 0
    for size in old:
        if k < len(new) and _same(new[k], size):
            items.append((None, None, None))
            k += 1
        elif size == 1:
            items.append(0)
        else:
            return None
    return tuple(items) if k == len(new) else None


def _same(a: int, b: int) -> bool:
    named = isinstance(a, Dim) and isinstance(b, Dim)
    return a == b and (not named or a.name == b.name)  # type: ignore[attr-defined]
