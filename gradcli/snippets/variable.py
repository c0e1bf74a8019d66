"""Tensors of scripts: a node, its type of numbers, and what PyTorch's autograd keeps with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.language.tensors import Tensor

if TYPE_CHECKING:
    from gradcli.graph import Node


class Variable(Tensor):
    """A tensor of a script.

    grad: what `backward` added up, or None. function: PyTorch's name of the step that made it,
    empty for leaves. library: whose tensor it is, "torch", "np" or "jnp". retains: whether a tensor
    that is no leaf keeps its gradient. through: the tensor whose memory this is, out of the graph.
    """

    __slots__ = ("dtype", "function", "grad", "library", "requires_grad", "retains", "through")

    def __init__(self, node: Node, dtype: np.dtype[Any], library: str) -> None:
        super().__init__(node)
        self.dtype = dtype
        self.library = library
        self.requires_grad = False
        self.function = ""
        self.grad: Variable | None = None
        self.retains = False
        self.through: Variable | None = None

    def anchor(self, node: Node) -> None:
        """Stand for a node of the same value from now on."""
        self._node, self._writes = node, None

    @property
    def is_leaf(self) -> bool:
        return not self.requires_grad or not self.function


def result_dtype(
    kind: str, operands: list[Variable], library: str, default: np.dtype[Any]
) -> np.dtype[Any]:
    """The type of a result: PyTorch's and NumPy's promotion.

    In PyTorch a tensor without axes does not widen one that has some; in NumPy whole numbers meet
    single precision in double.
    """
    if kind != "real":
        return np.dtype(np.bool_ if kind == "bool" else np.int64)
    reals = [operand for operand in operands if operand.dtype.kind == "f"]
    if library == "np":
        wide = [operand.dtype for operand in operands if operand.dtype.kind in "fi"]
        return np.result_type(*wide, np.float32) if reals else np.dtype(np.float64)
    if not reals:
        return default
    pool = [operand for operand in reals if operand.ndim] or reals
    return max((operand.dtype for operand in pool), key=lambda dtype: dtype.itemsize)
