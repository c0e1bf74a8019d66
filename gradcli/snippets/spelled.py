"""Functions of the library as one library spells them, and what each asks of types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.language.torch_text import dtype_text
from gradcli.ops.binding import Function

if TYPE_CHECKING:
    from gradcli.language.tensors import Tensor
    from gradcli.snippets.calls import Call

FLOATING = frozenset(
    {
        *("mean", "std", "var", "norm", "softmax", "log_softmax", "mse_loss", "linalg.norm"),
        *("linalg.vector_norm", "det", "linalg.det", "inverse", "linalg.inv", "linalg.solve"),
    }
)
"""PyTorch's functions that whole numbers have no place in."""

ONE_TYPE = frozenset(
    {"matmul", "mm", "mv", "bmm", "dot", "addmm", "linalg.solve", "linear", "allclose"}
)
"""PyTorch's functions whose operands are of one type."""


class Spelled:
    """A function of the library as one library spells it: what it makes is that library's.

    path: its name there, without the library's. owner: the tensor that it is a method of.
    """

    __slots__ = ("function", "library", "name", "owner", "path")

    def __init__(
        self, function: Function, library: str, path: str, owner: Tensor | None = None
    ) -> None:
        self.function = function
        self.library = library
        self.path = path.removeprefix("nn.functional.")
        self.name = path.rpartition(".")[2]
        self.owner = owner

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if self.owner is None:
            return self.function(args, kwargs)
        return self.function([self.owner.node, *args], kwargs)


def spelled(value: Any, full: str) -> Any:
    """What a dotted name means; a function of the library is marked with whose it is."""
    if isinstance(value, Function):
        root, dot, path = full.partition(".")
        root, path = (root, path) if dot else ("", full)
        return Spelled(value, {"jax": "jnp", "numpy": "np"}.get(root, root), path)
    return value


def require_types(call: Call, library: str = "") -> None:
    """Raise ArgumentError where a library does not take tensors of such types."""
    operands = call.operands
    if library == "np" and any([operand.requires_grad for operand in operands]):
        raise ArgumentError(
            "NumPy's functions cannot take a tensor that requires grad",
            hint="PyTorch's own function keeps the graph; `x.detach().numpy()` leaves it",
        )
    if call.library != "torch":
        return
    if call.name in FLOATING and "dtype" not in call.kwargs:
        for operand in operands[:1]:
            if operand.dtype.kind != "f":
                raise ArgumentError(
                    f"`{call.name}` needs numbers with a point, and these are "
                    f"{dtype_text(operand.dtype)}",
                    hint="`x.float()` converts; `torch.tensor([1., 2.])` makes them so",
                )
    if call.name in ONE_TYPE and len({operand.dtype for operand in operands}) > 1:
        found = " and ".join([dtype_text(operand.dtype) for operand in operands])
        raise ArgumentError(
            f"`{call.name}` needs operands of one type, not {found}",
            hint="`x.float()` and `x.double()` convert; NumPy's arrays are in double precision",
        )
