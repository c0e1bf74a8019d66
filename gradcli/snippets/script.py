"""Runs a script: every tensor has its value at once, and PyTorch's autograd above it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError, GradcliError, SyntaxProblem
from gradcli.graph import OPS, Node, Trace, building
from gradcli.language.assignment import element
from gradcli.language.dtypes import converted
from gradcli.language.functions import Closure
from gradcli.language.interpret import Interpreter
from gradcli.language.natives import Native
from gradcli.language.operations import binary, compare, negated
from gradcli.language.parser import parse
from gradcli.language.runtime import Runtime
from gradcli.language.stack import with_room
from gradcli.language.statements import run_top
from gradcli.language.static import bounded
from gradcli.language.tensors import Tensor, bare, shares
from gradcli.language.text import array_text
from gradcli.language.torch_names import grad_fn_name
from gradcli.language.torch_text import DEFAULTS, tensor_text
from gradcli.language.values import Namespace
from gradcli.ops.binding import Function
from gradcli.ops.leaves import input_
from gradcli.ops.values import describe
from gradcli.snippets.autograd import Autograd
from gradcli.snippets.builtins import BUILTINS, shown_shape
from gradcli.snippets.eager import Eager, stored
from gradcli.snippets.torch_members import FUNCTIONS, METHODS, PROPERTIES, SETTERS
from gradcli.snippets.variable import Variable, result_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradcli.settings import Settings


class Spelled:
    """A function of the library as one library spells it: what it makes is that library's."""

    __slots__ = ("function", "library")

    def __init__(self, function: Function, library: str) -> None:
        self.function = function
        self.library = library

    @property
    def name(self) -> str:
        return self.function.name

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self.function(args, kwargs)


class Script(Interpreter):
    """One script. output: where `print` writes."""

    def __init__(self, settings: Settings, output: Callable[[str], None]) -> None:
        super().__init__({}, settings.max_iterations, settings.max_depth)
        self.settings = settings
        self.write = output
        self.eager = Eager(settings.max_memory)
        self.autograd = Autograd(self)
        self.print_options = DEFAULTS
        self.default_dtype = np.dtype(np.float32)
        self.working = self.default_dtype
        self.library_at_work = "torch"
        self.call_at_work: tuple[str, list[Any], dict[str, Any]] = ("", [], {})
        self.seed: int | None = None
        self.trace = Trace(self._concrete, settings.max_nodes, self._draw_seed, strict=True)
        self.module.names["__name__"] = "__main__"

    def _concrete(self, node: Node, static: bool) -> Any:
        return self.eager.value(node, self.working)

    def _draw_seed(self) -> int:
        return self.settings.seed() if self.seed is None else self.seed

    def execute(self, tree: ast.Module) -> Any:
        """Run all statements; the value of the last where it is an expression worth showing."""
        shown: Any = None
        for statement in tree.body:
            # Nodes count for what is alive, which memory bounds: a long loop makes many.
            self.trace.nodes = 0
            if statement is tree.body[-1] and isinstance(statement, ast.Expr):
                value = self.expression(statement.value)
                writes = isinstance(statement.value, ast.Call) and _writes(statement.value)
                shown = None if writes else value
            else:
                run_top(self, statement)
        return shown

    # --- tensors ---------------------------------------------------------------------------------

    def leaf(self, value: Any, kind: Any, dtype: Any) -> Node:
        """A node that stands for a value, and for nothing behind it."""
        held = stored(value, kind, dtype)
        params = (held.shape, "value", kind)
        node = Node(input_, (), params, ((held.shape, kind),))
        self.eager.hold(node, held)
        return node

    def made_of(self, value: Any, kind: Any, dtype: Any, library: str) -> Variable:
        """A tensor that holds a value."""
        return Variable(self.leaf(value, kind, dtype), np.dtype(dtype), library)

    def value_of(self, variable: Tensor) -> Any:
        """The array that a tensor holds."""
        assert isinstance(variable, Variable)
        return self.eager.value(variable.node, variable.dtype)

    def apply(self, build: Callable[..., Any], *args: Any) -> Any:
        self.begin("", list(args), {})
        self.call_at_work = ("neg" if build is negated else "", list(args), {})
        return super().apply(build, *args)

    def item(self, value: Any, key: Any) -> Any:
        if isinstance(value, Variable):
            self.begin("", [value], {})
            self.call_at_work = ("getitem", [value, key], {})
            return element(self, value, key)
        return super().item(value, key)

    def library(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        library = getattr(function, "library", "")
        owner = getattr(function, "owner", None)
        operands = [*args] if owner is None else [owner, *args]
        self.begin(library, operands, kwargs, function)
        if library == "math":
            plain = [self._number(arg) for arg in args]
            made = self.eager.value(function(plain, kwargs), np.dtype(np.float64))
            return made.item()
        return super().library(function, args, kwargs)

    def _number(self, value: Any) -> Any:
        return self.plain_number(value) if isinstance(value, Tensor) else value

    def begin(
        self, library: str, args: list[Any], kwargs: dict[str, Any], function: Any = None
    ) -> None:
        """Note what is being called: it says whose tensors come out, and of what type."""
        operands = self.variables(args) + self.variables(list(kwargs.values()))
        found = {operand.library for operand in operands}
        self.library_at_work = library if library in ("np", "jnp", "torch") else ""
        if found and not (library == "torch" and found == {"np"}):
            self.library_at_work = "torch" if "torch" in found else found.pop()
        self.library_at_work = self.library_at_work or ("torch" if self.torch_methods else "np")
        self.working = result_dtype("real", operands, self.library_at_work, self.default())
        name = "" if function is None else torch_name(function)
        self.call_at_work = (name, args, kwargs)

    def default(self) -> np.dtype[Any]:
        """The type of a real tensor that nothing else decides."""
        wide = self.library_at_work == "np"
        return np.dtype(np.float64) if wide else self.default_dtype

    def wrapped(self, value: Any, args: Iterable[Any], copied: bool = False) -> Any:
        if type(value) is Node:
            operands = self.variables(list(args))
            made = self._variable(value, operands)
            if not copied:
                for arg in operands:
                    if arg._node is value or value.op.is_view(value):
                        self._share(made, value, arg)
            return made
        return super().wrapped(value, args, copied)

    def _share(self, made: Variable, node: Node, arg: Variable) -> None:
        if shares(node, arg._node):
            made.sharing(arg)

    def _variable(self, node: Node, operands: list[Variable]) -> Variable:
        library = self.library_at_work
        dtype = result_dtype(node.kind, operands, library, self.default())
        value = self.eager.value(node, dtype if node.kind == "real" else self.working)
        requires = (
            self.grad_enabled
            and node.kind == "real"
            and node.op.differentiable
            and any(operand.requires_grad for operand in operands)
        )
        if not requires:
            # Nothing will ask what is behind it.
            kept = any(operand._node is node for operand in operands)
            return Variable(node if kept else self.leaf(value, node.kind, dtype), dtype, library)
        made = Variable(node, dtype, library)
        made.requires_grad = True
        made.function = self._backward_name() or operands[0].function or "step"
        return made

    def _backward_name(self) -> str:
        name, args, kwargs = self.call_at_work
        if not name:
            return "Backward0"
        return grad_fn_name(name, args, kwargs)

    def binary(self, op: type[ast.operator], left: Any, right: Any) -> Any:
        if isinstance(left, list) or isinstance(right, list):
            made = _list_arithmetic(op.__name__, left, right)
            if made is not None:
                return made
        tensors = (isinstance(left, Tensor), isinstance(right, Tensor))
        if not any(tensors):
            return super().binary(op, left, right)
        self.begin("", [left, right], {})
        name = OPERATORS.get(op.__name__, "")
        self.call_at_work = (name if tensors[0] else "r" + name, [left, right], {})
        return self.wrapped(binary(op, bare(left), bare(right)), [left, right])

    def required(self, value: Any, wanted: Any) -> Any:
        if isinstance(value, Variable) and self.truth(wanted):
            METHODS["requires_grad_"](self, value, [], {})
        return value

    def cast(self, value: Tensor, dtype: np.dtype[Any]) -> Tensor:
        assert isinstance(value, Variable)
        if dtype == value.dtype:
            return value
        self.begin("", [value], {})
        if dtype.kind != "f":
            node = converted(value.node, dtype)
            held = self.eager.value(node, self.working)
            return self.made_of(held, node.kind, dtype, value.library)
        node = OPS["reshape"](value.node * 1.0 if value.kind != "real" else value.node, value.shape)
        held = stored(self.eager.value(value.node, value.dtype), "real", dtype)
        self.eager.hold(node, held)
        if not (value.requires_grad and self.grad_enabled):
            return self.made_of(held, "real", dtype, value.library)
        result = Variable(node, dtype, value.library)
        result.requires_grad, result.function = True, "ToCopyBackward0"
        return result

    def called_back(self, function: Closure, args: list[Any], kwargs: dict[str, Any]) -> Any:
        # A derivative is recorded under `no_grad` too; the call at work goes on afterwards.
        before = (self.library_at_work, self.working, self.call_at_work, self.grad_enabled)
        self.grad_enabled = True
        try:
            return super().called_back(function, args, kwargs)
        finally:
            self.library_at_work, self.working, self.call_at_work, self.grad_enabled = before

    def handle(self, value: Any) -> Any:
        if type(value) is not Node:
            return super().handle(value)
        kinds: dict[str, Any] = {"bool": np.bool_, "int": np.int64}
        dtype = kinds.get(value.kind, self.eager.value(value, self.working).dtype)
        made = Variable(value, np.dtype(dtype), self.library_at_work)
        made.requires_grad, made.function = value.kind == "real", "Backward0"
        return made

    def variables(self, values: list[Any]) -> list[Variable]:
        """The tensors among values, those in lists included."""
        found: list[Variable] = []
        for value in values:
            if isinstance(value, Variable):
                found.append(value)
            elif type(value) is list or type(value) is tuple:
                found += self.variables(list(value))
        return found

    def compared(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        """One comparison."""
        return self.apply(compare, op, left, right)

    def dtype(self, value: Tensor) -> np.dtype[Any]:
        assert isinstance(value, Variable)
        return value.dtype

    # --- names and attributes --------------------------------------------------------------------

    def known(self, name: str) -> Any:
        if name in BUILTINS:
            return BUILTINS[name]
        return spelled(super().known(name), name)

    def imported(self, full: str, node: ast.AST) -> Any:
        if full in FUNCTIONS:
            return Native(full, FUNCTIONS[full])
        return spelled(super().imported(full, node), full)

    def attribute(self, node: ast.Attribute, value: Any) -> Any:
        if isinstance(value, Namespace):
            full = f"{value.prefix}.{node.attr}"
            if full in FUNCTIONS:
                return Native(full, FUNCTIONS[full])
            return spelled(super().attribute(node, value), value.prefix)
        return super().attribute(node, value)

    def member(self, value: Tensor, name: str) -> Any:
        assert isinstance(value, Variable)
        if name in PROPERTIES:
            return PROPERTIES[name](self, value)
        if name in METHODS:
            body = METHODS[name]

            def call(runtime: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
                return body(self, value, args, kwargs)

            return Native(name, call)
        if name == "shape":
            return shown_shape(value)
        before, self.torch_methods = self.torch_methods, value.library == "torch"
        try:
            self.begin("", [value], {})
            self.call_at_work = (name, [value], {})
            return super().member(value, name)
        finally:
            self.torch_methods = before

    def set_member(self, owner: Any, target: ast.Attribute, value: Any) -> None:
        if not isinstance(owner, Variable) or target.attr not in SETTERS:
            raise SyntaxProblem(f"`.{target.attr}` cannot be assigned to")
        SETTERS[target.attr](self, owner, value)

    # --- writing in place ------------------------------------------------------------------------

    def is_number(self, value: Tensor) -> bool:
        assert isinstance(value, Variable)
        return not value.ndim and not value.held and value.library != "torch"

    def require_writable(self, owner: Tensor) -> None:
        super().require_writable(owner)
        assert isinstance(owner, Variable)
        if owner.requires_grad and owner.is_leaf and self.grad_enabled:
            raise ArgumentError(
                "a leaf Variable that requires grad is being used in an in-place operation",
                hint="within `with torch.no_grad():` it may be changed; `y = y + 1` makes another",
            )

    def write_whole(self, owner: Tensor, value: Any, where: ast.AST | None) -> Tensor:
        assert isinstance(owner, Variable)
        if isinstance(value, Variable) and value.dtype != owner.dtype and owner.kind == value.kind:
            value = self.cast(value, owner.dtype)
        if owner.through is not None:
            self.write_through(owner, value, where)
            return owner
        leaf = owner.requires_grad and owner.is_leaf
        super().write_whole(owner, value, where)
        recorded = isinstance(value, Variable) and value.requires_grad and self.grad_enabled
        if recorded and not leaf:
            owner.requires_grad, owner.function = True, value.function
        elif leaf or not owner.requires_grad:
            self.settle(owner)
        return owner

    def write_through(self, owner: Variable, value: Any, where: ast.AST | None) -> None:
        """Write to memory that another tensor has in the graph; its graph does not see it."""
        target = owner.through
        assert target is not None
        before, self.grad_enabled = self.grad_enabled, False
        try:
            self.write_whole(target, value, where)
        finally:
            self.grad_enabled = before
        owner.anchor(self.leaf(self.value_of(target), owner.kind, owner.dtype))
        owner.refresh()

    def settle(self, owner: Variable) -> None:
        """Let a tensor stand for its value alone."""
        owner.anchor(self.leaf(self.value_of(owner), owner.kind, owner.dtype))
        if owner.requires_grad:
            self.autograd.watch(owner)

    def wrote(self, owner: Tensor, value: Any, where: ast.AST | None) -> None:
        assert isinstance(owner, Variable)
        if isinstance(value, Variable) and value.requires_grad and self.grad_enabled:
            owner.requires_grad, owner.function = True, "CopySlices"
        if owner.through is not None:
            whole = self.made_of(self.value_of(owner), owner.kind, owner.dtype, owner.library)
            self.write_through(owner, whole, where)
        elif owner.is_leaf:
            self.settle(owner)
        else:
            self.value_of(owner)

    # --- text ------------------------------------------------------------------------------------

    def output(self, text: str) -> None:
        self.write(text)

    def tensor_text(self, value: Tensor, quoted: bool) -> str:
        assert isinstance(value, Variable)
        array = self.value_of(value)
        array = array.astype(value.dtype, copy=False)
        if value.library != "torch":
            return repr(array if array.ndim else array[()]) if quoted else array_text(array)
        suffix: list[str] = []
        if value.requires_grad:
            suffix = ["requires_grad=True" if value.is_leaf else f"grad_fn=<{value.function}>"]
        default = self.default_dtype.name
        return tensor_text(array, suffix=suffix, options=self.print_options, default=default)

    def plain_number(self, value: Tensor) -> Any:
        array = self.value_of(value)
        if array.size != 1:
            raise ArgumentError(f"{describe(value.node)} is not one number", hint="`.sum()`?")
        return array.astype(self.dtype(value)).item()


OPERATORS = {
    "Add": "add",
    "Sub": "sub",
    "Mult": "mul",
    "Div": "truediv",
    "Pow": "pow",
    "MatMult": "matmul",
    "FloorDiv": "floordiv",
    "Mod": "mod",
}


def _list_arithmetic(op: str, left: Any, right: Any) -> Any:
    """Python's arithmetic on lists, or None where it has none."""
    if op == "Add" and type(left) is type(right) is list:
        return bounded(len(left) + len(right), lambda: left + right)
    if op == "Mult" and int in (type(left), type(right)):
        items, times = (left, right) if isinstance(left, list) else (right, left)
        return bounded(len(items) * max(times, 0), lambda: items * times)
    return None


def spelled(value: Any, name: str) -> Any:
    """A function of the library, marked with whose it is."""
    if isinstance(value, Function):
        root = name.partition(".")[0]
        return Spelled(value, {"jax": "jnp", "numpy": "np"}.get(root, root))
    return value


def torch_name(function: Any) -> str:
    """PyTorch's name of a function: the key of what it prints as grad_fn."""
    inner = getattr(function, "function", function)
    for spelling in getattr(inner, "spellings", ()):
        for prefix in ("torch.", "Tensor."):
            if spelling.startswith(prefix):
                return str(spelling.removeprefix(prefix))
    return str(getattr(inner, "name", ""))


def _writes(call: Any) -> bool:
    """Whether a call is a method that works in place, or prints."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name.endswith("_") or name in ("print", "backward", "append", "manual_seed")


def run_script(source: str, filename: str | None, settings: Settings, output: Any) -> Script:
    """Run a script; what it prints goes to `output` as it runs.

    Raises GradcliError with the place; ClaimError where an assert does not hold.
    """
    script = Script(settings, output)
    try:
        tree = parse(source, settings.max_nesting, settings.max_source)
        with building(script.trace):
            shown = with_room(
                settings.max_nesting, settings.max_depth, lambda: script.execute(tree)
            )
            if shown is not None:
                script.output(script.text(shown) + "\n")
    except GradcliError as error:
        raise error.located(source, filename) from None
    return script
