"""Formulas as text of the language: what is printed is read back, and means the same.

Brackets follow Python's precedence. Where a bracket changes nothing but roundings (`a*(b*c)`,
`0.5*(A @ x)`) and `loose` is set, it is left out, as a textbook does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gradcli.graph import Dim
from gradcli.ops.linear import Positions
from gradcli.ops.notation.constants import Constant
from gradcli.ops.notation.formula import (
    Attribute,
    Call,
    Formula,
    Infix,
    Item,
    Name,
    Number,
    Placed,
    Prefix,
    Stacked,
)

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

LEVELS = {
    "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "|": 5, "&": 7, "+": 9, "-": 9,
    "*": 10, "/": 10, "//": 10, "%": 10, "@": 10, "**": 12,
}  # fmt: skip
PREFIX, POSTFIX, ATOM = 11, 13, 14
SPACED = frozenset("+-@&|") | {"==", "!=", "<", "<=", ">", ">="}

Shown = tuple[str, int]
"""Text, and how tightly its outermost operation binds."""


class Text:
    """Prints formulas as expressions of the language.

    taken: names that mean something else here, so that a function of that name is spelled out.
    sizes: names of sizes by their sample values, for those that lost their names on the way.
    """

    loose = True

    def __init__(self, taken: Container[str] = (), sizes: Mapping[int, str] | None = None) -> None:
        self.taken = taken
        self.sizes = sizes or {}

    def program(self, lines: list[tuple[str, Formula]], result: Formula) -> str:
        """Named parts, a line each, then the result."""
        texts = [f"{name} = {self.text(formula)}" for name, formula in lines]
        return "\n".join([*texts, self.text(result)])

    def text(self, formula: Formula) -> str:
        """One formula, as the value of a statement."""
        if isinstance(formula, Placed):
            formula = formula.plain(False)
        if isinstance(formula, Stacked):
            return f"[{', '.join([self.text(item) for item in formula.items])}]"
        return self.show(formula)[0]

    def show(self, formula: Formula) -> Shown:
        """The text of a formula and its level. The depth of formulas is bounded (see sheet.py)."""
        if isinstance(formula, Name):
            return formula.text, ATOM
        if isinstance(formula, Constant) and self.loose:
            return self.show(formula.written)
        if isinstance(formula, Number):
            return self.number(formula.value)
        if isinstance(formula, Infix):
            return self.infix(formula)
        if isinstance(formula, Prefix):
            text, level = self.show(formula.operand)
            low = LEVELS["*"] if self.tight(formula.operand) else PREFIX
            return f"{formula.symbol}{bracketed(text, level < low)}", PREFIX
        if isinstance(formula, Item):
            return f"{self.within(formula.base, POSTFIX)}[{self.items(formula.items)}]", POSTFIX
        if isinstance(formula, Attribute):
            return f"{self.within(formula.base, POSTFIX)}.{formula.name}", POSTFIX
        if isinstance(formula, Call):
            return self.call(formula)
        if isinstance(formula, Stacked):
            return self.call(formula.call())
        if isinstance(formula, Placed):
            return self.show(formula.plain(True))
        raise TypeError(f"no formula: {formula!r}")

    def within(self, formula: Formula, level: int) -> str:
        """A formula, in brackets unless it binds at least as tightly as `level`."""
        text, own = self.show(formula)
        return bracketed(text, own < level)

    # --- operations ------------------------------------------------------------------------------

    def infix(self, formula: Infix) -> Shown:
        """Two operands with brackets where they are needed, or read better."""
        symbol, level = formula.symbol, LEVELS[formula.symbol]
        left, left_level = self.show(formula.left)
        right, right_level = self.show(formula.right)
        if symbol == "**":
            left = bracketed(left, left_level <= level)
            right = bracketed(right, right_level < PREFIX)
        else:
            compared = level == LEVELS["<"]
            unclear = level == LEVELS["*"] and not self.clear(symbol, formula.left)
            left = bracketed(left, left_level < level or unclear or (compared and left_level == 4))
            open_ = self.loose and self.merges(formula)
            right = bracketed(right, right_level <= level and not open_)
        space = " " if symbol in SPACED else ""
        return f"{left}{space}{symbol}{space}{right}", level

    def tight(self, formula: Formula) -> bool:
        """Whether a minus before it needs no bracket: `-a*b`."""
        return (
            isinstance(formula, Infix)
            and LEVELS[formula.symbol] == LEVELS["*"]
            and (formula.symbol in ("*", "/", "@"))
        )

    def clear(self, symbol: str, left: Formula) -> bool:
        """Whether a left operand of `*`, `/` or `@` reads well without brackets."""
        while isinstance(left, Prefix):
            left = left.operand
        if not isinstance(left, Infix) or LEVELS[left.symbol] != LEVELS["*"]:
            return True
        if left.symbol == "@":
            return symbol == "@" or (self.loose and symbol == "/" and left.ndim > 0)
        # `2*A @ x` and `A/2 @ x`, but `(x*y) @ z`.
        return symbol != "@" or (left.left if left.symbol == "*" else left.right).ndim == 0

    def merges(self, formula: Infix) -> bool:
        """Whether the right operand may join without its brackets: the value is the same."""
        symbol, right = formula.symbol, formula.right
        if not isinstance(right, Infix):
            return False
        if symbol == "+":
            return right.symbol in "+-"
        if symbol == "*":
            scaled = right.symbol == "@" and right.ndim > 0 and formula.left.ndim == 0
            return right.symbol in "*/" or scaled
        if symbol == "@" and right.symbol == "@":
            first: Formula = right
            while isinstance(first, Infix) and first.symbol == "@":
                first = first.left
            return first.ndim == 2 and formula.left.ndim <= 2
        return False

    # --- values ----------------------------------------------------------------------------------

    def number(self, value: float) -> Shown:
        """A number, a size by its name."""
        if isinstance(value, Dim):
            return self.named_size(value.name)
        if isinstance(value, bool):
            return str(value), ATOM
        if math.isnan(value):
            return self.constant("nan"), ATOM
        if math.isinf(value):
            text = self.constant("inf")
            return (text, ATOM) if value > 0 else (f"-{text}", PREFIX)
        if value == math.pi and self.loose:
            return self.constant("pi"), ATOM
        text = repr(float(value)).removesuffix(".0")
        if math.copysign(1, value) < 0:
            return text, PREFIX
        return text, ATOM

    def named_size(self, name: str) -> Shown:
        """A size by its name, which may be a sum or a product of others."""
        signs = [LEVELS[sign] for sign in ("+", "-", "*", "//") if sign in name]
        return name, min(signs, default=ATOM)

    def size(self, value: int) -> str:
        """A whole number that may be a size."""
        if isinstance(value, Dim):
            return value.name
        return self.sizes.get(value, str(int(value)))

    def static(self, value: Any) -> str:
        """A static argument: sizes, shapes, axes, strings, nested lists of numbers."""
        if isinstance(value, Formula):
            return self.show(value)[0]
        if isinstance(value, list):
            items = [self.text(x) if isinstance(x, Formula) else self.static(x) for x in value]
            return f"[{', '.join(items)}]"
        if isinstance(value, tuple):
            inner = ", ".join([self.static(item) for item in value])
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, Positions):
            return self.static(value.array.tolist())
        if isinstance(value, str):
            return f'"{value}"'
        if isinstance(value, (bool, type(None))):
            return str(value)
        if isinstance(value, int):
            return self.size(value)
        return self.number(value)[0]

    def items(self, items: tuple[Any, ...]) -> str:
        """Index items, without whole slices at the end."""
        kept = list(items)
        while len(kept) > 1 and kept[-1] == (None, None, None):
            kept.pop()
        return ", ".join([self.item(item) for item in kept])

    def item(self, item: Any) -> str:
        if isinstance(item, tuple):
            start, stop, step = ["" if part is None else self.size(part) for part in item]
            return f"{start}:{stop}" + (f":{step}" if step else "")
        if item is None or isinstance(item, int):
            return str(item)
        return self.static(item.array.tolist())

    # --- calls -----------------------------------------------------------------------------------

    def call(self, formula: Call) -> Shown:
        """A function with its arguments."""
        parts = [self.static(arg) for arg in formula.args]
        parts += [f"{name}={self.static(value)}" for name, value in formula.named.items()]
        return f"{self.function(formula.function)}({', '.join(parts)})", POSTFIX

    def function(self, name: str) -> str:
        """A function's bare name, or one with a library's prefix where an input has that name."""
        if name not in self.taken:
            return name
        from gradcli.ops.binding import SPELLED

        function = SPELLED[name]
        return next(full for full, same in SPELLED.items() if same is function and "." in full)

    def constant(self, name: str) -> str:
        return name if name not in self.taken else f"np.{name}"


def bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text
