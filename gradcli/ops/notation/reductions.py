"""How formulas write reductions: `max(x, axis=0)`, `norm(x)`, `trace(A)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.ops.notation.formula import Call, along

if TYPE_CHECKING:
    from gradcli.graph import Node
    from gradcli.ops.notation.formula import Formula


def extreme_form(node: Node, x: Formula) -> Formula:
    word = node.op.name.removeprefix("a")
    return along(word, x, node, *node.params, latex=rf"\{word}\left(#1\right)")


def norm_form(node: Node, x: Formula) -> Formula:
    bars = r"\left\lVert #1 \right\rVert" + (r"_{F}" if x.ndim > 1 else "")
    return along("norm", x, node, *node.params, latex=bars)


def norm_p_form(node: Node, x: Formula) -> Formula:
    axes, keepdims, order = node.params
    latex = rf"\left\lVert #1 \right\rVert_{{{order:g}}}"
    function = "norm" if len(axes) == 1 else "vector_norm"
    call = along(function, x, node, axes, keepdims, ord=order)
    assert isinstance(call, Call)
    call.latex = latex if len(axes) == x.ndim and not keepdims else ""
    return call


def trace_form(node: Node, x: Formula) -> Formula:
    if x.ndim == 2:
        return Call("trace", x, ndim=0, latex=r"\operatorname{tr}\left(#1\right)")
    return Call("trace", x, ndim=node.ndim, named={"axis1": x.ndim - 2, "axis2": x.ndim - 1})
