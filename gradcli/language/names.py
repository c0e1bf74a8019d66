"""Names of a program: which it reads from outside, and what bare ones mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.language.natives import NATIVES
from gradcli.language.scopes import Reader, entry_function, parameters_of
from gradcli.language.static import BUILTINS
from gradcli.language.values import BUILTIN_SPACES, Namespace
from gradcli.ops.binding import CONSTANTS, find

if TYPE_CHECKING:
    import ast


def known_name(name: str) -> Any:
    """What a bare name means that the program does not bind; None where nothing."""
    if name in BUILTIN_SPACES:
        return Namespace(BUILTIN_SPACES[name])
    if name in CONSTANTS:
        return CONSTANTS[name]
    return BUILTINS.get(name) or NATIVES.get(name) or find(name)


def free_names(module: ast.Module, entry: str | None = None) -> list[str]:
    """Names that the program reads and does not bind before, in order of appearance.

    The parameters of the function that it is, if it is one, are among them.
    """
    free = Reader(module).free
    function = entry_function(module, entry)
    if function is not None:
        free.update(dict.fromkeys(parameters_of(function)))
    free.pop("__name__", None)
    return list(free)
