"""What PyTorch prints as `grad_fn` of a gradient that is part of a graph itself.

The names follow from the step that used a tensor: its derivative, as PyTorch computes it, ends in
an operation of its own. Found by experiment with PyTorch 2 on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.graph import dependents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Node

PASSING = frozenset({"AddBackward0", "CloneBackward0", "AliasBackward0", "CopyBackwards"})
"""Steps that hand on the gradient itself."""

_ENDS = {
    "DivBackward0": "LogBackward0 Log2Backward0 Log10Backward0 Log1PBackward0 SqrtBackward0 "
    "AtanBackward0 AtanhBackward0 CumprodBackward0 HypotBackward0",
    "DivBackward1": "MeanBackward0 MeanBackward1 BinaryCrossEntropyWithLogitsBackward0",
    "NegBackward0": "NegBackward0 RsubBackward1 LinalgInvExBackward0",
    "ExpandBackward0": "SumBackward0 SumBackward1",
    "MulBackward1": "Exp2Backward0",
    "WhereBackward0": "WhereBackward0 ClampBackward1 ClampBackward0 SincBackward0",
    "MaskedFillBackward0": "MaximumBackward0 MinimumBackward0",
    "MaskedFillBackward1": "MaxBackward1 MinBackward1",
    "ScatterBackward0": "MaxBackward0 MinBackward0",
    "ScatterAddBackward0": "GatherBackward0",
    "FlipBackward0": "CumsumBackward0",
    "SqueezeBackward1": "UnsqueezeBackward0 SqueezeBackward4",
    "UnsqueezeBackward0": "SqueezeBackward1",
    "MmBackward0": "AddmmBackward0",
    "ViewBackward0": "ExpandBackward0 TraceBackward0 UnsafeViewBackward0",
    "SumBackward1": "RepeatBackward0",
    "IndexPutImplBackward0": "IndexBackward0",
    "SelectBackward0": "StackBackward0",
    "SliceBackward0": "CatBackward0",
    "DiagonalBackward0": "DiagEmbedBackward0",
    "LinalgSolveExBackward0": "LinalgDetBackward0",
    "LogSoftmaxBackwardDataBackward0": "LogSoftmaxBackward0",
    "SoftmaxBackwardDataBackward0": "SoftmaxBackward0",
    "ThresholdBackwardBackward0": "ReluBackward0",
    **{
        f"{name}BackwardBackward0": f"{name}Backward0"
        for name in (
            *("Tanh", "Sigmoid", "Softplus", "Elu", "Gelu", "LeakyRelu", "LogSigmoid", "Hardtanh"),
            *("Select", "Slice", "Diagonal", "MseLoss", "SmoothL1Loss", "HuberLoss"),
        )
    },
    **{
        f"{name}Backward0": f"{name}Backward0"
        for name in (
            *("Mm", "Bmm", "T", "Permute", "PermuteDims", "Transpose", "View", "Flip", "Roll"),
            *("Tril", "Triu", "ToCopy"),
        )
    },
}
_END = {step: end for end, steps in _ENDS.items() for step in steps.split()}

_BY_PLACE = {
    "SubBackward0": ("", "NegBackward0"),
    "DivBackward0": ("DivBackward0", "MulBackward0"),
    "PowBackward1": ("WhereBackward0", "MulBackward0"),
    "MvBackward0": ("MulBackward0", "MvBackward0"),
    "LinalgSolveExBackward0": ("NegBackward0", "SqueezeBackward1"),
}
"""The same where it hangs on which operand a tensor is; empty for one that hands on."""


def step_of_gradient(order: list[Node], outputs: Sequence[Node], target: Node) -> str:
    """The name of the last step of a gradient with respect to `target`.

    order: the nodes that the outputs are computed from, operands first.
    """
    active = dependents(order, [target])
    users: dict[int, list[Node]] = {}
    for node in order:
        if node.serial in active:
            for operand in node.inputs:
                users.setdefault(operand.serial, []).append(node)
    ends = {output.serial for output in outputs}
    while True:
        found = users.get(target.serial, [])
        steps = [_step_above(node, users) for node in found]
        direct = [node for node, step in zip(found, steps, strict=True) if node is step]
        calls = len(direct) + len({step.serial for step in steps} - {n.serial for n in direct})
        if calls + (target.serial in ends) != 1:
            return "AddBackward0"
        if not steps:
            return "AliasBackward0"
        step = steps[0]
        if step.op.family == "elementwise" and step.shape != target.shape:
            if target.ndim == step.ndim:
                return "SumBackward1"
            return "ViewBackward0" if target.ndim else "SumBackward0"
        name = step.note.step if step.note is not None else ""
        if name in _BY_PLACE and step in direct:
            end = _BY_PLACE[name][min(step.inputs.index(target), 1)]
        elif name in PASSING:
            end = ""
        else:
            end = _END.get(name, "MulBackward0")
        if end:
            return end
        target = step


def _step_above(node: Node, users: dict[int, list[Node]]) -> Node:
    """The node that the call ends in of which a node is a part."""
    while (node.note is None or not node.note.step) and users.get(node.serial):
        node = users[node.serial][-1]
    return node
