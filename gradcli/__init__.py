"""gradcli: derivatives of tensor expressions.

    >>> import gradcli
    >>> result = gradcli.evaluate("sum(x**2)", {"x": [3, 4, 10]})
    >>> result.value, result.grad["x"]
    (array(125.), array([ 6.,  8., 20.]))

Names are imported when they are first used, so that the command line starts quickly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcli.api import Compiled, compile, derive, evaluate, jacobian
    from gradcli.errors import GradcliError
    from gradcli.results import Derived, Evaluation, Jacobian

__version__ = "0.1.0"

__all__ = [
    "Compiled",
    "Derived",
    "Evaluation",
    "GradcliError",
    "Jacobian",
    "__version__",
    "compile",
    "derive",
    "evaluate",
    "jacobian",
]

_HOMES = {
    "Compiled": "gradcli.api",
    "compile": "gradcli.api",
    "derive": "gradcli.api",
    "evaluate": "gradcli.api",
    "jacobian": "gradcli.api",
    "GradcliError": "gradcli.errors",
    "Derived": "gradcli.results",
    "Evaluation": "gradcli.results",
    "Jacobian": "gradcli.results",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gradcli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
