"""The Python interface: the same calculator, with nothing of the command line imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.results import Evaluation, Jacobian
from gradcli.session import Program
from gradcli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from gradcli.jacobians import Mode


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
    max_iterations, max_depth, max_source, random_seed. Raises GradcliError where the source is no
    program.
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
