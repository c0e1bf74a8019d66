"""Graphs as a Python function for NumPy, PyTorch or JAX, with common parts named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.emit.sheet import written
from gradcli.emit.text import POSTFIX, Text
from gradcli.errors import ArgumentError
from gradcli.graph import Arena, Dim, Node, ancestors, building
from gradcli.ops.notation.formula import (
    Attribute,
    Call,
    Formula,
    Name,
    Number,
    Placed,
    Stacked,
    extent,
)
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.emit.text import Shown
    from gradcli.ops.notation.libraries import Library


class Source(Text):
    """Prints formulas as expressions of a library.

    reference: an input whose precision and device constants take. modules, helpers, sizes_used:
    what the text refers to.
    """

    loose = False

    def __init__(
        self, library: Library, sizes: Mapping[int, str] | None = None, reference: str = ""
    ) -> None:
        super().__init__((), sizes)
        self.library = library
        self.reference = reference
        self.modules: set[str] = set()
        self.helpers: dict[str, str] = {}
        self.sizes_used: set[str] = set()

    # --- what Text asks for ----------------------------------------------------------------------

    def call(self, formula: Call) -> Shown:
        """A call in the library's names and words."""
        writer = self.library.calls.get(formula.function)
        if writer is not None:
            return writer(self, formula), POSTFIX
        named = formula.named
        args = formula.args
        if self.library.tensors:
            args = tuple([self.tensor_text(x) if isinstance(x, Number) else x for x in args])
        return self.called(formula.function, args, named), POSTFIX

    def show(self, formula: Formula) -> Shown:
        if isinstance(formula, Attribute) and formula.name == "mT":
            if self.library.alias == "np":
                return self.called("swapaxes", [formula.base, -1, -2], {}), POSTFIX
        return super().show(formula)

    def text(self, formula: Formula) -> str:
        """One formula; a list is an array of its own in any place."""
        if isinstance(formula, Placed):
            formula = formula.plain(False)
        if isinstance(formula, Stacked):
            return self.call(formula.call())[0]
        return self.show(formula)[0]

    def function(self, name: str) -> str:
        """The library's name of a function; its module is noted.

        Raises ArgumentError where it has none.
        """
        row = name.startswith("ops.")
        full = None if row else name if "." in name else self.library.spelling(name)
        if full is None:
            raise ArgumentError(
                f"{self.library.name} has no function for `{name.removeprefix('ops.')}`",
                hint="--format text writes the formula in the language of gradcli",
            )
        if full.startswith("scipy."):
            self.modules.add(full.rpartition(".")[0])
        return full

    def item(self, item: Any) -> str:
        text = super().item(item)
        return f"jnp.array({text})" if text[:1] == "[" and self.library.alias == "jnp" else text

    def constant(self, name: str) -> str:
        return f"{self.library.alias}.{name}"

    def named_size(self, name: str) -> Shown:
        self._note(name)
        return super().named_size(name)

    def size(self, value: int) -> str:
        text = super().size(value)
        self._note(text)
        return text

    def _note(self, name: str) -> None:
        word = "".join([c if c.isalnum() or c == "_" else " " for c in name])
        self.sizes_used.update([part for part in word.split() if not part.isdigit()])

    # --- what writers of calls ask for ------------------------------------------------------------

    def called(self, name: str, args: Sequence[Any], named: Mapping[str, Any]) -> str:
        """A call; texts among the arguments stand as they are."""
        parts = [x if type(x) is str and "->" not in x else self.static(x) for x in args]
        words = self.library.keywords
        parts += [
            f"{words.get(key, key)}={value if type(value) is str else self.static(value)}"
            for key, value in named.items()
        ]
        return f"{self.function(name)}({', '.join(parts)})"

    def operand(self, formula: Any) -> str:
        """A formula as an operand of a power."""
        return self.within(formula, POSTFIX) if isinstance(formula, Formula) else str(formula)

    def tensor_text(self, formula: Formula) -> str:
        """A formula, a number as a tensor."""
        if not isinstance(formula, Number):
            return self.text(formula)
        return self.called(f"{self.library.alias}.tensor", [self.number(formula.value)[0]],
                           self.like())  # fmt: skip

    def like(self) -> dict[str, str]:
        """Precision and device of constants."""
        if not self.reference:
            return {"dtype": f"{self.library.alias}.float64"}
        return {"dtype": f"{self.reference}.dtype", "device": f"{self.reference}.device"}

    # --- statements -------------------------------------------------------------------------------

    def assigned(self, name: str, formula: Formula) -> list[str]:
        """Statements that give a name the value of a formula."""
        if not isinstance(formula, Placed) or isinstance(formula.plain(False), Stacked):
            return [f"{name} = {self.text(formula)}"]
        zeros = self.call(Call("zeros", extent(formula.shape), ndim=formula.ndim))[0]
        if self.library.alias == "jnp":
            for value, items, _ in formula.parts:
                zeros += f".at[{self.items(items)}].add({self.text(value)})"
            return [f"{name} = {zeros}"]
        lines = [f"{name} = {zeros}"]
        for value, items, _ in formula.parts:
            arrays = [item for item in items if not isinstance(item, (int, tuple))]
            if not arrays:
                lines.append(f"{name}[{self.items(items)}] += {self.text(value)}")
            elif not self.library.tensors:
                # Positions may repeat: each counts.
                at = f"{self.library.alias}.s_[{self.items(items)}]"
                lines.append(f"{self.library.alias}.add.at({name}, {at}, {self.text(value)})")
            elif any(isinstance(item, tuple) for item in items):
                return [f"{name} = {self.text(formula.plain(True))}"]
            else:
                at = ", ".join([f"torch.tensor({self.item(item)})" for item in items])
                added = f"index_put_(({at},), {self.text(value)}, accumulate=True)"
                lines.append(f"{name}.{added}")
        return lines


def lowered(outputs: Sequence[Node], library: Library) -> list[Node]:
    """The graph with what the library lacks expanded into what it has."""
    arena = Arena(rewrite)
    current = list(outputs)
    with building(arena):
        for _ in range(4):  # expansions of expansions
            made: dict[int, Node] = {}
            changed = False
            for node in ancestors(current):
                operands = tuple([made[x.serial] for x in node.inputs])
                other = None if _has(library, node) else node.op.expand(node, operands)
                if other is not None:
                    made[node.serial] = other
                    changed = True
                elif all(a is b for a, b in zip(operands, node.inputs, strict=True)):
                    made[node.serial] = node
                else:
                    made[node.serial] = arena.make(node.op, operands, node.params)
            current = [made[node.serial] for node in current]
            if not changed:
                break
    return current


def _has(library: Library, node: Node) -> bool:
    """Whether the library has a function for a node, as it is written."""
    formula = node.op.write(node, [Number(0)] * len(node.inputs))
    return not isinstance(formula, Call) or library.has(formula.function)


class Part:
    """A result of the function: its name in it, and its node."""

    def __init__(self, name: str, node: Node) -> None:
        self.name = name
        self.node = node


def function_text(
    library: Library,
    name: str,
    inputs: Mapping[str, Node],
    parts: Sequence[Part],
    returned: str,
    doc: Sequence[str],
    sizes: Mapping[int, str] | None = None,
) -> str:
    """The source of a function of the inputs that computes the parts and returns an expression.

    doc: lines of its docstring. sizes: names of sizes by their samples.
    """
    nodes = lowered([part.node for part in parts], library)
    taken = {*inputs, *[part.name for part in parts], *(sizes or {}).values()}
    names = {node.serial: part.name for part, node in zip(parts, nodes, strict=True)}
    sheet = written(nodes, taken, code=True, names=names)
    reference = next((key for key, node in inputs.items() if node.kind == "real"), "")
    source = Source(library, sizes, reference)
    body: list[str] = []
    for line, formula in sheet.lines:
        body += source.assigned(line, formula)
    for part, formula in zip(parts, sheet.results, strict=True):
        if not (isinstance(formula, Name) and formula.text == part.name):
            body += source.assigned(part.name, formula)
    lengths = _lengths(source.sizes_used, inputs)
    quote = '"""'
    lines = [f"def {name}({', '.join(inputs)}):"]
    first, *rest = doc
    lines.append(f"    {quote}{first}" + ("" if rest else quote))
    lines += [f"    {line}".rstrip() for line in rest]
    lines += [f"    {quote}"] if rest else []
    lines += [f"    {line}" for line in [*lengths, *body]]
    lines.append(f"    return {returned}")
    modules = [f"import {module}" for module in sorted(source.modules)]
    helpers = [line for text in source.helpers.values() for line in (text, "")]
    return "\n".join([library.imports, *modules, "", "", *helpers, *lines])


def _lengths(used: set[str], inputs: Mapping[str, Node]) -> list[str]:
    """Statements that read named sizes off the inputs."""
    lines = []
    seen: set[str] = set()
    for name, node in inputs.items():
        for axis, size in enumerate(node.shape):
            if isinstance(size, Dim) and size.name in used and size.name not in seen:
                seen.add(size.name)
                lines.append(f"{size.name} = {name}.shape[{axis}]")
    return lines
