"""Derivative operators as functions of the language, on expressions already built.

Their nodes are made by an arena inside the program's trace; each result is then a traced node of
its own, as everything is that a program can name: what a derivative shares with another, inside the
arena, is never mistaken for it. Their names are those of
language/transforms.py, which adds derivatives of functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autodiff import fields, operators, pointwise
from gradcli.errors import ArgumentError
from gradcli.graph import Node, ancestors, builder, building, dependents
from gradcli.ops.leaves import constant, input_
from gradcli.ops.linear import reshape
from gradcli.ops.values import describe, tensor, whole
from gradcli.simplify import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


# --- trees: what a derivative is taken by, or of ----------------------------------------------


def leaves(tree: Any) -> list[Any]:
    """The values in nested tuples, lists and dicts, in order."""
    if isinstance(tree, (tuple, list)):
        return [leaf for item in tree for leaf in leaves(item)]
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in leaves(item)]
    return [tree]


def regrown(tree: Any, values: Sequence[Any]) -> Any:
    """A tree of the same form with other values, in order."""
    rest = iter(values)

    def grow(part: Any) -> Any:
        if isinstance(part, (tuple, list)):
            return type(part)([grow(item) for item in part])
        if isinstance(part, dict):
            return {key: grow(item) for key, item in part.items()}
        return next(rest)

    return grow(tree)


# --- derivatives inside a program --------------------------------------------------------------


def differentiated(make: Callable[[], Sequence[Node]]) -> list[Node]:
    """The derivative nodes that `make` builds, each as a traced node of its own."""
    trace = builder()
    with building(trace.derivatives(rewrite)), np.errstate(all="ignore"):
        found = make()
    results = []
    for node in found:
        # The trace rewrites nothing: the same elements, and a node that nothing else is.
        own = reshape(node, node.shape)
        trace.watch(own)
        results.append(own)
    return results


def one(make: Callable[[], Node]) -> Node:
    """The same for a single node."""
    return differentiated(lambda: [make()])[0]


def variables(what: str, tree: Any, outputs: Sequence[Node]) -> list[Node]:
    """The nodes of a tree to differentiate by.

    Raises ArgumentError for what is no tensor, or was computed after all of the outputs; warns
    where no output depends on one.
    """
    found = leaves(tree)
    if not found:
        raise ArgumentError(f"`{what}` gets nothing to differentiate by")
    for leaf in found:
        if not isinstance(leaf, Node):
            raise ArgumentError(
                f"`{what}` differentiates by tensors, and this is {describe(leaf)}",
                hint="make it one, `x = array(...)`, and compute the output from that; or give a "
                f"function: `{what}(f)` is one too",
            )
        newest = max((output.serial for output in outputs), default=0)
        if leaf.serial > newest and leaf.inputs:
            raise ArgumentError(
                f"`{what}` by a tensor that is computed after the output: nothing depends on it",
                hint="take the derivative by the whole, then its part: "
                f"`{what}(y, x)[0]`, not `{what}(y, x[0])`",
            )
    warn_unconnected(what, found, outputs)
    return found


def warn_unconnected(what: str, xs: Sequence[Node], outputs: Sequence[Node]) -> None:
    """Note which of xs no output depends on: the derivative by it is zeros."""
    for x in xs:
        active = dependents(ancestors(outputs, since=x.serial), [x])
        if not any(output.serial in active for output in outputs):
            name = f"`{x.params[1]}`" if x.op is input_ else "what it differentiates by"
            builder().warn(
                f"in `{what}`, {name} is not connected to the output: the derivative is zeros"
            )


def real_tensor(value: Any) -> Node:
    """A value as a tensor of real numbers; whole numbers are read as such."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return constant(float(value))
    node = tensor(value)
    return node * 1.0 if node.kind != "real" else node


def vectors(what: str, tree: Any, given: Any) -> list[Any]:
    """Vectors for the tensors of a tree, given in its form.

    Raises ArgumentError where the forms differ.
    """
    if isinstance(tree, dict):
        if isinstance(given, dict) and given.keys() == tree.keys():
            return [v for key, part in tree.items() for v in vectors(what, part, given[key])]
    elif not isinstance(tree, (tuple, list)):
        return [given]
    elif isinstance(given, (tuple, list)) and len(given) == len(tree):
        pairs = zip(tree, given, strict=True)
        return [v for part, inner in pairs for v in vectors(what, part, inner)]
    count = len(leaves(tree))
    raise ArgumentError(
        f"`{what}` needs a vector for each of {count} tensors, in the same form as they are given"
    )


def seed_of(value: Any, y: Node) -> Node | None:
    """A seed; `"ones"` stands for ones of the output's shape."""
    if value is None:
        return None
    if isinstance(value, str) and value == "ones":
        return constant(1.0, y.shape)
    return real_tensor(value)


# --- the functions -----------------------------------------------------------------------------


def expression(what: str, y: Any, x: Any) -> Node:
    """The output as a tensor, where there is something to differentiate by."""
    if x is None:
        raise ArgumentError(
            f"`{what}` needs what to differentiate by",
            hint=f"`{what}(y, x)` of a tensor y, `{what}(f)` of a function f",
        )
    return tensor(y)


def outputs_of(what: str, y: Any, x: Any) -> list[Node]:
    """The outputs as tensors: several where y is a tuple or a dict."""
    parts = leaves(y) if isinstance(y, (tuple, dict)) else [y]
    return [expression(what, part, x) for part in parts]


def like_outputs(y: Any, found: Sequence[Any]) -> Any:
    """What was found for each output, in the form of y."""
    return regrown(y, found) if isinstance(y, (tuple, dict)) else found[0]


def shaped(x: Any, found: Sequence[Any]) -> Any:
    """What was found for each variable, in the form of x; a list gives a tuple, as outputs are."""
    grown = regrown(x, found)
    return tuple(grown) if isinstance(grown, list) else grown


def grad_of(y: Any, x: Any, seed: Any = None) -> Any:
    """`grad(y, x, seed)`: of the form of x."""
    output = expression("grad", y, x)
    xs = variables("grad", x, [output])
    start = seed_of(seed, output)
    return shaped(x, differentiated(lambda: operators.gradients(output, xs, start)))


def pulled_back(y: Any, x: Any, v: Any) -> list[Node]:
    """Products of vectors, in the form of the outputs y, with their Jacobians, added up."""
    outputs = outputs_of("vjp", y, x)
    xs = variables("vjp", x, outputs)
    given = vectors("vjp", y, v) if isinstance(y, (tuple, dict)) else [v]
    starts = [seed_of(one, output) for one, output in zip(given, outputs, strict=True)]

    def made() -> list[Node]:
        pairs = zip(outputs, starts, strict=True)
        each = [operators.gradients(output, xs, start) for output, start in pairs]
        return [total(parts) for parts in zip(*each, strict=True)]

    return differentiated(made)


def jacobian_of(y: Any, x: Any, mode: operators.Mode = "auto", what: str = "jacobian") -> Any:
    """`jacobian(y, x)`: of the form of y, and in it of the form of x."""
    outputs = outputs_of(what, y, x)
    xs = variables(what, x, outputs)

    def blocks(output: Node) -> Any:
        return shaped(x, differentiated(lambda: operators.jacobians(output, xs, mode)))

    return like_outputs(y, [blocks(output) for output in outputs])


def hessian_of(y: Any, x: Any, what: str = "hessian") -> Any:
    """`hessian(y, x)`: of the form of x, and in it of the form of x again."""
    output = expression(what, y, x)
    xs = variables(what, x, [output])
    flat = differentiated(
        lambda: [block for row in operators.hessians(output, xs) for block in row]
    )
    count = len(xs)
    rows = [shaped(x, flat[k * count : (k + 1) * count]) for k in range(count)]
    return shaped(x, rows)


def jvp_of(y: Any, x: Any, v: Any, what: str = "jvp") -> Any:
    """`jvp(y, x, v)`: of the form of y."""
    outputs = outputs_of(what, y, x)
    xs = variables(what, x, outputs)
    vs = [real_tensor(one) for one in vectors(what, x, v)]
    found = differentiated(lambda: [operators.pushed(output, xs, vs) for output in outputs])
    return like_outputs(y, found)


def hvp_of(y: Any, x: Any, v: Any, what: str = "hvp") -> Any:
    """`hvp(y, x, v)`: of the form of x."""
    output = expression(what, y, x)
    xs = variables(what, x, [output])
    vs = [real_tensor(one) for one in vectors(what, x, v)]
    return shaped(x, differentiated(lambda: operators.hvps(output, xs, vs)))


def derivative_of(y: Any, x: Any, n: Any = 1) -> Any:
    """`derivative(y, x, n)`: of the shape of y."""
    output = expression("derivative", y, x)
    order = whole(n, "the order of a derivative")
    (by,) = variables("derivative", [x], [output])
    return one(lambda: pointwise.derivative(output, by, order))


def components(what: str, field: Any, x: Any) -> tuple[list[Node], list[Node]]:
    """A field and a position given as lists of components. Raises ArgumentError where they differ.

    Each component may have any shape: a field on a grid is differentiated point by point.
    """
    coordinates = list(x)
    if isinstance(field, Node):
        raise ArgumentError(
            f"`{what}` gets coordinates one by one, and the field in one tensor",
            hint=f"give the components one by one too: `{what}([u, v], [x, y])`",
        )
    parts = [tensor(part) for part in field] if isinstance(field, (tuple, list)) else []
    if len(parts) != len(coordinates):
        raise ArgumentError(
            f"`{what}` needs a component of the field for each coordinate: {len(parts)} for "
            f"{len(coordinates)}"
        )
    return parts, variables(what, coordinates, parts)


def div_of(field: Any, x: Any) -> Node:
    """`div(F, x)`, of a vector x or of a list of coordinates."""
    if isinstance(x, (tuple, list)):
        parts, xs = components("div", field, x)
        return one(
            lambda: total([pointwise.derivative(*pair) for pair in zip(parts, xs, strict=True)])
        )
    output = expression("div", field, x)
    (by,) = variables("div", x, [output])
    return one(lambda: fields.div(output, by))


def curl_of(field: Any, x: Any) -> Any:
    """`curl(F, x)`, of a vector x or of a list of coordinates: then a tuple of components."""
    if isinstance(x, (tuple, list)):
        parts, xs = components("curl", field, x)
        if len(xs) not in (2, 3):
            raise ArgumentError("`curl` is of fields in two or three dimensions")
        found = differentiated(
            lambda: fields.curl_of(
                lambda row, column: pointwise.derivative(parts[row], xs[column]), len(xs)
            )
        )
        return found[0] if len(found) == 1 else tuple(found)
    output = expression("curl", field, x)
    (by,) = variables("curl", x, [output])
    return one(lambda: fields.curl(output, by))


def laplacian_of(f: Any, x: Any) -> Node:
    """`laplacian(f, x)`, by a tensor x or by a list of coordinates."""
    output = expression("laplacian", f, x)
    xs = variables("laplacian", x, [output])
    if isinstance(x, (tuple, list)):
        return one(lambda: total([pointwise.derivative(output, by, 2) for by in xs]))
    return one(lambda: fields.laplacian(output, xs[0]))


def total(parts: Sequence[Node]) -> Node:
    """The sum of some nodes."""
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result
