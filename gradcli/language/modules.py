"""`import`: the array libraries under the names they are given; nothing is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import NameProblem, did_you_mean
from gradcli.language.natives import READ_ONLY, Unused
from gradcli.language.places import span_of
from gradcli.language.values import lookup
from gradcli.ops.binding import MODULES

if TYPE_CHECKING:
    import ast

    from gradcli.language.interpret import Interpreter


def import_(interpreter: Interpreter, node: ast.Import | ast.ImportFrom) -> None:
    """Bind the names of an import statement."""
    source = getattr(node, "module", None)
    for alias in node.names:
        full = alias.name if source is None else f"{source}.{alias.name}"
        root = full.split(".")[0]
        interpreter.torch_methods = interpreter.torch_methods or root == "torch"
        interpreter.jax_arrays = interpreter.jax_arrays or root == "jax"
        shown = alias.asname or alias.name
        if source is None and alias.asname is None:
            full = shown = root
        interpreter.scope.names[shown] = interpreter.imported(full, node)


def module_value(full: str, node: ast.AST) -> Any:
    """What a dotted name of an import means. Raises NameProblem."""
    parts = full.split(".")
    for count in range(len(parts), 0, -1):
        head = ".".join(parts[:count])
        if head in MODULES:
            value = lookup(".".join([MODULES[head], *parts[count:]]))
            if value is not None:
                return value
            if count < len(parts):
                space = lookup(MODULES[head])
                try:
                    space.get(".".join(parts[count:]))
                except NameProblem as error:
                    error.span = span_of(node)
                    raise
    if parts[0] in READ_ONLY:
        return Unused(full)
    known = ", ".join(f"`{name}`" for name in MODULES)
    from gradcli.language.foreign import explain_module

    hint = explain_module(parts[0]) or did_you_mean(full, list(MODULES)) or f"known are {known}"
    raise NameProblem(f"there is no module `{full}` here", span=span_of(node), hint=hint)
