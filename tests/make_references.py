"""Recompute tests/data/pytorch.json with PyTorch in float64: python tests/make_references.py.

PyTorch is needed to make the file, not to run the tests.
"""

import json
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)

LAYER = {
    "W": [[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]],
    "x": [[1.0, 2.0, 3.0]],
    "b": [[0.05], [-0.1]],
    "y": [[1.0], [0.0]],
}
LAYER_EXPR = "(sigmoid(W @ x.T + b) - y)**2"
V = {"x": [1.0, 2.0, 3.0]}
CASES = [
    ("exp(x - sum(x))", V, [1.0, 1.0, 1.0]),
    ("x - sum(x)", V, [1.0, 1.0, 1.0]),
    (LAYER_EXPR, LAYER, [[0.5], [0.5]]),
    (LAYER_EXPR, LAYER, [[0.5], [0.0]]),
    (LAYER_EXPR, LAYER, [[0.0], [0.5]]),
    ("2*dot(x, x)", V, None),
    ("x*x", V, [1.0, 1.0, 1.0]),
    ("(x+y)*(y+3)", {"x": 1.0, "y": 2.0}, None),
    ("sum(detach(x*x)*x)", {"x": [0.0, 1.0, 2.0, 3.0]}, None),
    ("u = detach(x*x); sum(u*x)", {"x": [0.0, 1.0, 2.0, 3.0]}, None),
    ("sum(x**2)", {"x": [3.0, 4.0, 10.0]}, None),
]
WORDS = {name: getattr(torch, name) for name in ("exp", "sum", "sigmoid", "dot")} | {
    "detach": torch.Tensor.detach
}


def outcome(expr, inputs):
    """Run a case's statements with torch's functions."""
    space = {**WORDS, **inputs}
    *statements, last = [part.strip() for part in expr.split(";")]
    for statement in statements:
        exec(statement, space)
    return eval(last, space)


def main():
    cases = []
    for expr, inputs, seed in CASES:
        leaves = {name: torch.tensor(value, requires_grad=True) for name, value in inputs.items()}
        value = outcome(expr, leaves)
        value.backward(None if seed is None else torch.tensor(seed))
        blocks = torch.autograd.functional.jacobian(
            lambda *xs, expr=expr, names=tuple(inputs): outcome(
                expr, dict(zip(names, xs, strict=True))
            ),
            tuple(leaf.detach() for leaf in leaves.values()),
        )
        cases.append(
            {
                "expr": expr,
                "inputs": inputs,
                "seed": seed,
                "value": value.tolist(),
                "grad": {name: leaf.grad.tolist() for name, leaf in leaves.items()},
                "jacobian": {
                    name: block.tolist() for name, block in zip(inputs, blocks, strict=True)
                },
            }
        )
    version = torch.__version__.split("+")[0]
    made = {"source": f"PyTorch {version}, CPU, float64", "cases": cases}
    target = Path(__file__).parent / "data" / "pytorch.json"
    target.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
