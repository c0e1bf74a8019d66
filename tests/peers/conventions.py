"""Kinks, edges and ties: the derivative here, in PyTorch and in JAX, side by side."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import torch

import gradcli
from gradcli.graph import OPS
from gradcli.ops.binding import SPELLED, load_all
from gradcli.ops.conventions import EDGES
from gradcli.ops.elementwise import Elementwise

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


def text(parts):
    """Gradients as people read them."""
    if parts is None:
        return "none"
    shown = [
        np.array2string(np.asarray(p, float) + 0.0, precision=6, separator=", ") for p in parts
    ]
    return ", ".join(shown)


def kinks():
    """Lines of a table of the kinks of elementwise rows."""
    load_all()
    lines = ["| row | at | here | PyTorch | JAX |", "|---|---|---|---|---|"]
    for row in OPS.values():
        if not isinstance(row, Elementwise):
            continue
        for point, partials in row.kinks:
            arguments = ", ".join(f"x{k}" for k in range(len(point)))
            shown = [f"`{row.name}`", ", ".join(map(str, point)), text(partials)]
            for side, libraries in ((by_torch, TORCH), (by_jax, JAX)):
                name = spelled(row, libraries)
                shown.append(text(side(f"{name}({arguments})", point)) if name else "")
            lines.append(f"| {' | '.join(shown)} |")
    return lines


def edges():
    """Lines of a table of edges and ties of functions of many numbers."""
    lines = ["| call | x | here | PyTorch | JAX | why |", "|---|---|---|---|---|---|"]
    for edge in EDGES:
        x = np.array(edge.x, float)
        ours = gradcli.evaluate(edge.call, {"x": x}, seed="ones").grad["x"]
        shown = [f"`{edge.call}`", str(edge.x), text([ours])]
        for side, call in ((by_torch, edge.torch), (by_jax, edge.jax)):
            shown.append(text(side(call, [x])) if call else "")
        lines.append(f"| {' | '.join(shown)} | {edge.why} |")
    return lines


def tables():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ["## Kinks", "", *kinks(), "", "## Edges and ties", "", *edges()]
