"""Linear rows that formulas are written with; the functions of these names are built of others."""

from __future__ import annotations

import numpy as np

from gradcli.graph import OPS, size_of
from gradcli.ops.family import build
from gradcli.ops.leaves import constant
from gradcli.ops.linear import Linear, broadcast_to, keep_reduced, reduced_shape, reshape


class Scaled(Linear):
    """A linear map whose coefficients are not ones: running it on positions tells nothing."""

    reach = "dense"


mean: Linear = Scaled(
    "mean",
    lambda x, lead, axes, keepdims: np.asarray(np.mean(x, axis=axes, keepdims=keepdims)),
    reduced_shape,
    lambda g, x, axes, keepdims: (
        broadcast_to(keep_reduced(g, x, axes), x.shape)
        / constant(size_of(tuple([x.shape[axis] for axis in axes])))
    ),
    doc="Mean over axes; formulas say it, the function is sum and count.",
    samples=((((2, 3),), ((-1,), False)), (((2, 3, 2),), ((-3, -1), True))),
)

trace: Linear = Linear(
    "trace",
    lambda x, lead: np.asarray(np.trace(x, axis1=-2, axis2=-1)),
    lambda operand: operand[:-2],
    lambda g, x: reshape(g, (*g.shape, 1, 1)) * build(OPS["eye"], (), (x.shape[-2:], 0)),
    doc="Sum of the diagonal of the last two axes; formulas say it, the function is the sum.",
    samples=((((3, 4),), ()), (((2, 3, 3),), ())),
)
