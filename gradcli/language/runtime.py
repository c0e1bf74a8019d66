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
from gradcli.language.functions import Closure
from gradcli.language.inplace import At, in_place_method
from gradcli.language.iterators import VIEWS, Iterator, length, live
from gradcli.language.members import ANYWHERE, METHODS, member_of, require_cpu
from gradcli.language.natives import Native
from gradcli.language.operations import binary
from gradcli.language.places import span_of
from gradcli.language.scopes import Scope
from gradcli.language.tensors import StaleView, Tensor, bare, shares
from gradcli.language.text import array_text, text_of
from gradcli.language.values import Namespace, attribute_of
from gradcli.ops.values import concrete, describe, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_ITERATIONS = 1_000_000
"""Times that loops, calls and unpacking may go round, all together, by default."""

MAX_DEPTH, DEEPEST_CALLS = 500, 2000
"""Calls within calls by default, and what --max-depth may ask for: the stack holds no more."""

KEEPING = frozenset({"clone", "array"})
"""Functions whose result is a copy, though it is the same node."""

HOLDING = frozenset(
    "array asarray clone copy full full_like ones ones_like reshape squeeze where zeros zeros_like"
    .split()
)
"""Functions whose result without axes is an array still in NumPy, which can be written to."""

CONTAINERS = (tuple, list, range, dict, str, *VIEWS)

CUTTING = frozenset({"float", "item"})
"""Functions that make a constant of a tensor."""

OPTIONS = ANYWHERE | {"dtype", "requires_grad"}
"""Keywords of creation functions that the functions here do not have."""


class Runtime:
    """The state of one run of one program, and what happens to its values.

    inputs: the tensors that free names stand for. `sites` tells where in the source a node (by
    serial) was written, and `flow` which way control flow went where data decided.
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
        self.flow = Flow()
        self.printed: list[str] = []
        self.torch_methods = False
        self.jax_arrays = False
        self.grad_enabled = True
        self.iterations = 0
        self.max_iterations = max_iterations
        self.depth = 0
        self.max_depth = max_depth
        self.assigned: frozenset[str] = frozenset()
        """Names that the program binds somewhere at its top level."""

    def count(self, more: int, where: ast.AST | None = None) -> None:
        """Note that a loop goes round so many times more; raise LimitError beyond the limit."""
        self.iterations += more
        if self.iterations > self.max_iterations:
            raise LimitError(
                f"loops, calls and unpacking go round more than {self.max_iterations:,} times",
                span=None if where is None else span_of(where),
                hint="a loop that never ends? Otherwise raise the limit with --max-iterations",
            )

    def enter(self) -> None:
        """Note that calls nest one deeper; raise LimitError beyond the limit."""
        if self.depth >= self.max_depth:
            raise LimitError(
                f"calls nest more than {self.max_depth:,} deep",
                hint="a recursion that never ends? Otherwise raise the limit with --max-depth",
            )
        self.depth += 1

    def located(self, node: ast.AST, call: Callable[..., Any], *args: Any) -> Any:
        """Call, give an error without a place this one, and note where a new node was written."""
        try:
            value = call(*args)
        except GradcliError as error:
            placed_error(error, node)
            raise
        except RecursionError:
            raise LimitError(
                "the expression, or its calls, nest too deeply",
                span=span_of(node),
                hint="name parts of it first; --max-depth bounds calls",
            ) from None
        if isinstance(value, Tensor):
            self.sites.setdefault(value._node.serial, node)
        return value

    def apply(self, build: Callable[..., Any], *args: Any) -> Any:
        """What a function of the library makes of values, with handles on its tensors."""
        return self.wrapped(build(*[bare(arg) for arg in args]), args)

    def wrapped(self, value: Any, args: Iterable[Any], copied: bool = False) -> Any:
        """A result with handles on its nodes; those that may be views share their storage."""
        kind = type(value)
        if kind is Node:
            if not self.grad_enabled and value.kind == "real":
                value = OPS["detach"](value)
            made = Tensor(value)
            if not copied:
                for arg in args:
                    if isinstance(arg, Tensor) and (value is arg._node or value.op.is_view(value)):
                        if shares(value, arg._node):
                            made.sharing(arg)
            return made
        if kind is tuple or kind is list:
            return kind([self.wrapped(item, args, copied) for item in value])
        if kind is dict:
            return {key: self.wrapped(item, args, copied) for key, item in value.items()}
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
        if isinstance(value, (Closure, Native, Namespace)):
            raise ArgumentError(f"the function `{value.name}` is neither true nor false")
        return truth(value)

    def iterate(self, value: Any, where: ast.AST | None = None, all_of: bool = False) -> Any:
        """The elements of a value one by one, each as it is when its turn comes.

        They are those of a tuple, list, range, dict, string or iterator, and the rows of a tensor.
        All are counted; where `all_of` them will be asked for, too many are an error at once.
        """
        if isinstance(value, Iterator):
            return value.run(where)
        if isinstance(value, Tensor) and value.ndim:
            size = value.shape[0]
            source: Any = (element(self, value, row) for row in range(size))
        elif isinstance(value, CONTAINERS):
            size = length(value)
            source = live(value) if isinstance(value, (dict, *VIEWS)) else value
        else:
            span = None if where is None else span_of(where)
            raise ArgumentError(f"{describe(bare(value))} cannot be taken apart", span=span)
        if all_of and self.iterations + size > self.max_iterations:
            self.count(size, where)
        return self._counted(source, where)

    def _counted(self, source: Any, where: ast.AST | None) -> Any:
        try:
            for item in source:
                self.count(1, where)
                yield item
        except GradcliError as error:
            if where is not None:
                placed_error(error, where)
            raise

    def elements(self, value: Any, where: ast.AST | None = None) -> list[Any]:
        """All elements of a value."""
        return list(self.iterate(value, where, True))

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
        value = function([bare(arg) for arg in args], bare(kwargs))
        owners = owner_of(function)
        if name in CUTTING and any(isinstance(arg, Tensor) for arg in [*args, *owners]):
            self.flow.constants += 1
        made = self.wrapped(value, [*args, *kwargs.values(), *owners], name in KEEPING)
        if name in HOLDING and isinstance(made, Tensor) and not made.ndim:
            made.held = name not in KEEPING or not owners or owners[0].held
        return made

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
        hint = "scripts with `x.grad` run under `gradcli run`" if target.attr == "grad" else ""
        raise SyntaxProblem("only names and elements can be assigned to", hint=hint)

    def augmented(self, node: ast.AugAssign, left: Any, right: Any) -> Any:
        """`left += right` and its like; tensors with axes are written in place."""
        value = self.binary(type(node.op), left, right)
        if not isinstance(left, Tensor) or self.is_number(left) or self.jax_arrays:
            return value
        return self.write_whole(left, value, node)

    def is_number(self, value: Tensor) -> bool:
        """Whether a tensor is a number to its library, which cannot be written to."""
        return not value.ndim and not value.held and not self.torch_methods

    def write_whole(self, owner: Tensor, value: Any, where: ast.AST | None) -> Tensor:
        """Write a tensor into another, element by element."""
        self.require_writable(owner)
        return rewritten(owner, value, where)

    def wrote(self, owner: Tensor, value: Any, where: ast.AST | None) -> None:
        """After `owner[key] = value`."""

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

    def output(self, text: str) -> None:
        """What the program prints: remarks beside its result."""
        self.printed.append(text.removesuffix("\n"))

    def text(self, value: Any) -> str:
        """A value as `print` shows it."""
        return text_of(self, value)

    def tensor_text(self, value: Tensor, quoted: bool) -> str:
        """A tensor as `print` shows it."""
        return array_text(concrete(value.node, "what is printed"))

    def plain_number(self, value: Tensor) -> Any:
        """A tensor of one element as a number, for a format."""
        array = concrete(value.node, "what is formatted")
        if array.size != 1:
            raise ArgumentError(
                f"a format is for numbers, not {describe(value.node)}", hint="`{x.sum():.4f}`"
            )
        return array.item()

    def binary(self, op: type[ast.operator], left: Any, right: Any) -> Any:
        """`left op right` for values of the language."""
        return self.apply(binary, op, left, right)

    def call_value(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a function of any sort with values of the language."""
        if type(function) is Closure:
            return function.interpreter.invoke(function, args, kwargs)
        if isinstance(function, (Native, Member)):
            return function.call(self, args, kwargs)
        if isinstance(function, Tensor) or not callable(function):
            raise ArgumentError(f"{describe(bare(function))} cannot be called")
        return self.library(function, args, kwargs)


def placed_error(error: GradcliError, node: ast.AST) -> None:
    """Give an error without a place that of a node."""
    if error.span is None:
        error.span = span_of(node)
        if isinstance(error, StaleView) and error.where is not None:
            error.related.append(("written to here", span_of(error.where)))


def owner_of(function: Any) -> tuple[Any, ...]:
    """The tensor that a method belongs to."""
    owner = getattr(function, "owner", None)
    return () if owner is None else (owner,)
