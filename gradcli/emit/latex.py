"""Formulas as LaTeX, for a mathematical environment with amsmath.

Vectors are columns: `x @ y` is x^T y. Products, quotients and powers element by element are written
with the Hadamard signs; a row of factors along an axis of a matrix as a diagonal matrix.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from gradcli.graph import Dim
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
    from collections.abc import Mapping

Shown = tuple[str, int]

COMPARED, SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4, 5

SIGNS = {
    "==": "=", "!=": r"\ne", "<": "<", "<=": r"\le", ">": ">", ">=": r"\ge",
    "&": r"\land", "|": r"\lor", "+": "+", "-": "-", "%": r"\bmod",
}  # fmt: skip
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT, "%": PRODUCT, "**": POWER}

GREEK = (
    " alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega "
)
SHORT = {"lam": r"\lambda", "lamda": r"\lambda", "eps": r"\varepsilon", "sig": r"\sigma"}
"""Names that people use where the Greek one is taken, as `lambda` is in Python."""

CAPITALS = " Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
"""Names of Greek letters that LaTeX has commands for."""

WHOLE = (None, None, None)
TOP = r"^{\top}"


class Latex:
    """Prints formulas. sizes: names of sizes by their samples."""

    def __init__(self, sizes: Mapping[int, str] | None = None) -> None:
        self.sizes = sizes or {}

    def program(self, lines: list[tuple[str, Formula]], result: Formula) -> str:
        """Named parts and the result, aligned at their equals signs where there are parts."""
        if not lines:
            return self.text(result)
        rows = [f"{name_text(name)} &= {self.text(formula)}" for name, formula in lines]
        rows.append(f"& {self.text(result)}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def text(self, formula: Formula) -> str:
        """One formula."""
        return self.show(formula)[0]

    def show(self, formula: Formula) -> Shown:
        """The LaTeX of a formula, and how tightly it binds."""
        if isinstance(formula, Name):
            return name_text(formula.text), ATOM
        if isinstance(formula, Constant):
            return self.show(formula.written)
        if isinstance(formula, Number):
            return self.number(formula.value)
        if isinstance(formula, Infix):
            return self.infix(formula)
        if isinstance(formula, Prefix):
            sign = r"\lnot " if formula.symbol == "~" else formula.symbol
            return sign + self.within(formula.operand, PRODUCT), SUM
        if isinstance(formula, Attribute):
            return self.transposed(formula.base), POWER
        if isinstance(formula, Item):
            return self.item(formula)
        if isinstance(formula, Call):
            return self.call(formula)
        if isinstance(formula, Placed):
            return self.show(formula.plain(True))
        if isinstance(formula, Stacked):
            rows = [
                " & ".join([self.text(cell) for cell in item.items])
                if isinstance(item := _plain(row), Stacked)
                else self.text(row)
                for row in formula.items
            ]
            return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}", ATOM
        raise TypeError(f"no formula: {formula!r}")

    def within(self, formula: Formula, level: int) -> str:
        """A formula, in brackets unless it binds at least as tightly as `level`."""
        text, own = self.show(formula)
        return text if own >= level else rf"\left({text}\right)"

    # --- operations ------------------------------------------------------------------------------

    def infix(self, formula: Infix) -> Shown:
        symbol, left, right = formula.symbol, formula.left, formula.right
        if symbol == "*":
            return self.product(left, right), PRODUCT
        if symbol == "/":
            return self.quotient(left, right)
        if symbol == "@":
            return f"{self.row(left)} {self.within(right, PRODUCT)}", PRODUCT
        if symbol == "**":
            return self.power(left, right), POWER
        if symbol == "//":
            inner = rf"\frac{{{self.text(left)}}}{{{self.text(right)}}}"
            return rf"\left\lfloor {inner} \right\rfloor", ATOM
        level = LEVELS.get(symbol, COMPARED)
        strict = level + 1 if symbol == "-" or level == COMPARED else level
        a, b = self.within(left, level if level != COMPARED else SUM), self.within(right, strict)
        return f"{a} {SIGNS[symbol]} {b}", level

    def product(self, left: Formula, right: Formula) -> str:
        """Side by side for a scalar, with a circle for elements, a diagonal matrix for rows."""
        a, b = self.within(left, PRODUCT), self.within(right, PRODUCT)
        if left.ndim == 0 or right.ndim == 0:
            digits = b[:1].isdigit() or b[:1] == "-"
            return rf"{a} \cdot {b}" if digits else f"{a} {b}"
        if {left.ndim, right.ndim} == {1, 2}:
            vector, matrix = (left, right) if left.ndim == 1 else (right, left)
            return f"{self.within(matrix, PRODUCT)} {self.diagonal(vector)}"
        for column, matrix in ((left, right), (right, left)):
            if isinstance(column, Item) and column.items == (WHOLE, None):
                if column.base.ndim == 1 and matrix.ndim == 2:
                    return f"{self.diagonal(column.base)} {self.within(matrix, PRODUCT)}"
        return rf"{a} \odot {b}"

    def diagonal(self, vector: Formula) -> str:
        return rf"\operatorname{{diag}}\left({self.text(vector)}\right)"

    def quotient(self, left: Formula, right: Formula) -> Shown:
        if left.ndim and right.ndim:
            return rf"{self.within(left, PRODUCT)} \oslash {self.within(right, POWER)}", PRODUCT
        return rf"\frac{{{self.text(left)}}}{{{self.text(right)}}}", PRODUCT

    def power(self, base: Formula, exponent: Formula) -> str:
        raised = self.text(exponent)
        if base.ndim:
            raised = rf"\circ {raised}"
        text = self.within(base, ATOM)
        # \sin^{2}\left(x\right)
        found = re.match(r"(\\[a-z]+)(\\left\(.*)", text)
        if found:
            return f"{found[1]}^{{{raised}}}{found[2]}"
        return f"{{{text}}}^{{{raised}}}"

    def row(self, left: Formula) -> str:
        """The left operand of a product of matrices: a vector is a row there."""
        if left.ndim != 1:
            return self.within(left, PRODUCT)
        if isinstance(left, Infix) and left.symbol == "@" and left.left.ndim == 1:
            return self.text(left)
        return self.transposed(left)

    def transposed(self, base: Formula) -> str:
        """The base with a transposition sign; an inverse takes it into its exponent."""
        text = self.within(base, ATOM)
        if text.endswith("}^{-1}"):
            return text.removesuffix("}^{-1}") + r"}^{-\top}"
        return f"{{{text}}}{TOP}"

    # --- values ----------------------------------------------------------------------------------

    def number(self, value: float) -> Shown:
        if isinstance(value, Dim):
            return self.size(value), ATOM if value.name.isidentifier() else SUM
        if isinstance(value, bool):
            return rf"\mathrm{{{str(value).lower()}}}", ATOM
        if value != value:
            return r"\mathrm{nan}", ATOM
        if value == math.pi:
            return r"\pi", ATOM
        sign = "-" if value < 0 else ""
        if abs(value) == float("inf"):
            return rf"{sign}\infty", SUM if sign else ATOM
        text = repr(float(value)).removesuffix(".0")
        mantissa, e, power = text.partition("e")
        if e:
            text = rf"{mantissa} \cdot 10^{{{int(power)}}}"
        return text, SUM if sign else PRODUCT if e else ATOM

    def size(self, value: int) -> str:
        """A size, by its name where it has one."""
        name = value.name if isinstance(value, Dim) else self.sizes.get(value, str(int(value)))
        words = re.split(r"(\W+)", name)
        text = "".join([name_text(w) if w[:1].isalpha() or w[:1] == "_" else w for w in words])
        return text.replace("//", "/").replace("*", " ")

    def static(self, value: Any) -> str:
        if isinstance(value, Formula):
            return self.text(value)
        if isinstance(value, tuple):
            return r" \times ".join([self.static(item) for item in value])
        if isinstance(value, list):
            return rf"\left[{', '.join([self.static(item) for item in value])}\right]"
        if isinstance(value, str):
            return value.replace("->", r" \to ")
        if isinstance(value, bool) or value is None:
            return rf"\mathrm{{{value}}}"
        return self.size(value) if isinstance(value, int) else self.number(value)[0]

    def item(self, formula: Item) -> Shown:
        """Elements by their indices."""
        if formula.latex:
            return formula.latex, ATOM
        items = list(formula.items)
        while len(items) > 1 and items[-1] == WHOLE:
            items.pop()
        places = ", ".join([self.place(item) for item in items])
        return f"{{{self.within(formula.base, ATOM)}}}_{{{places}}}", ATOM

    def place(self, item: Any) -> str:
        if item is None:
            return r"\ast"
        if isinstance(item, tuple):
            start, stop, step = ["" if part is None else self.size(part) for part in item]
            return f"{start}:{stop}" + (f":{step}" if step else "")
        return str(item) if isinstance(item, int) else self.static(item.array.tolist())

    # --- calls -----------------------------------------------------------------------------------

    def call(self, formula: Call) -> Shown:
        """By the template that the row gives, else as a function."""
        if formula.latex:
            text = re.sub(r"([#@])(\d)", lambda place: self.filled(place, formula), formula.latex)
            return text, _level(formula.latex)
        name = formula.function.removeprefix("ops.")
        head = rf"\operatorname{{{escaped(name)}}}"
        args = list(formula.args)
        below = [rf"\mathrm{{{escaped(k)}}}={self.static(v)}" for k, v in formula.named.items()]
        if args and isinstance(args[0], str):
            below.insert(0, self.static(args.pop(0)))
        head += f"_{{{', '.join(below)}}}" if below else ""
        shown = ", ".join([self.static(arg) for arg in args])
        return rf"{head}\left({shown}\right)", ATOM

    def filled(self, place: re.Match[str], formula: Call) -> str:
        arg = formula.args[int(place[2]) - 1]
        if place[1] == "@" and isinstance(arg, Formula):
            return self.within(arg, ATOM)
        return self.static(arg)


def _plain(formula: Formula) -> Formula:
    return formula.plain(False) if isinstance(formula, Placed) else formula


def _level(template: str) -> int:
    """How tightly what a template makes binds."""
    if template.startswith(("@1 ", "{@1}^{-1} ")):
        return PRODUCT
    return POWER if template.startswith(("@1^", "e^")) else ATOM


def escaped(text: str) -> str:
    """A word inside a LaTeX command: signs that mean something else are escaped."""
    return text.replace("_", r"\_")


def name_text(name: str) -> str:
    """A name: Greek by its letter, a trailing number below the line, words upright."""
    stem, _, below = name.partition("_")
    if not stem or "_" in below:
        return rf"\mathrm{{{escaped(name)}}}"
    digits = re.fullmatch(r"(.*?\D)(\d+)", stem)
    if digits and not below:
        stem, below = digits[1], digits[2]
    if len(stem) == 1:
        text = stem if stem.isascii() else _greek(stem)
    elif f" {stem} " in GREEK + CAPITALS:
        text = rf"\{stem}"
    elif stem in SHORT:
        text = SHORT[stem]
    elif below and not below.isdigit():
        return rf"\mathrm{{{escaped(name)}}}"
    else:
        text = rf"\mathrm{{{stem}}}"
    if not below:
        return text
    lower = below if below.isdigit() or len(below) == 1 else rf"\mathrm{{{below}}}"
    return f"{text}_{{{lower}}}"


def _greek(letter: str) -> str:
    """The command for a letter that is not Latin, or the letter itself."""
    words = unicodedata.name(letter, "").lower().split()
    if words[:1] == ["greek"]:
        word = words[-1].capitalize() if "capital" in words else words[-1]
        if f" {word} " in GREEK + CAPITALS:
            return rf"\{word}"
    return rf"\text{{{letter}}}"
