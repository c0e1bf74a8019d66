"""The Python interface: the same calculator, with nothing of the command line imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from gradcli.graph import uncollected
from gradcli.results import Derivative, Diagonal, Evaluation, Hessian, Jacobian, Product, Tangent
from gradcli.session import Program
from gradcli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from gradcli.derived import Derived
    from gradcli.jacobians import Mode
    from gradcli.run import Run
    from gradcli.shapes import Declared

    Inputs = Mapping[str, ArrayLike] | None


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
        inputs: Inputs = None,
        *,
        seed: Any = None,
        wrt: Sequence[str] | str | None = None,
        grad: bool = True,
    ) -> Evaluation:
        """Value and gradient; see `gradcli.evaluate`."""
        return self._run(inputs).evaluate(seed, wrt, grad)

    @overload
    def jacobian(
        self,
        inputs: Inputs = ...,
        *,
        wrt: Sequence[str] | str | None = ...,
        mode: Mode = ...,
        diag: Literal[False] = False,
        sparse: bool | None = ...,
    ) -> Jacobian: ...
    @overload
    def jacobian(
        self,
        inputs: Inputs = ...,
        *,
        wrt: Sequence[str] | str | None = ...,
        mode: Mode = ...,
        diag: Literal[True],
    ) -> Diagonal: ...
    def jacobian(
        self,
        inputs: Inputs = None,
        *,
        wrt: Sequence[str] | str | None = None,
        mode: Mode = "auto",
        diag: bool = False,
        sparse: bool | None = False,
    ) -> Jacobian | Diagonal:
        """Value and Jacobian; see `gradcli.jacobian`."""
        return self._run(inputs).jacobian(wrt, mode, diag=diag, sparse=sparse)

    def derivative(
        self,
        inputs: Inputs = None,
        *,
        order: int = 1,
        wrt: Sequence[str] | str | None = None,
    ) -> Derivative:
        """Value and elementwise derivatives; see `gradcli.derivative`."""
        return self._run(inputs).derivative(order, wrt)

    def hessian(
        self,
        inputs: Inputs = None,
        *,
        seed: Any = None,
        wrt: Sequence[str] | str | None = None,
        sparse: bool | None = False,
    ) -> Hessian:
        """Value and Hessian; see `gradcli.hessian`."""
        return self._run(inputs).hessian(wrt, seed, sparse=sparse)

    def jvp(self, inputs: Inputs, tangents: Mapping[str, Any]) -> Tangent:
        """Value and Jacobian-vector product; see `gradcli.jvp`."""
        return self._run(inputs).jvp(tangents)

    def hvp(
        self,
        inputs: Inputs,
        tangents: Mapping[str, Any],
        *,
        seed: Any = None,
        wrt: Sequence[str] | str | None = None,
    ) -> Product:
        """Value and Hessian-vector product; see `gradcli.hvp`."""
        return self._run(inputs).hvp(tangents, seed, wrt)

    def map(
        self,
        inputs: Mapping[str, ArrayLike],
        over: Sequence[str] | str,
        *,
        seed: Any = None,
        wrt: Sequence[str] | str | None = None,
        grad: bool = True,
    ) -> Evaluation:
        """Value and gradient of each row; see `gradcli.map`."""
        from gradcli.mapped import mapped

        names = [over] if isinstance(over, str) else list(over)
        chosen = [wrt] if isinstance(wrt, str) else wrt
        return mapped(self._program, inputs, names, seed=seed, wrt=chosen, grad=grad)

    def _run(self, inputs: Inputs) -> Run:
        given = dict(inputs or {})
        self._program.check_names(given)
        return self._program.trace(given)


def compile(expr: str, **settings: Any) -> Compiled:
    """Parse a program once, to run it at many inputs.

    settings: dtype ("float64" or "float32"), max_memory (bytes), max_nodes, max_nesting,
    max_iterations, max_depth, max_source, random_seed. Raises GradcliError where the source is no
    program.
    """
    return Compiled(expr, Settings(**settings))


def evaluate(
    expr: str,
    inputs: Inputs = None,
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
    # The graph is gone again before the collector could look at it.
    with uncollected():
        return compile(expr, **settings).evaluate(inputs, seed=seed, wrt=wrt, grad=grad)


def map(
    expr: str,
    inputs: Mapping[str, ArrayLike],
    over: Sequence[str] | str,
    *,
    seed: Any = None,
    wrt: Sequence[str] | str | None = None,
    grad: bool = True,
    **settings: Any,
) -> Evaluation:
    """Value and gradient of a program for each row of some inputs, to the bit what a loop gives.

    over: the inputs whose leading axis counts rows; the others are the same for all. Value and
    gradients have that axis too. The gradient is by the inputs of `over`, or by `wrt`; seed: as for
    `evaluate`, the same for all rows. Raises GradcliError; one about a row names its number.
    """
    return compile(expr, **settings).map(inputs, over, seed=seed, wrt=wrt, grad=grad)


@overload
def jacobian(
    expr: str,
    inputs: Inputs = ...,
    *,
    wrt: Sequence[str] | str | None = ...,
    mode: Mode = ...,
    diag: Literal[False] = False,
    sparse: bool | None = ...,
    **settings: Any,
) -> Jacobian: ...
@overload
def jacobian(
    expr: str,
    inputs: Inputs = ...,
    *,
    wrt: Sequence[str] | str | None = ...,
    mode: Mode = ...,
    diag: Literal[True],
    **settings: Any,
) -> Diagonal: ...
def jacobian(
    expr: str,
    inputs: Inputs = None,
    *,
    wrt: Sequence[str] | str | None = None,
    mode: Mode = "auto",
    diag: bool = False,
    sparse: bool | None = False,
    **settings: Any,
) -> Jacobian | Diagonal:
    """Jacobians of a program by every input, each of shape `out.shape + in.shape`.

    `mode` is "reverse" (a pass for each output element), "forward" (for each input element), or
    "auto"; a structure that is seen saves passes in each. `diag` gives the diagonals alone, each of
    the output's shape, where there is nothing beside them. `sparse` gives SciPy arrays in
    compressed rows, of shape (output elements, input elements), both in row-major order; with None
    they are sparse where arrays would be large and hold hardly anything but zeros. Raises
    GradcliError.
    """
    compiled = compile(expr, **settings)
    if diag:
        return compiled.jacobian(inputs, wrt=wrt, mode=mode, diag=True)
    return compiled.jacobian(inputs, wrt=wrt, mode=mode, sparse=sparse)


def derivative(
    expr: str,
    inputs: Inputs = None,
    *,
    order: int = 1,
    wrt: Sequence[str] | str | None = None,
    **settings: Any,
) -> Derivative:
    """Elementwise derivatives of a program, of any order, each of the output's shape.

    They exist by inputs of the output's shape where each element depends on that at its own place
    alone, and by single numbers. Raises GradcliError where the Jacobian is not diagonal.
    """
    return compile(expr, **settings).derivative(inputs, order=order, wrt=wrt)


def hessian(
    expr: str,
    inputs: Inputs = None,
    *,
    seed: Any = None,
    wrt: Sequence[str] | str | None = None,
    sparse: bool | None = False,
    **settings: Any,
) -> Hessian:
    """Second derivatives of a program by every pair of inputs, each of both their shapes.

    An output that is no single number needs a seed, an array of its shape or "ones": then it is the
    Hessian of sum(seed*output). `sparse`: as for `jacobian`. Raises GradcliError.
    """
    return compile(expr, **settings).hessian(inputs, seed=seed, wrt=wrt, sparse=sparse)


def jvp(expr: str, inputs: Inputs, tangents: Mapping[str, Any], **settings: Any) -> Tangent:
    """The product of a program's Jacobian with a direction, of the output's shape.

    tangents: for each input that moves an array of its shape, or "ones". Raises GradcliError.
    """
    return compile(expr, **settings).jvp(inputs, tangents)


def hvp(
    expr: str,
    inputs: Inputs,
    tangents: Mapping[str, Any],
    *,
    seed: Any = None,
    wrt: Sequence[str] | str | None = None,
    **settings: Any,
) -> Product:
    """The product of a program's Hessian with a direction, a part of it for each input.

    tangents: as for `jvp`; seed: as for `hessian`. Raises GradcliError.
    """
    return compile(expr, **settings).hvp(inputs, tangents, seed=seed, wrt=wrt)


def derive(
    expr: str,
    inputs: Inputs = None,
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
