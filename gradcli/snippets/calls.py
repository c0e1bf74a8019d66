"""What functions and operators make of a script's tensors: values, types, names of steps."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError
from gradcli.graph import OPS, Node, Trace
from gradcli.language.dtypes import converted
from gradcli.language.functions import Closure
from gradcli.language.interpret import Interpreter
from gradcli.language.operations import binary, negated
from gradcli.language.runtime import DENSE
from gradcli.language.static import bounded
from gradcli.language.tensors import Tensor, bare, shares
from gradcli.language.torch_names import grad_fn_name
from gradcli.ops.leaves import full_
from gradcli.ops.values import describe
from gradcli.snippets.eager import Eager, leaf, stored
from gradcli.snippets.promotion import BOOL, DOUBLE, WHOLE_POWERS, result_dtype, wrapped_around
from gradcli.snippets.results import Fields, Size
from gradcli.snippets.spelled import require_types
from gradcli.snippets.variable import Variable, note_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradcli.settings import Settings

OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
}
LIBRARIES = frozenset({"torch", "np", "jnp"})

ITSELF = frozenset({"asarray", "ascontiguousarray", "real"})
"""Functions of NumPy's that return their argument where there is nothing to do."""

MAKING = frozenset({"array", "asarray", "ascontiguousarray", "copy"})
"""Functions of NumPy's that make arrays of PyTorch's tensors."""

RESHAPING = DENSE | {"reshape", "flatten", "ravel", "reshape_as", "view"}
"""Functions of PyTorch's that copy where elements do not lie in order."""

PLAIN = frozenset({"allclose", "equal", "array_equal", "is_nonzero", "numel"})
"""Functions that return a number or a truth value of Python's."""


def _is_constant(node: Node) -> bool:
    """Whether a node is one number at every place, whatever its call took (`zeros_like`)."""
    return node.op is full_ or (len(node.inputs) == 1 and node.inputs[0].op is full_)


class Call:
    """One call of a function or an operator: it says whose tensors come out, and of what type.

    dtype: that of real numbers among them.
    """

    __slots__ = ("args", "dtype", "kwargs", "library", "name", "operands")

    def __init__(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        operands: list[Variable],
        library: str,
    ) -> None:
        self.name = name
        self.args = args
        self.kwargs = kwargs
        self.operands = operands
        self.library = library
        self.dtype = DOUBLE


class Calls(Interpreter):
    """The part of a script that computes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__({}, settings.max_iterations, settings.max_depth)
        self.settings = settings
        self.eager = Eager(settings.max_memory)
        self.default_dtype = np.dtype(np.float32)
        self.at_work = Call("", (), {}, [], "torch")
        self.trace = Trace(self._concrete, settings.max_nodes, settings.seed, strict=True)

    def _concrete(self, node: Node, static: bool) -> Any:
        return self.eager.value(node, self.at_work.dtype)

    # --- tensors ---------------------------------------------------------------------------------

    def made_of(self, value: Any, kind: Any, dtype: Any, library: str) -> Variable:
        """A tensor that holds a value."""
        return Variable(
            leaf(stored(value, kind, dtype), kind), np.dtype(dtype), library, self.eager
        )

    def of_array(self, array: Any, library: str) -> Variable:
        """A tensor of an array's values and type."""
        kind = {"f": "real", "b": "bool"}.get(array.dtype.kind, "int")
        return self.made_of(array, kind, array.dtype, library)

    def variables(self, values: Iterable[Any]) -> list[Variable]:
        """The tensors among values, those in lists included."""
        found: list[Variable] = []
        for value in values:
            if isinstance(value, Variable):
                found.append(value)
            elif isinstance(value, (list, tuple)):
                found += self.variables(value)
        return found

    def begin(
        self, name: str, args: Sequence[Any], kwargs: dict[str, Any], library: str = ""
    ) -> Call:
        """Note what is being called."""
        operands = self.variables(args)
        if kwargs:
            operands += self.variables(kwargs.values())
        if library not in LIBRARIES:
            library = ""
        for operand in operands:
            # PyTorch's functions take NumPy's arrays, and not the other way round.
            if library != operand.library and library != "torch":
                if library == "np" and name in MAKING:
                    continue
                library = operand.library
        if not library:
            library = "torch" if self.torch_methods else "np"
        call = self.at_work = Call(name, args, kwargs, operands, library)
        default = DOUBLE if library == "np" else self.default_dtype
        call.dtype = result_dtype("real", operands, library, default)
        return call

    def wrapped(self, value: Any, args: Iterable[Any], copied: bool = False) -> Any:
        if type(value) is Node:
            made = self._variable(value)
            if not copied and not self._copies(value.value):
                view = value.op.is_view(value)
                for arg in args:
                    if isinstance(arg, Variable):
                        latest = arg.latest
                        if value is latest or (view and shares(value, latest)):
                            if value.shape == arg.shape and self._is_itself(arg):
                                return arg
                            made.sharing(arg, value)
            return made
        names = getattr(value, "_fields", ())
        if names and self.at_work.library == "torch":
            parts = [self.wrapped(item, args, copied) for item in value]
            return Fields(self.at_work.name, names, parts)
        return super().wrapped(value, args, copied)

    def _is_itself(self, arg: Variable) -> bool:
        """Whether a call that changes nothing returns the very tensor that it was given."""
        call = self.at_work
        if call.library != arg.library or not call.name:
            return call.library == arg.library
        if call.library == "torch":
            return not grad_fn_name(call.name, list(call.args), call.kwargs)
        return call.name in ITSELF

    def _copies(self, value: Any) -> bool:
        """Whether a change of layout had to copy what it was given.

        Raises ArgumentError where PyTorch would not.
        """
        call = self.at_work
        if call.name not in RESHAPING or not value.size:
            return False
        copies = not np.may_share_memory(value, call.operands[0].value())
        if copies and call.name == "view":
            raise ArgumentError(
                "view size is not compatible with the tensor's strides: its elements do not lie "
                "in that order in memory",
                hint="`.reshape(...)` copies where it must",
            )
        return copies

    def _variable(self, node: Node) -> Variable:
        call = self.at_work
        kind = node.kind
        dtype = call.dtype
        if kind != "real":
            dtype = result_dtype(kind, call.operands, call.library, dtype, call.name)
        value = self.eager.value(node, dtype if kind == "real" else call.dtype)
        recorded = False
        if kind == "real":
            if self.grad_enabled and node.op.name != "detach" and not _is_constant(node):
                recorded = any([operand.requires_grad for operand in call.operands])
            if call.name in WHOLE_POWERS and not recorded and _all_whole(call):
                return self.made_of(np.trunc(value), "int", np.int64, call.library)
        if not recorded:
            if kind == "int" and dtype.itemsize < 8:
                value = wrapped_around(value, dtype)
            if _is_constant(node):
                # The graph spreads one number; the tensor has elements of its own.
                value = np.array(value)
            # Nothing will ask what is behind it.
            kept = any([o.latest is node and not o.memory.tracked for o in call.operands])
            return Variable(node if kept else leaf(value, kind), dtype, call.library, self.eager)
        made = Variable(node, dtype, call.library, self.eager)
        step = grad_fn_name(call.name, list(call.args), call.kwargs) if call.name else ""
        if self._copies(value):
            # The copy is named unless a view of it is made.
            copy = call.name == "contiguous" or node.shape == call.operands[0].shape
            step = "CloneBackward0" if copy else "UnsafeViewBackward0"
        made.record(step or "AliasBackward0")
        note_of(node).step = made.function
        return made

    def called_back(self, function: Closure, args: list[Any], kwargs: dict[str, Any]) -> Any:
        # A derivative is recorded under `no_grad` too; the call at work goes on afterwards.
        before = (self.at_work, self.grad_enabled)
        self.grad_enabled = True
        try:
            return super().called_back(function, args, kwargs)
        finally:
            self.at_work, self.grad_enabled = before

    def handle(self, value: Any) -> Any:
        if type(value) is not Node:
            return super().handle(value)
        kinds: dict[str, Any] = {"bool": np.bool_, "int": np.int64}
        dtype = kinds.get(value.kind, self.eager.value(value, self.at_work.dtype).dtype)
        made = Variable(value, np.dtype(dtype), self.at_work.library, self.eager)
        if value.kind == "real":
            made.record("Backward0")
        return made

    # --- functions and operators -----------------------------------------------------------------

    def apply(self, build: Callable[..., Any], *args: Any) -> Any:
        self.begin("neg" if build is negated else "", args, {})
        return super().apply(build, *args)

    def binary(self, op: type[ast.operator], left: Any, right: Any) -> Any:
        tensors = isinstance(left, Tensor)
        if type(left) is str or (not tensors and not isinstance(right, Tensor)):
            return self._static_binary(op, left, right)
        name = OPERATORS.get(op, "")
        call = self.begin(name if tensors else "r" + name, (left, right), {})
        require_types(call)
        return self.wrapped(binary(op, bare(left), bare(right)), (left, right))

    def _static_binary(self, op: type[ast.operator], left: Any, right: Any) -> Any:
        left, right = (tuple(v) if isinstance(v, (Size, Fields)) else v for v in (left, right))
        if isinstance(left, (list, tuple)) or isinstance(right, (list, tuple)):
            made = _sequence_arithmetic(op, left, right)
            if made is not None:
                return self.made(made)
        return super().binary(op, left, right)

    def subscripted(self, value: Tensor, key: Any) -> Tensor:
        self.begin("getitem", (value, key), {})
        return super().subscripted(value, key)

    def library(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        made = super().library(function, args, kwargs)
        if self.at_work.name in PLAIN and isinstance(made, Variable):
            return self.plain_number(made)
        return made

    def called(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        library = getattr(function, "library", "")
        owner = getattr(function, "owner", None)
        operands = args if owner is None else [owner, *args]
        path = getattr(function, "path", "") or getattr(function, "name", "")
        call = self.begin(path, operands, kwargs, library)
        require_types(call, library)
        value = super().called(function, args, kwargs)
        # It may have called functions of the program.
        self.at_work = call
        if path in DENSE and not call.operands[0].value().flags.c_contiguous:
            value = OPS["reshape"](value, value.shape)
            value.value = np.ascontiguousarray(call.operands[0].value())
        return value

    def makes_torch(self) -> bool:
        return self.at_work.library == "torch"

    def views_elements(self, owner: Tensor) -> bool:
        return isinstance(owner, Variable) and owner.library == "torch"

    def cast(self, value: Tensor, dtype: np.dtype[Any]) -> Tensor:
        assert isinstance(value, Variable)
        if dtype == value.dtype:
            return value
        self.begin("to", (value,), {})
        if dtype.kind != "f":
            node = converted(value.node, dtype)
            held = self.eager.value(node, value.dtype)
            return self.made_of(wrapped_around(held, dtype), node.kind, dtype, value.library)
        node = OPS["reshape"](value.node * 1.0 if value.kind != "real" else value.node, value.shape)
        held = stored(value.value(), "real", dtype)
        if not (value.requires_grad and self.grad_enabled):
            return self.made_of(held, "real", dtype, value.library)
        node.value = held
        result = Variable(node, dtype, value.library, self.eager)
        result.record("ToCopyBackward0")
        note_of(node).step = "ToCopyBackward0"
        return result

    def dtype(self, value: Tensor) -> np.dtype[Any]:
        assert isinstance(value, Variable)
        return value.dtype

    def plain_number(self, value: Tensor) -> Any:
        assert isinstance(value, Variable)
        array = value.value()
        if array.size != 1:
            raise ArgumentError(f"{describe(value.node)} is not one number", hint="`.sum()`?")
        return array.astype(BOOL if value.kind == "bool" else value.dtype).item()


def _all_whole(call: Call) -> bool:
    numbers = [arg for arg in [*call.args, *call.kwargs.values()] if not isinstance(arg, Variable)]
    whole = all(operand.dtype.kind in "iub" for operand in call.operands)
    return bool(call.operands) and whole and not any(type(number) is float for number in numbers)


def _sequence_arithmetic(op: type[ast.operator], left: Any, right: Any) -> Any:
    """Python's arithmetic on lists and tuples, or None where it has none."""
    if op is ast.Add and type(left) is type(right):
        return bounded(len(left) + len(right), lambda: left + right)
    if op is ast.Mult and int in (type(left), type(right)):
        items, times = (left, right) if isinstance(left, (list, tuple)) else (right, left)
        return bounded(len(items) * max(times, 0), lambda: items * times)
    return None
