"""Runs a script: every tensor has its value at once, and PyTorch's autograd above it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError, NameProblem, SyntaxProblem
from gradcli.graph import building
from gradcli.language.frames import Frames
from gradcli.language.inplace import in_place_method
from gradcli.language.natives import Native
from gradcli.language.operations import compare
from gradcli.language.parser import parse
from gradcli.language.scopes import bound_names, require_placed
from gradcli.language.stack import with_room
from gradcli.language.statements import run_top
from gradcli.language.text import array_text
from gradcli.language.torch_text import DEFAULTS, tensor_text
from gradcli.language.values import Method, Namespace
from gradcli.snippets import known
from gradcli.snippets.autograd import Autograd
from gradcli.snippets.classes import name_of
from gradcli.snippets.spelled import Spelled, spelled
from gradcli.snippets.torch_methods import GradFn, require_grad
from gradcli.snippets.variable import Variable
from gradcli.snippets.writing import Writing

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from gradcli.errors import Span
    from gradcli.language.runtime import Runtime
    from gradcli.language.tensors import Tensor
    from gradcli.ops.binding import Function
    from gradcli.settings import Settings
    from gradcli.snippets.generators import TorchGenerator


RECENT = 10_000
"""Places where tensors were made that are remembered: a long loop makes many."""


class Recent(dict[int, ast.AST]):
    """Where in the source nodes were written, the latest ones."""

    def setdefault(self, serial: int, place: ast.AST) -> ast.AST:
        if len(self) > RECENT:
            for old in list(self)[: RECENT // 2]:
                del self[old]
        return super().setdefault(serial, place)


class Script(Writing):
    """One script. output: where `print` writes."""

    def __init__(self, settings: Settings, output: Callable[[str], None]) -> None:
        super().__init__(settings)
        self.frames = Frames(kept=False)
        self.write = output
        self.sites = Recent()
        self.autograd = Autograd(self)
        # What attributes of modules mean, and methods of tensors, once they were looked up.
        self._attributes: dict[tuple[str, str], Any] = {}
        self._functions: dict[tuple[str, str], Function] = {}
        self.print_options = DEFAULTS
        self.numpy_options: dict[str, Any] = {}
        self.torch_generator: TorchGenerator | None = None
        self.numpy_generator: np.random.RandomState | None = None
        self.python_generator: random.Random | None = None
        self.generators_made = 0
        self.module.names["__name__"] = "__main__"

    def execute(self, tree: ast.Module) -> Any:
        """Run all statements; the value of the last where it is an expression worth showing."""
        shown: Any = None
        self.body, self.assigned = tree.body, bound_names(tree.body)
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

    def compared(self, op: type[ast.cmpop], left: Any, right: Any) -> Any:
        """One comparison."""
        return self.apply(compare, op, left, right)

    def required(self, value: Any, wanted: Any) -> Any:
        return require_grad(self, value, self.truth(wanted))

    # --- names and attributes --------------------------------------------------------------------

    def known(self, name: str) -> Any:
        return known.BUILTINS.get(name) or spelled(super().known(name), name)

    def imported(self, full: str, node: ast.AST) -> Any:
        try:
            found = known.lookup(full)
            return spelled(super().imported(full, node), full) if found is None else found
        except NameProblem as error:
            raise known.explained(error, full) from None

    def attribute(self, node: ast.Attribute, value: Any) -> Any:
        name = node.attr
        if isinstance(value, Namespace):
            found = self._attributes.get((value.prefix, name))
            if found is None:
                found = self._attribute_of_space(node, value)
                self._attributes[value.prefix, name] = found
            return found
        members = known.MEMBERS.get(type(value))
        if members is not None and name in members:
            return members[name](self, value)
        if name == "__name__" and (named := name_of(value)) is not None:
            return named
        try:
            return super().attribute(node, value)
        except NameProblem as error:
            if isinstance(value, GradFn):
                known.explained(error, f"Tensor.grad_fn.{name}")
            raise

    def _attribute_of_space(self, node: ast.Attribute, space: Namespace) -> Any:
        full = f"{space.prefix}.{node.attr}"
        try:
            found = known.lookup(full)
            return spelled(super().attribute(node, space), full) if found is None else found
        except NameProblem as error:
            raise known.explained(error, full) from None

    def member(self, value: Tensor, name: str) -> Any:
        assert isinstance(value, Variable)
        library = "torch" if value.library == "torch" else "np"
        found = known.PROPERTIES[library].get(name) or known.PROPERTIES["any"].get(name)
        if found is not None:
            return found(self, value)
        body = known.METHODS[library].get(name)
        if body is not None:
            method = body

            def call(runtime: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
                return method(self, value, args, kwargs)

            return Native(name, call)
        if name.endswith("_") and library == "torch":
            return self._in_place(value, name)
        function = self._functions.get((value.library, name))
        if function is not None:
            return Spelled(function, value.library, name, value)
        before, self.torch_methods = self.torch_methods, library == "torch"
        try:
            self.begin(name, [value], {})
            found = super().member(value, name)
        except NameProblem as error:
            raise known.explained(error, f"Tensor.{name}") from None
        finally:
            self.torch_methods = before
        if isinstance(found, Method):
            self._functions[value.library, name] = found.function
            return Spelled(found.function, value.library, name, value)
        return found

    def _in_place(self, value: Variable, name: str) -> Native:
        method = in_place_method(self, value, name)

        def call(runtime: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
            self.writing_as = name
            return method.call(runtime, args, kwargs)

        return Native(name, call)

    def missing_input(self, name: str, span: Span, near: str) -> NameProblem:
        hint = near or "a script makes its own values: assign it further up"
        return NameProblem(f"`{name}` has no value", span=span, hint=hint)

    def set_member(self, owner: Any, target: ast.Attribute, value: Any) -> None:
        if not isinstance(owner, Variable) or target.attr not in known.SETTERS:
            raise SyntaxProblem(
                f"`.{target.attr}` cannot be assigned to",
                hint="`.grad`, `.data` and `.requires_grad` of a tensor can",
            )
        known.SETTERS[target.attr](self, owner, value)

    # --- text ------------------------------------------------------------------------------------

    def output(self, text: str) -> None:
        self.write(text)

    def format_text(self, value: Any) -> str:
        # A tensor of PyTorch's that has no axes formats as its number.
        if isinstance(value, Variable) and value.library == "torch" and not value.ndim:
            value = self.plain_number(value)
        return self.text(value)

    def tensor_text(self, value: Tensor, quoted: bool) -> str:
        assert isinstance(value, Variable)
        array = value.value().astype(value.dtype, copy=False)
        if value.library != "torch":
            with np.printoptions(**self.numpy_options):
                return repr(array if array.ndim else array[()]) if quoted else array_text(array)
        suffix: list[str] = []
        if value.requires_grad:
            suffix = ["requires_grad=True" if value.is_leaf else f"grad_fn=<{value.function}>"]
        default = self.default_dtype.name
        text = tensor_text(array, suffix=suffix, options=self.print_options, default=default)
        return f"Parameter containing:\n{text}" if value.parameter else text


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
        require_placed(tree)
        with building(script.trace), np.errstate(all="ignore"):
            shown = with_room(
                settings.max_nesting, settings.max_depth, lambda: script.execute(tree)
            )
            if shown is not None:
                script.output(script.text(shown) + "\n")
    except GradcliError as error:
        raise error.located(source, filename) from None
    return script
