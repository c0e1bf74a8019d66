"""Names: which function of the language each spelling means, in which library.

A function is registered once with all its spellings, full dotted names such as `np.linalg.inv`. A
bare name is NumPy's, or another library's where NumPy has none. Each library's spelling has that
library's defaults and meaning: where they differ, they are two functions over the same rows.

Functions come in two tiers: those that most programs use are there from the start, the others are
imported when a name is found nowhere else (`find`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gradcli.errors import NOTHING, ArgumentError, GradcliError, Keyword, did_you_mean
from gradcli.graph import OPS, Node
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.family import build
from gradcli.ops.leaves import constant, known_number
from gradcli.ops.linear import LinearMany, Positions, broadcast_to
from gradcli.ops.several import outputs
from gradcli.ops.values import NONFINITE, tensor, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.ops.family import Op

Builder = TypeVar("Builder", bound="Callable[..., Any]")

SPELLED: dict[str, Function] = {}
"""Full dotted name -> function: `np.sum`, `torch.nn.functional.relu`, and bare `sum`."""

SPACES: set[str] = set()
"""Every proper prefix of a dotted name: `np`, `np.linalg`, `linalg`, ... and `ops`, of the rows."""

CONSTANTS: dict[str, float | None] = {"pi": 3.141592653589793, "inf": float("inf")}
CONSTANTS["nan"] = float("nan")
# As JSON results spell them, which are read as inputs too.
CONSTANTS.update({name: value for name, value in NONFINITE.items() if name.isidentifier()})
for _library in ("np", "torch", "jnp", "math"):
    for _name in ("pi", "inf", "nan"):
        CONSTANTS[f"{_library}.{_name}"] = CONSTANTS[_name]
    CONSTANTS[f"{_library}.e"] = 2.718281828459045
    SPACES.add(_library)
SPACES.add("ops")
CONSTANTS.update({"np.newaxis": None, "jnp.newaxis": None})

MODULES = {
    "numpy": "np",
    "torch": "torch",
    "jax": "jax",
    "jax.numpy": "jnp",
    "math": "math",
    "scipy": "scipy",
    "functools": "functools",
}
"""What can be imported, and the prefix of its names in `SPELLED`."""

# What NumPy, PyTorch and JAX call the same parameter: either keyword works.
_SYNONYMS = (
    ("axis", "dim", "axes", "dims"),
    ("shape", "size"),
    ("keepdims", "keepdim"),
    ("ddof", "correction"),
    ("x", "a", "input", "self", "arr", "A", "x1", "a1", "ary", "v", "m", "array", "object", "data"),
    ("y", "b", "other", "x2", "a2", "exponent", "tensor", "vec2", "B"),
    ("y", "fun", "func"),
    ("low", "a_min", "min"),
    ("high", "a_max", "max"),
    ("ord", "p"),
    ("k", "diagonal", "offset"),
    ("axis0", "dim0"),
    ("axis1", "dim1"),
    ("axis2", "dim2"),
    ("arrays", "tensors", "tup"),
    ("stop", "end"),
    ("num", "steps"),
    ("n", "N"),
    ("m", "M"),
)


class Function:
    """A function of the language: a Python callable that builds nodes from values.

    Its signature is that of the callable, or the row's where it is one; arguments arrive as values
    of the language (nodes, numbers, tuples, lists, strings, None). example: a call of it, in which
    lists of numbers with a point stand for inputs.
    """

    __slots__ = ("_example", "build", "name", "row", "spellings")

    def __init__(
        self,
        name: str,
        build: Callable[..., Any],
        spellings: tuple[str, ...],
        row: Elementwise | None = None,
        example: str = "",
    ) -> None:
        self.name = name
        self.build = build
        self.spellings = spellings
        self.row = row
        self._example = example

    @property
    def example(self) -> str:
        """A call, as the language spells it; a row's is in the middle of its box."""
        if self._example or self.row is None:
            return self._example
        parts = []
        for box in self.row.box:
            if isinstance(box, str):
                parts.append("[True, False]")
            else:
                third = (box[1] - box[0]) / 3
                parts.append(f"[{box[0] + third:.3g}, {box[1] - third:.3g}]")
        return f"{self.spellings[0]}({', '.join(parts)})"

    @property
    def doc(self) -> str:
        """What it computes: the first sentence of its words."""
        words = self.row.doc if self.row is not None else self.build.__doc__ or ""
        return words.partition("\n\n")[0].replace("\n", " ")

    def parameters(self) -> Parameters:
        """The names that it takes arguments by."""
        if self.row is not None:
            return Parameters(self.row.args)
        code = self.build.__code__
        names, positional = code.co_varnames, code.co_argcount
        last = positional + code.co_kwonlyargcount
        rest = names[last] if code.co_flags & 0x04 else None
        given = self.build.__defaults__ or ()
        return Parameters(names[:positional], given, rest, names[positional:last])

    def signature(self) -> str:
        """As people read it: `sum(x, axis=None, *, keepdims=False)`."""
        has = self.parameters()
        first_default = len(has.positional) - len(has.defaults)
        parts = [
            name if place < first_default else f"{name}={has.defaults[place - first_default]!r}"
            for place, name in enumerate(has.positional)
        ]
        if has.rest is not None or has.named:
            parts.append(f"*{has.rest or ''}")
        if has.named:
            given = self.build.__kwdefaults__ or {}
            parts += [f"{name}={given.get(name)!r}" for name in has.named]
        return f"{self.name}({', '.join(parts)})"

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call with values of the language; raises ArgumentError with the signature."""
        if self.row is not None and not kwargs and len(args) == self.row.arity:
            return self.row(*[tensor(arg) for arg in args])
        has = self.parameters()
        count = len(has.positional)
        renamed: dict[str, Any] = {}
        for keyword, value in kwargs.items():
            if has.rest is not None and len(args) == count and synonym(keyword, [has.rest]):
                args = [*args, value]
                continue
            name = synonym(keyword, [*has.positional, *has.named])
            if name is None:
                raise self._mistake(
                    f"`{self.name}` takes no argument `{keyword}`",
                    culprit=Keyword(keyword),
                    near=did_you_mean(keyword, [*has.positional, *has.named]),
                )
            if name in renamed or name in has.positional[: len(args)]:
                raise self._mistake(f"`{self.name}` gets `{keyword}` twice", Keyword(keyword))
            renamed[name] = value
        if has.rest is None and len(args) > count:
            most = "" if not has.defaults else "at most "
            number = "one argument" if count == 1 else f"{count} arguments"
            raise self._mistake(f"`{self.name}` takes {most}{number}, not {len(args)}", args[count])
        required = has.positional[: count - len(has.defaults)]
        absent = [name for name in required[len(args) :] if name not in renamed]
        if absent:
            raise self._mistake(f"`{self.name}` needs a value for `{absent[0]}`")
        if self.row is not None:
            given = [*args, *[renamed[name] for name in required[len(args) :]]]
            return self.row(*[tensor(arg) for arg in given])
        return _nameable(self.build(*args, **renamed))

    def _mistake(self, message: str, culprit: Any = NOTHING, near: str = "") -> GradcliError:
        hint = f"{near} its signature is `{self.signature()}`".lstrip()
        return ArgumentError(message, hint=hint, culprit=culprit)


def _nameable(result: Any) -> Any:
    """A result that a program can differentiate by: no constant, which derivatives may fold."""
    if isinstance(result, Node) and known_number(result) is not None:
        number = constant(result.params[1], (), result.kind)
        return broadcast_to(number, result.shape)
    return result


class Parameters:
    """The names of a function's parameters.

    defaults: those of the last positional ones. rest: the name of `*rest`. named: given by name
    only.
    """

    __slots__ = ("defaults", "named", "positional", "rest")

    def __init__(
        self,
        positional: tuple[str, ...],
        defaults: tuple[Any, ...] = (),
        rest: str | None = None,
        named: tuple[str, ...] = (),
    ) -> None:
        self.positional = positional
        self.defaults = defaults
        self.rest = rest
        self.named = named


def synonym(keyword: str, names: Sequence[str]) -> str | None:
    """Which of the names a keyword means, or None."""
    if keyword in names:
        return keyword
    for group in _SYNONYMS:
        if keyword in group:
            for name in group:
                if name in names:
                    return name
    return None


_DERIVED: set[str] = set()
"""Bare names that nobody asked for: a function that has one as its own takes it."""


def register(function: Function) -> Function:
    """Enter a function under all its spellings, and the bare names that follow from them."""
    bare: list[str] = []
    preferred = [name for name in function.spellings if name.startswith("np.")]
    others = [name for name in function.spellings[:1] if not name.startswith("Tensor.")]
    for spelling in preferred or others:
        short = spelling.partition(".")[2]
        bare += [short, short.rpartition(".")[2]] if short else []
    for spelling in function.spellings:
        if spelling in SPELLED and spelling not in _DERIVED:
            raise ValueError(f"{spelling} is spelled twice")
        SPELLED[spelling] = function
        _DERIVED.discard(spelling)
        _enter_spaces(spelling)
    for spelling in bare:
        if spelling not in SPELLED:
            SPELLED[spelling] = function
            _DERIVED.add(spelling)
            _enter_spaces(spelling)
    return function


def _enter_spaces(spelling: str) -> None:
    parts = spelling.split(".")
    for count in range(1, len(parts)):
        SPACES.add(".".join(parts[:count]))


def find(*spellings: str) -> Function | None:
    """The function of the first of these spellings that has one, or None.

    The second tier is looked into where the first has none of them.
    """
    for spelling in spellings:
        if spelling in SPELLED:
            return SPELLED[spelling]
        if spelling.startswith("ops."):
            return primitive(spelling.removeprefix("ops."))
    load_all()
    return next((SPELLED[name] for name in spellings if name in SPELLED), None)


def find_bare(name: str) -> Function | None:
    """The function that a bare name means, or None: NumPy's, else PyTorch's.

    PyTorch's names of two letters (`eq`, `lt`) are rather a program's own.
    """
    found = find(name)
    if found is None and len(name) > 2:
        found = find(f"torch.{name}", f"torch.special.{name}")
    return found


def load_all() -> None:
    """Enter the second tier of rows and functions."""
    import_module("gradcli.ops.rows.more")
    import_module("gradcli.ops.functions.more")


OPS.load = load_all


def function(spellings: str, example: str = "") -> Callable[[Builder], Builder]:
    """Register the decorated builder under spellings separated by spaces.

    `np+torch+jnp.sum` stands for `np.sum torch.sum jnp.sum`; `Tensor.sum` is a method only.
    """

    def enter(build: Builder) -> Builder:
        names = expand(spellings)
        register(Function(names[0].rpartition(".")[2], build, names, example=example))
        return build

    return enter


def expand(spellings: str) -> tuple[str, ...]:
    """`np+torch.sum F.x` as full names; `F` is short for `torch.nn.functional`."""
    names: list[str] = []
    for item in spellings.split():
        if "." not in item:
            names.append(item)
            continue
        libraries, _, rest = item.partition(".")
        for library in libraries.split("+"):
            if library == "F":
                library = "torch.nn.functional"
            names.append(f"{library}.{rest}")
    return tuple(names)


def register_rows() -> None:
    """Enter every elementwise row that has a spelling and is not entered yet."""
    for row in list(OPS.values()):
        if isinstance(row, Elementwise) and row.spell:
            names = expand(row.spell)
            if names[0] not in SPELLED:
                register(Function(names[0].rpartition(".")[2], row, names, row))


_PRIMITIVES: dict[str, Function] = {}
"""Rows as functions, by name, as they are asked for."""


def primitive(name: str) -> Function | None:
    """The row of that name as a function `ops.NAME(operands, parameters)`, or None.

    By these any formula reads back. None is a bare name: inputs may be called as rows are.
    """
    try:
        row = OPS[name]
    except KeyError:
        return None
    if row.family in ("leaf", "projection", "batched"):
        return None
    if name not in _PRIMITIVES:
        full = f"ops.{name}"
        _PRIMITIVES[name] = Function(full, _primitive(row), (full,))
    return _PRIMITIVES[name]


def _primitive(row: Op) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        many = isinstance(row, LinearMany)
        count = 1 if many else len(row.box)
        operands = args[0] if many else args[:count]
        params = tuple([_parameter(arg) for arg in args[count:]])
        found = outputs(build(row, tuple([tensor(operand) for operand in operands]), params))
        return found if len(found) > 1 else found[0]

    return call


def _parameter(value: Any) -> Any:
    """A parameter of a row: lists are positions, and whole numbers are known now."""
    if isinstance(value, tuple):
        return tuple([_parameter(item) for item in value])
    if isinstance(value, list):
        return Positions(np.asarray(value))
    return whole(value, "a parameter") if isinstance(value, Node) else value
