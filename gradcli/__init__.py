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
    from gradcli.api import (
        Compiled,
        compile,
        derivative,
        derive,
        evaluate,
        hessian,
        hvp,
        jacobian,
        jvp,
        map,
    )
    from gradcli.derived import Derived
    from gradcli.errors import GradcliError
    from gradcli.results import (
        Derivative,
        Diagonal,
        Evaluation,
        Hessian,
        Jacobian,
        Product,
        Tangent,
    )

__version__ = "0.1.0"

__all__ = [
    "Compiled",
    "Derivative",
    "Derived",
    "Diagonal",
    "Evaluation",
    "GradcliError",
    "Hessian",
    "Jacobian",
    "Product",
    "Tangent",
    "__version__",
    "compile",
    "derivative",
    "derive",
    "evaluate",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "map",
]

_HOMES = {
    "Compiled": "gradcli.api",
    "compile": "gradcli.api",
    "derivative": "gradcli.api",
    "derive": "gradcli.api",
    "evaluate": "gradcli.api",
    "hessian": "gradcli.api",
    "hvp": "gradcli.api",
    "jacobian": "gradcli.api",
    "jvp": "gradcli.api",
    "map": "gradcli.api",
    "Derived": "gradcli.derived",
    "GradcliError": "gradcli.errors",
    "Derivative": "gradcli.results",
    "Diagonal": "gradcli.results",
    "Evaluation": "gradcli.results",
    "Hessian": "gradcli.results",
    "Jacobian": "gradcli.results",
    "Product": "gradcli.results",
    "Tangent": "gradcli.results",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gradcli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
