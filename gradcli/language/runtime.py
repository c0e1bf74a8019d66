"""What a program's values are made of as it runs: handles on nodes, limits, types, text.

The interpreter of expressions and statements stands on this; scripts (`gradcli run`) replace some
of it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError, GradcliError, LimitError, SyntaxProblem
from gradcli.graph import OPS, Node
from gradcli.language.assignment import element, rewritten
from gradcli.language.containers import Member
from gradcli.language.dtypes import converted, dtype_of
from gradcli.language.flow import Flow
from gradcli.language.frames import Frames
from gradcli.language.functions import Closure
from gradcli.language.inplace import At, in_place_method
from gradcli.language.iterators import VIEWS, Lazy, length, live
from gradcli.language.members import ANYWHERE, METHODS, member_of, require_cpu
from gradcli.language.natives import Native
from gradcli.language.operations import binary
from gradcli.language.places import Nowhere, span_of
from gradcli.language.scopes import Scope
from gradcli.language.tensors import Tensor, bare, shares
from gradcli.language.text import array_text, text_of
from gradcli.language.values import attribute_of
from gradcli.ops.linear import broadcast_to, diagonal
from gradcli.ops.values import concrete, describe, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAX_ITERATIONS = 1_000_000
"""Times that loops, calls and unpacking may go round, all together, by default."""

MAX_DEPTH, DEEPEST_CALLS = 500, 2000
"""Calls within calls by default, and what --max-depth may ask for: the stack holds no more."""

SMALL, ELEMENTS = 100, 100
"""Lists longer than the first are counted; as many elements of theirs as the second for each time
that loops may go round."""

MAX_PRINTED = 1_000_000
"""Characters that a program may print beside its result."""

VIEWING = frozenset(
    """
    reshape ravel squeeze unsqueeze expand_dims transpose permute permute_dims swapaxes swapdims t
    moveaxis movedim matrix_transpose adjoint broadcast_to broadcast_tensors broadcast_arrays expand
    expand_as view view_as reshape_as unflatten diagonal detach narrow select unbind split chunk
    array_split tensor_split hsplit vsplit dsplit atleast_1d atleast_2d atleast_3d asarray as_tensor
    from_numpy contiguous ascontiguousarray real
    """.split()  # noqa: SIM905
)
"""Functions whose result shares memory with their operand, where it is no other's: all else copies.
"""

VIEWING_IN = {
    True: frozenset({"flatten", "positive", "conj"}),
    False: frozenset({"flip", "fliplr", "flipud", "rot90"}),
}
"""The same for those that share memory in PyTorch only (True), and in NumPy only."""

LOCKED = (broadcast_to, diagonal)
"""Steps to views that NumPy makes read-only."""

DENSE = frozenset({"contiguous", "ascontiguousarray"})
"""Functions whose result is a copy where elements do not lie in order."""

HOLDING = frozenset(
    [
        *("array", "asarray", "clone", "copy", "full", "full_like", "ones", "ones_like"),
        *("reshape", "squeeze", "where", "zeros", "zeros_like"),
    ]
)
"""Functions whose result is an array to NumPy even where it has no axes."""

CONTAINERS = (tuple, list, range, dict, str, *VIEWS)

CUTTING = frozenset({"float", "item"})
"""Functions that make a constant of a tensor."""

OPTIONS = ANYWHERE | {"dtype", "requires_grad"}
"""Keywords of creation functions that the functions here do not have."""


class Runtime:
    """The state of one run of one program, and what happens to its values.

    inputs: the tensors that free names stand for. `sites` tells where in the source a node (by
    serial) was written, `passed_on` which call further out has the same value, `frames` within
    which calls and loops it was made, and `flow` which way control flow went where data decided.
    """

    def __init__(
        self,
        inputs: dict[str, Tensor],
        max_iterations: int = MAX_ITERATIONS,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self.inputs = inputs
        self.module = self.scope = Scope()
        # As in a module that another imports.
        self.module.names["__name__"] = "program"
        self.sites: dict[int, ast.AST] = {}
        self.passed_on: dict[int, ast.AST] = {}
        self.flow = Flow()
        self.frames = Frames()
        self.printed: list[str] = []
        self.room = MAX_PRINTED
        self.torch_methods = False
        self.jax_arrays = False
        self.grad_enabled = True
        self.iterations = self.elements_made = 0
        self.max_iterations = max_iterations
        self.depth = 0
        self.max_depth = max_depth
        self.body: list[ast.stmt] = []
        self.assigned: frozenset[str] = frozenset()
        """The statements of the program, and the names that they bind at its top level."""

    def count(self, more: int, where: ast.AST = Nowhere) -> None:
        """Note that a loop goes round so many times more; raise LimitError beyond the limit."""
        self.iterations += more
        if self.iterations > self.max_iterations:
            raise LimitError(
                f"loops, calls and unpacking go round more than {self.max_iterations:,} times",
                span=None if where is Nowhere else span_of(where),
                hint="a loop that never ends? Otherwise raise the limit with --max-iterations",
            )

    def enter(self) -> None:
        """Note that calls nest one deeper; raise LimitError beyond the limit."""
        if self.depth >= self.max_depth:
            more = f"raise the limit with --max-depth (up to {DEEPEST_CALLS:,})"
            if self.max_depth >= DEEPEST_CALLS:
                more = "--max-depth allows no more: a loop goes further"
            raise LimitError(
                f"calls nest more than {self.max_depth:,} deep",
                hint=f"a recursion that never ends? Otherwise {more}",
            )
        self.depth += 1

    def located(self, node: ast.AST, call: Callable[..., Any], *args: Any) -> Any:
        """Call, give an error without a place this one, and note where a new node was written."""
        try:
            value = call(*args)
        except GradcliError as error:
            self.place(error, node)
            raise
        except RecursionError:
            raise LimitError(
                "the values, or the calls that make them, nest too deeply",
                span=span_of(node),
                hint="name parts of it first; --max-depth and --max-nesting give more room",
            ) from None
        if isinstance(value, Tensor):
            serial = value.latest.serial
            if self.sites.setdefault(serial, node) is not node:
                self.passed_on[serial] = node
        return value

    def place(self, error: GradcliError, node: ast.AST) -> None:
        """Give an error without a place this one."""
        if error.span is None:
            error.span = span_of(node)

    def apply(self, build: Callable[..., Any], *args: Any) -> Any:
        """What a function of the library makes of values, with handles on its tensors."""
        return self.wrapped(build(*[bare(arg) for arg in args]), args)

    def wrapped(self, value: Any, args: Iterable[Any], copied: bool = False) -> Any:
        """A result with handles on its nodes; those that may be views share their memory."""
        kind = type(value)
        if kind is Node:
            if not self.grad_enabled and value.kind == "real":
                value = OPS["detach"](value)
            made = Tensor(value)
            if not copied:
                for arg in args:
                    if isinstance(arg, Tensor) and shares(value, arg.latest):
                        made.sharing(arg, value)
            return made
        if kind is tuple or kind is list:
            return kind([self.wrapped(item, args, copied) for item in value])
        if kind is dict:
            return {key: self.wrapped(item, args, copied) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return kind(*[self.wrapped(item, args, copied) for item in value])
        return value

    def called_back(self, function: Closure, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a function of the program gives where one of the library calls it, with nodes."""
        named = {name: self.handle(arg) for name, arg in kwargs.items()}
        return self.call_value(function, [self.handle(arg) for arg in args], named)

    def handle(self, value: Any) -> Any:
        """A value that a function of the library hands to one of the program."""
        if type(value) is Node:
            return Tensor(value)
        if type(value) is tuple or type(value) is list:
            return type(value)([self.handle(item) for item in value])
        if type(value) is dict:
            return {key: self.handle(item) for key, item in value.items()}
        return value

    def truth(self, value: Any) -> bool:
        """Whether a value counts as true; where a tensor does, data decide."""
        if isinstance(value, Tensor):
            self.flow.decisions += 1
            return truth(value.node)
        if isinstance(value, (Closure, Native)) or callable(value):
            raise ArgumentError(
                f"the function `{value.name}` is neither true nor false",
                hint="call it, as in `f(x)`",
            )
        return truth(value)

    def iterate(
        self, value: Any, where: ast.AST = Nowhere, all_of: bool = False, back: bool = False
    ) -> Iterator[Any]:
        """The elements of a value one by one, each as it is when its turn comes.

        They are those of a tuple, list, range, dict, string or iterator, and the rows of a tensor.
        All are counted; where `all_of` them will be asked for, too many are an error at once.
        `back` begins at the end.
        """
        if isinstance(value, Lazy) and not back:
            return value.run(where)
        if isinstance(value, Tensor) and value.ndim:
            size = value.shape[0]
            places = range(size)[::-1] if back else range(size)
            source: Any = self._rows(value, places, where)
        elif isinstance(value, CONTAINERS):
            size = length(value)
            source = reversed(value) if back else value
            source = live(source) if isinstance(value, (dict, *VIEWS)) else source
        else:
            raise self._indivisible(value, where)
        if all_of and self.iterations + size > self.max_iterations:
            self.count(size, where)
        return self._counted(source, where)

    def _rows(self, value: Tensor, places: range, where: ast.AST) -> Iterator[Tensor]:
        for place in places:
            row = self.subscripted(value, place)
            if where is not Nowhere:
                self.sites.setdefault(row.latest.serial, where)
            yield row

    def subscripted(self, value: Tensor, key: Any) -> Tensor:
        """`value[key]`, for a key of the language."""
        return element(self, value, key)

    def _counted(self, source: Any, where: ast.AST) -> Iterator[Any]:
        try:
            for item in source:
                self.count(1, where)
                yield item
        except GradcliError as error:
            if where is not Nowhere:
                self.place(error, where)
            raise

    def elements(self, value: Any, where: ast.AST = Nowhere) -> list[Any]:
        """All elements of a value."""
        return list(self.iterate(value, where, True))

    def _indivisible(self, value: Any, where: ast.AST) -> ArgumentError:
        hint = "tuples, lists, ranges, dicts, strings and tensors with axes can"
        if isinstance(value, (int, float)):
            hint = "`range(n)` counts from 0 to n - 1"
        return ArgumentError(
            f"{describe(bare(value))} cannot be taken apart",
            span=None if where is Nowhere else span_of(where),
            hint=hint,
            culprit=value,
        )

    def library(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a function of the library, or a method.

        `dtype=` converts what it gives; where memory lies makes no difference.
        """
        name = getattr(function, "name", "")
        if kwargs.keys() & OPTIONS:
            options = {key: kwargs.pop(key) for key in list(kwargs) if key in OPTIONS}
            if isinstance(options.get("device"), str):
                require_cpu(options["device"])
            dtype = dtype_of(options.get("dtype"))
            made = self.library(function, args, kwargs)
            if dtype is not None and isinstance(made, Tensor):
                made = self.cast(made, dtype)
            return self.required(made, options.get("requires_grad", False))
        value = self.called(function, args, kwargs)
        owners = owner_of(function)
        if name in CUTTING and any(isinstance(arg, Tensor) for arg in [*args, *owners]):
            self.flow.constants += 1
        copied = name not in VIEWING and name not in VIEWING_IN[self.makes_torch()]
        made = self.wrapped(value, [*args, *kwargs.values(), *owners], copied)
        if not isinstance(made, Tensor):
            return self.made(made)
        if name in DENSE and not made.is_dense():
            made.part()
        if name in HOLDING and not made.ndim:
            made.is_array = not owners or name not in ("clone", "copy") or owners[0].is_array
        return made

    def called(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a function of the library makes of values, as nodes."""
        return function([bare(arg) for arg in args], bare(kwargs))

    def makes_torch(self) -> bool:
        """Whether what was called makes PyTorch's tensors, rather than NumPy's arrays."""
        return self.torch_methods

    def cast(self, value: Tensor, dtype: np.dtype[Any]) -> Tensor:
        """A tensor of another type of numbers; how wide the real ones are belongs to the run."""
        if dtype.kind == "f" and value.kind == "real":
            return value
        made: Tensor = self.wrapped(converted(value.node, dtype), ())
        return made

    def required(self, value: Any, wanted: Any) -> Any:
        """What `requires_grad=True` makes of a tensor: here every input takes part anyway."""
        return value

    def dtype(self, value: Tensor) -> np.dtype[Any]:
        """The type of a tensor's numbers."""
        return np.dtype({"real": "float64", "int": "int64", "bool": "bool"}[value.kind])

    def member(self, value: Tensor, name: str) -> Any:
        """`value.name` for a tensor."""
        if name.endswith("_") and name not in METHODS and self.torch_methods:
            return in_place_method(self, value, name)
        if name == "at" and self.jax_arrays:
            return At(value)
        found = member_of(self, value, name)
        if found is not None:
            return found
        return self.wrapped(attribute_of(value, name, self.torch_methods), [value])

    def set_member(self, owner: Any, target: ast.Attribute, value: Any) -> None:
        """`owner.name = value`: nothing of the sort outside `gradcli run`."""
        hint = "a name, an element or a dict holds values: `d['a'] = 1`"
        if target.attr == "grad":
            hint = "scripts with `x.grad` run under `gradcli run`"
        raise SyntaxProblem("attributes cannot be assigned to", hint=hint)

    def augmented(self, node: ast.AugAssign, left: Any, right: Any) -> Any:
        """`left += right` and its like; tensors with axes are written in place."""
        value = self.binary(type(node.op), left, right)
        if not isinstance(left, Tensor) or self.is_number(left) or self.jax_arrays:
            return value
        return self.write_whole(left, value, node)

    def write_whole(self, owner: Tensor, value: Any, where: ast.AST) -> Tensor:
        """Write a tensor into another, element by element."""
        self.require_writable(owner)
        return rewritten(owner, value)

    def wrote(self, owner: Tensor, value: Any, where: ast.AST) -> None:
        """After `owner[key] = value`."""

    def views_elements(self, owner: Tensor) -> bool:
        """Whether `owner[0]`, of no axes, is a view: in PyTorch, not in NumPy."""
        return self.torch_methods

    def is_number(self, value: Tensor) -> bool:
        """Whether a tensor is a number to its library, which nothing can be written to."""
        return not value.ndim and not value.is_array and not self.views_elements(value)

    def require_writable(self, owner: Tensor) -> None:
        """Raise ArgumentError where a tensor cannot be written to."""
        if self.is_number(owner):
            raise ArgumentError(
                "a number cannot be written to", hint="`y = y + 1` gives the name another"
            )
        if self.jax_arrays:
            raise ArgumentError(
                "JAX arrays cannot be written to", hint="`y = y.at[i].set(v)` makes a new one"
            )
        locked = [op.name for op, _ in owner.steps or () if op in LOCKED]
        if locked and not self.views_elements(owner):
            raise ArgumentError(
                f"what `{locked[0]}` gives cannot be written to in NumPy",
                hint="make a copy before writing: `.copy()`",
            )

    def output(self, text: str) -> None:
        """What the program prints: remarks beside its result."""
        self.room -= len(text)
        if self.room < 0:
            raise LimitError(
                f"the program prints more than {MAX_PRINTED:,} characters",
                hint="`gradcli run` prints as the program runs, without an end",
            )
        self.printed.append(text.removesuffix("\n"))

    def text(self, value: Any) -> str:
        """A value as `print` shows it."""
        return text_of(self, value)

    def format_text(self, value: Any) -> str:
        """A value as `{x}` in a string shows it."""
        return self.text(value)

    def tensor_text(self, value: Tensor, quoted: bool) -> str:
        """A tensor as `print` shows it."""
        return array_text(concrete(value.node, "what is printed"))

    def plain_number(self, value: Tensor) -> Any:
        """A tensor of one element as a number, for a format."""
        array = concrete(value.node, "what is formatted")
        if array.size != 1:
            raise ArgumentError(
                f"a format is for numbers, not {describe(value.node)}",
                hint="as in `{x.sum():.4f}`; without a format, tensors are shown whole",
            )
        return array.item()

    def binary(self, op: type[ast.operator], left: Any, right: Any) -> Any:
        """`left op right` for values of the language."""
        if type(left) is str and op is ast.Mod:
            from gradcli.language.formats import percent

            return percent(self, left, right)
        return self.made(self.apply(binary, op, left, right))

    def made(self, value: Any) -> Any:
        """Count the elements of a list, tuple or string that was made at once.

        Raises LimitError where they are too many, all together: what holds them is not known.
        """
        kind = type(value)
        if (kind is list or kind is tuple or kind is str) and len(value) > SMALL:
            self.elements_made += len(value) // (8 if kind is str else 1)
            if self.elements_made > ELEMENTS * self.max_iterations:
                raise LimitError(
                    "the program makes lists and strings of more than "
                    f"{ELEMENTS * self.max_iterations:,} elements, all together",
                    hint="a tensor holds numbers in less room; --max-iterations allows more",
                )
        return value

    def call_value(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a function of any sort with values of the language."""
        if type(function) is Closure:
            return function.interpreter.invoke(function, args, kwargs)
        if isinstance(function, (Native, Member)):
            return function.call(self, args, kwargs)
        self.require_callable(function)
        return self.library(function, args, kwargs)

    def require_callable(self, function: Any) -> None:
        """Raise ArgumentError for what is no function."""
        natives = isinstance(function, (Closure, Native, Member))
        if not natives and (isinstance(function, Tensor) or not callable(function)):
            what = describe(bare(function))
            raise ArgumentError(f"{what} cannot be called", culprit=function)


def owner_of(function: Any) -> tuple[Any, ...]:
    """The tensor that a method belongs to."""
    owner = getattr(function, "owner", None)
    return () if owner is None else (owner,)
