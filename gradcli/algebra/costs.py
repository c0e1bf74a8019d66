"""How long the formula of a node is, about: signs, names and brackets."""

from __future__ import annotations

from gradcli.graph import Dim, Node

BRACKETS = frozenset(["multiply", "divide", "power", "contract", "transpose", "index"])
POSTFIX = frozenset(["transpose", "index", "reshape"])
WEIGHTS = {"negative": 0.5, "transpose": 1.0, "contract": 1.0, "broadcast_to": 3.0, "reshape": 1.5}


def weight(node: Node) -> float:
    """What a node adds to the lengths of its operands."""
    name = node.op.name
    if not node.inputs:
        if name == "full" and not isinstance(node.params[1], Dim):
            if node.params[1] == 0:
                return 0.5 + (node.ndim > 0)
            digits = len(repr(float(node.params[1])).removesuffix(".0"))
            return (0.5 + 0.5 * digits if digits < 3 else 1.5) + 2 * (node.ndim > 0)
        return 1.0 if name == "input" or node.ndim == 0 else 2.5
    own = WEIGHTS.get(name, 1.0 if getattr(node.op, "symbol", "") else 2.0)
    if name == "contract":
        la, lb, lo = node.params
        own += 4.0 * (len(la) > 2 or len(lb) > 2 or len(lo) > 2)
        own += _transposes(node)
    if name in BRACKETS:
        own += sum([x.op.name in ("add", "subtract") for x in node.inputs])
    if name in POSTFIX:
        own += sum(
            [x.op.name in ("multiply", "divide", "negative", "contract") for x in node.inputs]
        )
    return own


def _transposes(node: Node) -> int:
    """Transposes that a product of matrices is written with, and brackets before them."""
    (a, b), (la, lb, lo) = node.inputs, node.params
    if lo and lo[0] in lb and lo[0] not in la:
        a, b, la, lb = b, a, lb, la
    left = len(la) == 2 and la[0] in lb and la[0] not in lo
    right = len(la) == len(lb) == 2 and lb[1] in la and lb[1] not in lo and lb[0] in lo
    return left * _turning(a) + right * _turning(b)


def _turning(x: Node) -> int:
    return 2 if x.op.name == "contract" else 1
