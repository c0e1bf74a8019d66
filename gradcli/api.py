"""The Python interface: the same calculator, with nothing of the command line imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.results import Derived, Evaluation, Jacobian
from gradcli.session import Program
from gradcli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from gradcli.jacobians import Mode
    from gradcli.shapes import Declared


class Compiled:
    """A program to be run at many inputs: parsed once, traced once for each set of shapes.

    Where values steered the program (a condition, an index), it is traced again as soon as new
    inputs would steer it elsewhere.
    """

    def __init__(self, expr: str, settings: Settings) -> None:
        self._program = Program(expr, settings=settings)

    @property
    def inputs(self) -> list[str]:
        """Names that the program needs values for."""
        return self._program.missing([])

    def evaluate(
        self,
        inputs: Mapping[str, ArrayLike] | None = None,
        *,
        seed: Any = None,
        wrt: Sequence[str] | str | None = None,
        grad: bool = True,
    ) -> Evaluation:
        """Value and gradient; see `gradcli.evaluate`."""
        given = dict(inputs or {})
        self._program.check_names(given)
        return self._program.trace(given).evaluate(seed, wrt, grad)

    def jacobian(
        self,
        inputs: Mapping[str, ArrayLike] | None = None,
        *,
        wrt: Sequence[str] | str | None = None,
        mode: Mode = "auto",
    ) -> Jacobian:
        """Value and Jacobian; see `gradcli.jacobian`."""
        given = dict(inputs or {})
        self._program.check_names(given)
        return self._program.trace(given).jacobian(wrt, mode)


def compile(expr: str, **settings: Any) -> Compiled:
    """Parse a program once, to run it at many inputs.

    settings: dtype ("float64" or "float32"), max_memory (bytes), max_nodes, max_nesting,
    max_iterations, random_seed. Raises GradcliError where the source is no program.
    """
    return Compiled(expr, Settings(**settings))


def evaluate(
    expr: str,
    inputs: Mapping[str, ArrayLike] | None = None,
    *,
    seed: Any = None,
    wrt: Sequence[str] | str | None = None,
    grad: bool = True,
    **settings: Any,
) -> Evaluation:
    """Value of a program, and its gradient by every input (or those of `wrt`).

    A gradient has its input's shape. `seed` has the output's shape, or is "ones", and makes the
    gradient the vector-Jacobian product; a non-scalar output needs one (a tuple of them for several
    outputs). Raises GradcliError.
    """
    return compile(expr, **settings).evaluate(inputs, seed=seed, wrt=wrt, grad=grad)


def jacobian(
    expr: str,
    inputs: Mapping[str, ArrayLike] | None = None,
    *,
    wrt: Sequence[str] | str | None = None,
    mode: Mode = "auto",
    **settings: Any,
) -> Jacobian:
    """Jacobians of a program by every input, each of shape `out.shape + in.shape`.

    `mode` is "reverse" (a pass for each output element), "forward" (for each input element), or
    "auto". Raises GradcliError.
    """
    return compile(expr, **settings).jacobian(inputs, wrt=wrt, mode=mode)


def derive(
    expr: str,
    inputs: Mapping[str, ArrayLike] | None = None,
    *,
    shapes: Mapping[str, Declared | str] | None = None,
    wrt: Sequence[str] | str | None = None,
    order: int = 1,
    jacobian: bool = False,
    style: str = "text",
    **settings: Any,
) -> Derived:
    """Derivatives of a program as formulas.

    shapes: shapes with names of sizes for inputs without a value, as `("n", 3)` or `"n,3"`; what
    is neither given nor declared is inferred from use. order: 2 for the Hessian. jacobian: the
    Jacobian of a tensor, not its product with a seed. style: "text" (read back by `evaluate`),
    "latex", or a function for "numpy", "torch" or "jax". Raises GradcliError.
    """
    from gradcli.formulas import Request
    from gradcli.formulas import derive as derived
    from gradcli.shapes import read_shape

    declared = {
        name: read_shape(f"{name}={shape}")[1] if isinstance(shape, str) else tuple(shape)
        for name, shape in (shapes or {}).items()
    }
    names = [wrt] if isinstance(wrt, str) else wrt
    program = Program(expr, settings=Settings(**settings))
    return derived(program, inputs or {}, declared, Request(names, order, jacobian, style))
