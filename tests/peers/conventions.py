"""Record what PyTorch and JAX give at kinks, edges and ties.

    python tests/peers/conventions.py

writes gradcli/ops/conventions.json, of which docs/conventions.md is made (tests/make_ops_docs.py).
"""

import json
import warnings
from datetime import date
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import torch

from gradcli.graph import OPS
from gradcli.ops.binding import SPELLED, load_all
from gradcli.ops.conventions import EDGES
from gradcli.ops.elementwise import Elementwise

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
TARGET = Path(__file__).parents[2] / "gradcli" / "ops" / "conventions.json"
TORCH = ("torch", "torch.special", "torch.nn.functional")
JAX = ("jnp", "jax.nn", "jax.scipy.special")
SPACE = {"torch": torch, "F": torch.nn.functional, "jnp": jnp, "jax": jax}


def by_torch(call, points):
    """Gradients of `call`, an expression of x0, x1, ... (x, if it is alone); None if none."""
    leaves = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in points]
    for numbers in ([], points[1:]):
        # Parameters of some of PyTorch's functions are numbers, and have no derivative.
        given = [*leaves[: len(leaves) - len(numbers)], *numbers]
        try:
            found = eval(call, {**SPACE, **named(given)})
            parts = torch.autograd.grad(found.sum(), leaves, allow_unused=True)
        except TypeError:
            continue
        except (RuntimeError, NotImplementedError):
            return None
        return [np.zeros(np.shape(p)) if g is None else g.numpy() for g, p in zip(parts, points)]
    return None


def by_jax(call, points):
    """The same, by JAX."""

    def total(*leaves):
        return jnp.sum(eval(call, {**SPACE, **named(leaves)}))

    leaves = [jnp.asarray(point, dtype=float) for point in points]
    return [np.asarray(g) for g in jax.grad(total, tuple(range(len(leaves))))(*leaves)]


def named(leaves):
    names = {f"x{k}": leaf for k, leaf in enumerate(leaves)}
    return {**names, "x": leaves[0]}


def spelled(row, libraries):
    """How one of the libraries calls the row, or None."""
    for library in libraries:
        name = f"{library}.{row.name}"
        found = SPELLED.get(name)
        if found is not None:
            return name
    for library in libraries:
        for name, found in SPELLED.items():
            if found.row is row and name.rpartition(".")[0] == library:
                return name
    return None


def plain(parts):
    """Gradients as lists of numbers for a file; "none" where a library has none."""
    if parts is None:
        return "none"
    return [(np.asarray(p, float) + 0.0).tolist() for p in parts]


def recorded():
    """What both libraries give at every kink of a row, and at every edge, by what is called."""
    load_all()
    found = {}
    for row in OPS.values():
        if not isinstance(row, Elementwise):
            continue
        for point, _ in row.kinks:
            arguments = ", ".join(f"x{k}" for k in range(len(point)))
            here = found[f"{row.name}{point}"] = {}
            for library, side, spaces in (("PyTorch", by_torch, TORCH), ("JAX", by_jax, JAX)):
                name = spelled(row, spaces)
                if name:
                    here[library] = plain(side(f"{name}({arguments})", point))
    for edge in EDGES:
        here = found[f"{edge.call} at {edge.x}"] = {}
        for library, side, call in (("PyTorch", by_torch, edge.torch), ("JAX", by_jax, edge.jax)):
            if call:
                here[library] = plain(side(call, [np.array(edge.x, float)]))
    return found


def main():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = recorded()
    versions = {"PyTorch": torch.__version__.split("+")[0], "JAX": jax.__version__}
    whole = {"versions": versions, "date": str(date.today()), "derivatives": found}
    TARGET.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
