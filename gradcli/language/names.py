"""Names of a program: which it reads from outside, and what bare ones mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.language import transforms  # noqa: F401  the derivative operators
from gradcli.language.natives import NATIVES
from gradcli.language.scopes import Reader, entry_function, parameters_of
from gradcli.language.static import BUILTINS
from gradcli.language.values import BUILTIN_SPACES, Namespace
from gradcli.ops.binding import CONSTANTS, find_bare

if TYPE_CHECKING:
    import ast


def known_name(name: str) -> Any:
    """What a bare name means that the program does not bind; None where nothing."""
    if name in BUILTIN_SPACES:
        return Namespace(BUILTIN_SPACES[name])
    if name in CONSTANTS:
        return CONSTANTS[name]
    return BUILTINS.get(name) or NATIVES.get(name) or find_bare(name)


def free_names(module: ast.Module, entry: str | None = None) -> dict[str, bool]:
    """Names that the program reads and does not bind before, in order of appearance.

    The parameters of the function that it is, if it is one, are among them. The value says whether
    a name must be given: a parameter with a default need not, and what is only called is no input.
    """
    reader = Reader(module)
    free = {name: name in reader.values for name in reader.free}
    function = entry_function(module, entry)
    if function is not None:
        free = {**parameters_of(function), **free}
    free.pop("__name__", None)
    return free
