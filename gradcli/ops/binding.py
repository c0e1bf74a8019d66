"""Names: which function of the language each spelling means, in which library.

A function is registered once with all its spellings, full dotted names such as `np.linalg.inv`. A
bare name is NumPy's, or another library's where NumPy has none. Each library's spelling has that
library's defaults and meaning: where they differ, they are two functions over the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gradcli.errors import NOTHING, ArgumentError, GradcliError, Keyword, did_you_mean
from gradcli.ops.elementwise import Elementwise
from gradcli.ops.values import NONFINITE, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "functools": "functools",
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
                raise self._mistake(
                    f"`{self.name}` takes no argument `{keyword}`",
                    culprit=Keyword(keyword),
                    near=did_you_mean(keyword, names),
                )
            place = names.index(name)
            if name in renamed or (place < len(args) and place < code.co_argcount):
                raise self._mistake(f"`{self.name}` gets `{keyword}` twice", Keyword(keyword))
            renamed[name] = value
        if rest is None and len(args) > code.co_argcount:
            count = "one argument" if code.co_argcount == 1 else f"{code.co_argcount} arguments"
            most = "at most " if defaults else ""
            raise self._mistake(
                f"`{self.name}` takes {most}{count}, not {len(args)}", args[code.co_argcount]
            )
        required = names[: code.co_argcount - len(defaults)]
        absent = [name for name in required[len(args) :] if name not in renamed]
        if absent:
            raise self._mistake(f"`{self.name}` needs a value for `{absent[0]}`")
        return self.build(*args, **renamed)

    def _call_row(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        assert self.row is not None
        arity = self.row.arity
        if kwargs:
            letters = ["x", "y", "z"][:arity]
            args = list(args)
            for keyword in kwargs:
                if _synonym(keyword, letters[len(args) : len(args) + 1]) is None:
                    raise self._mistake(
                        f"`{self.name}` takes no argument `{keyword}`", Keyword(keyword)
                    )
                args.append(kwargs[keyword])
        if len(args) > arity:
            what = "one argument" if arity == 1 else f"{arity} arguments"
            raise self._mistake(f"`{self.name}` takes {what}, not {len(args)}", args[arity])
        if len(args) < arity:
            raise self._mistake(f"`{self.name}` needs a value for `{'xyz'[len(args)]}`")
        return self.row(*[tensor(arg) for arg in args])

    def _mistake(self, message: str, culprit: Any = NOTHING, near: str = "") -> GradcliError:
        hint = f"{near} its signature is `{self.signature()}`".lstrip()
        return ArgumentError(message, hint=hint, culprit=culprit)


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


def _unused() -> None:
    """Rows are called through their own arity."""
