"""Names: which function of the language each spelling means, in which library.

A function is registered once with all its spellings, full dotted names such as `np.linalg.inv`. A
bare name is NumPy's, or another library's where NumPy has none. Each library's spelling has that
library's defaults and meaning: where they differ, they are two functions over the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gradcli.errors import ArgumentError, GradcliError
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.family import build
from gradcli.ops.formula import Call, positive_axes
from gradcli.ops.values import NONFINITE, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.graph import Node
    from gradcli.ops.family import Op
    from gradcli.ops.formula import Formula

Builder = TypeVar("Builder", bound="Callable[..., Any]")

SPELLED: dict[str, Function] = {}
"""Full dotted name -> function: `np.sum`, `torch.nn.functional.relu`, and bare `sum`."""

SPACES: set[str] = set()
"""Every proper prefix of a dotted name: `np`, `np.linalg`, `linalg`, ..."""

CONSTANTS: dict[str, float | None] = {"pi": 3.141592653589793, "inf": float("inf")}
CONSTANTS["nan"] = float("nan")
# As JSON results spell them, which are read as inputs too.
CONSTANTS.update({name: value for name, value in NONFINITE.items() if name.isidentifier()})
for _library in ("np", "torch", "jnp", "math"):
    for _name in ("pi", "inf", "nan"):
        CONSTANTS[f"{_library}.{_name}"] = CONSTANTS[_name]
    CONSTANTS[f"{_library}.e"] = 2.718281828459045
    SPACES.add(_library)
CONSTANTS.update({"np.newaxis": None, "jnp.newaxis": None})

MODULES = {
    "numpy": "np",
    "torch": "torch",
    "jax": "jax",
    "jax.numpy": "jnp",
    "math": "math",
    "scipy": "scipy",
}
"""What can be imported, and the prefix of its names in `SPELLED`."""

# What NumPy, PyTorch and JAX call the same parameter: either keyword works.
_SYNONYMS = (
    ("axis", "dim"),
    ("axes", "dims"),
    ("shape", "size"),
    ("keepdims", "keepdim"),
    ("ddof", "correction"),
    ("x", "a", "input", "self", "arr", "A"),
    ("y", "b", "other", "x2", "exponent", "tensor", "vec2", "B"),
    ("low", "a_min", "min"),
    ("high", "a_max", "max"),
    ("ord", "p"),
    ("k", "diagonal", "offset"),
    ("axis1", "dim1"),
    ("axis2", "dim2"),
    ("arrays", "tensors"),
    ("stop", "end"),
    ("num", "steps"),
    ("n", "N"),
    ("m", "M"),
)


class Function:
    """A function of the language: a Python callable that builds nodes from values.

    Its signature is that of the callable; arguments arrive as values of the language (nodes,
    numbers, tuples, lists, strings, None).
    """

    __slots__ = ("build", "name", "row", "spellings")

    def __init__(
        self,
        name: str,
        build: Callable[..., Any],
        spellings: tuple[str, ...],
        row: Elementwise | None = None,
    ) -> None:
        self.name = name
        self.build = build
        self.spellings = spellings
        self.row = row

    def _parameters(self) -> tuple[list[str], tuple[Any, ...], str | None]:
        code = self.build.__code__
        names = list(code.co_varnames[: code.co_argcount])
        if not code.co_flags & 0x04:
            return names, self.build.__defaults__ or (), None
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        keyword_only = code.co_varnames[
            code.co_argcount : code.co_argcount + code.co_kwonlyargcount
        ]
        return [*names, *keyword_only], self.build.__defaults__ or (), rest

    def signature(self) -> str:
        """As people read it: `sum(x, axis=None, keepdims=False)`."""
        if self.row is not None:
            names = self.row.rules
            letters = ("x",) if len(names) == 1 else ("x", "y", "z")[: len(names)]
            return f"{self.name}({', '.join(letters)})"
        names_, defaults, rest = self._parameters()
        code = self.build.__code__
        positional = names_[: code.co_argcount]
        first_default = len(positional) - len(defaults)
        parts = [
            name if place < first_default else f"{name}={defaults[place - first_default]!r}"
            for place, name in enumerate(positional)
        ]
        if rest is not None:
            parts.append(f"*{rest}")
            given = self.build.__kwdefaults__ or {}
            parts += [f"{name}={given.get(name)!r}" for name in names_[code.co_argcount :]]
        return f"{self.name}({', '.join(parts)})"

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call with values of the language; raises ArgumentError with the signature."""
        if self.row is not None:
            return self._call_row(args, kwargs)
        names, defaults, rest = self._parameters()
        code = self.build.__code__
        renamed: dict[str, Any] = {}
        for keyword, value in kwargs.items():
            if rest is not None and len(args) == code.co_argcount and _synonym(keyword, [rest]):
                args = [*args, value]
                continue
            name = _synonym(keyword, names)
            if name is None:
                raise self._mistake(f"`{self.name}` takes no argument `{keyword}`")
            place = names.index(name)
            if name in renamed or (place < len(args) and place < code.co_argcount):
                raise self._mistake(f"`{self.name}` gets `{keyword}` twice")
            renamed[name] = value
        if rest is None and len(args) > code.co_argcount:
            count = code.co_argcount
            raise self._mistake(f"`{self.name}` takes at most {count} arguments, not {len(args)}")
        required = names[: code.co_argcount - len(defaults)]
        absent = [name for name in required[len(args) :] if name not in renamed]
        if absent:
            raise self._mistake(f"`{self.name}` needs `{absent[0]}`")
        return self.build(*args, **renamed)

    def _call_row(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        assert self.row is not None
        arity = self.row.arity
        if kwargs:
            letters = ["x", "y", "z"][:arity]
            args = list(args)
            for keyword in kwargs:
                if _synonym(keyword, letters[len(args) : len(args) + 1]) is None:
                    raise self._mistake(f"`{self.name}` takes no argument `{keyword}`")
                args.append(kwargs[keyword])
        if len(args) != arity:
            what = "one argument" if arity == 1 else f"{arity} arguments"
            raise self._mistake(f"`{self.name}` takes {what}, not {len(args)}")
        return self.row(*[tensor(arg) for arg in args])

    def _mistake(self, message: str) -> GradcliError:
        return ArgumentError(message, hint=f"its signature is {self.signature()}")


def _synonym(keyword: str, names: list[str]) -> str | None:
    if keyword in names:
        return keyword
    for group in _SYNONYMS:
        if keyword in group:
            for name in group:
                if name in names:
                    return name
    return None


def register(function: Function) -> Function:
    """Enter a function under all its spellings, and the bare names that follow from them."""
    bare: list[str] = []
    preferred = [name for name in function.spellings if name.startswith("np.")]
    others = [name for name in function.spellings[:1] if not name.startswith("Tensor.")]
    for spelling in preferred or others:
        short = spelling.partition(".")[2]
        bare += [short, short.rpartition(".")[2]] if short else []
    for spelling in function.spellings:
        if spelling in SPELLED:
            raise ValueError(f"{spelling} is spelled twice")
        SPELLED[spelling] = function
        _enter_spaces(spelling)
    for spelling in bare:
        if spelling not in SPELLED:
            SPELLED[spelling] = function
            _enter_spaces(spelling)
    return function


def _enter_spaces(spelling: str) -> None:
    parts = spelling.split(".")
    for count in range(1, len(parts)):
        SPACES.add(".".join(parts[:count]))


def function(spellings: str) -> Callable[[Builder], Builder]:
    """Register the decorated builder under spellings separated by spaces.

    `np+torch+jnp.sum` stands for `np.sum torch.sum jnp.sum`; `Tensor.sum` is a method only.
    """

    def enter(build: Builder) -> Builder:
        names = expand(spellings)
        register(Function(names[0].rpartition(".")[2], build, names))
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
    """Enter every elementwise row that has a spelling."""
    from gradcli.graph import OPS

    for row in list(OPS.values()):
        if isinstance(row, Elementwise) and row.spell:
            names = expand(row.spell)
            register(Function(names[0].rpartition(".")[2], _unused, names, row))


def bare_name(row: Op) -> str:
    """The bare name that a row is called by in the language."""
    found = SPELLED.get(row.name)
    if found is not None and (found.row is row or found.row is None):
        return row.name
    for name, function_ in SPELLED.items():
        if function_.row is row and "." not in name:
            return name
    raise ValueError(f"row {row.name} has no name in the language")


def call_of(node: Node, operands: Sequence[Formula]) -> Formula:
    """The call that a formula writes a node as where its row does not say: by the row's own name.

    Parameters of the row are arguments of the function of that name, left out at their defaults. A
    row whose function takes other arguments gives a `form`.
    """
    row = node.op
    function_ = SPELLED[row.name]
    known, defaults, rest = function_._parameters()
    if rest is not None and not known:
        return Call(row.name, *operands, *node.params, ndim=node.ndim, latex=row.latex)
    optional = dict(zip(known[len(known) - len(defaults) :], defaults, strict=True))
    named: dict[str, Any] = {}
    for parameter, value in zip(row.parameters(), node.params, strict=True):
        name = _synonym("axis" if parameter == "axes" else parameter, known)
        if name is None or name not in optional:
            raise ValueError(f"row {row.name}: `{row.name}` takes no {parameter}: give a form")
        if name in ("axis", "dim"):
            axes = value if isinstance(value, tuple) else (value,)
            if optional[name] is None and len(axes) == node.inputs[0].ndim:
                continue
            value = positive_axes(axes, node.inputs[0].ndim)
        if value != optional[name]:
            named[name] = value
    latex = row.latex if not named else ""
    return Call(row.name, *operands, ndim=node.ndim, latex=latex, named=named)


def register_primitives() -> None:
    """Make every row callable that no function of the language covers: operands, then parameters.

    So that any formula can be read back.
    """
    from gradcli.graph import OPS

    for row in list(OPS.values()):
        if row.family == "custom" and row.form is None and row.name not in SPELLED:
            register(Function(row.name, _primitive(row), (row.name,)))


def _primitive(row: Op) -> Callable[..., Node]:
    def call(*args: Any) -> Node:
        count = len(row.box)
        return build(row, tuple([tensor(arg) for arg in args[:count]]), args[count:])

    return call


def _unused() -> None:
    """Rows are called through their own arity."""
