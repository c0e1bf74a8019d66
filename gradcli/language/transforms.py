"""The derivative operators by name, and derivatives of functions: `grad(f)` is a function again.

A function of the language is called with a list of arguments and a dict of named ones. It is
differentiated at variables of its own, made from its arguments, so that what it takes from outside
counts as constant. Arguments may be trees of tensors (tuples, lists, dicts), as JAX has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.graph import Node
from gradcli.language.operators import (
    curl_of,
    derivative_of,
    div_of,
    grad_of,
    hessian_of,
    hvp_of,
    jacobian_of,
    jvp_of,
    laplacian_of,
    leaves,
    pulled_back,
    real_tensor,
    regrown,
    shaped,
)
from gradcli.ops.binding import function
from gradcli.ops.linear import reshape
from gradcli.ops.values import describe, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.autodiff.operators import Mode

    Called = Callable[[list[Any], dict[str, Any]], Any]


class Derived:
    """A function that differentiates another."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Called) -> None:
        self.name = name
        self.call = call

    def __call__(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self.call(args, kwargs)


def own(value: Any) -> Node:
    """A value as a traced node that nothing else is: a variable to differentiate by."""
    node = real_tensor(value)
    return reshape(node, node.shape)


def fresh(tree: Any) -> Any:
    """The same tree with variables of its own; a list of plain numbers is one tensor."""
    if isinstance(tree, list) and not any(isinstance(leaf, (Node, dict)) for leaf in leaves(tree)):
        return own(tree)
    return regrown(tree, [own(leaf) for leaf in leaves(tree)])


def results(value: Any) -> Any:
    """What a function gave, as traced nodes later than its variables."""
    if isinstance(value, (tuple, dict)):
        return regrown(value, [results(leaf) for leaf in leaves(value)])
    node = tensor(value)
    return reshape(node, node.shape)


def applied(what: str, f: Called, argnums: Any, args: list[Any], kwargs: Any) -> tuple[Any, Any]:
    """What f gives at variables in the place of the arguments at `argnums`, and those variables."""
    places = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    args = list(args)
    chosen = []
    for place in places:
        if not isinstance(place, int) or not -len(args) <= place < len(args):
            count = f"{len(args)} argument" + "s" * (len(args) != 1)
            raise ArgumentError(
                f"`{what}` differentiates by argument {place}, and the function gets {count}",
                hint="arguments are counted from 0; those given by name are not differentiated",
            )
        args[place] = fresh(args[place])
        chosen.append(args[place])
    variables_ = tuple(chosen) if isinstance(argnums, (tuple, list)) else chosen[0]
    return f(args, kwargs), variables_


def derived(what: str, f: Called, argnums: Any, use: Callable[[Any, Any], Any]) -> Derived:
    """The function of the arguments of f that gives use(value of f, variables)."""

    def call(args: list[Any], kwargs: dict[str, Any]) -> Any:
        value, variables_ = applied(what, f, argnums, args, kwargs)
        return use(results(value), variables_)

    return Derived(what, call)


def transformed(
    what: str, f: Called, second: Any, argnums: Any, use: Callable[[Any, Any], Any]
) -> Any:
    """A function, or its value at a point where `second` is one and not argument numbers.

    A tuple of points is as many arguments.
    """
    if second is None:
        return derived(what, f, argnums, use)
    if _numbers_arguments(second):
        return derived(what, f, second, use)
    several = isinstance(second, tuple)
    places = tuple(range(len(second))) if several else 0
    return derived(what, f, places, use)(list(second) if several else [second], {})


def _numbers_arguments(value: Any) -> bool:
    items = value if isinstance(value, tuple) else (value,)
    return bool(items) and all(type(item) is int for item in items)


# --- names -------------------------------------------------------------------------------------


@function("grad jax.grad torch.func.grad")
def grad(y: Any, x: Any = None, seed: Any = None, argnums: Any = 0, has_aux: Any = False) -> Any:
    if not callable(y):
        return grad_of(y, x, seed)
    if has_aux:
        pick = _with_value(y, argnums if x is None else x, True)
        return Derived("grad", lambda args, kwargs: _gradient_and_aux(pick(args, kwargs)))
    return transformed("grad", y, x, argnums, lambda value, xs: grad_of(value, xs, seed))


def _gradient_and_aux(found: Any) -> Any:
    (_, aux), gradient = found
    return gradient, aux


def _with_value(f: Called, argnums: Any, has_aux: bool) -> Derived:
    """The function that gives (value, gradient), the value with what f gives beside it."""

    def call(args: list[Any], kwargs: dict[str, Any]) -> Any:
        value, xs = applied("grad", f, argnums, args, kwargs)
        aux = None
        if has_aux:
            if not isinstance(value, tuple) or len(value) != 2:
                raise ArgumentError("with `has_aux` the function gives a tuple (value, more)")
            value, aux = value
        value = results(value)
        gradient = grad_of(value, xs)
        return ((value, aux) if has_aux else value), gradient

    return Derived("value_and_grad", call)


@function("jax.value_and_grad")
def value_and_grad(fun: Any, argnums: Any = 0, has_aux: Any = False) -> Any:
    return _with_value(_function("value_and_grad", fun), argnums, bool(has_aux))


@function("torch.func.grad_and_value")
def grad_and_value(func: Any, argnums: Any = 0, has_aux: Any = False) -> Any:
    both = _with_value(_function("grad_and_value", func), argnums, bool(has_aux))
    return Derived("grad_and_value", lambda args, kwargs: both(args, kwargs)[::-1])


def _function(what: str, f: Any) -> Called:
    if not callable(f):
        raise ArgumentError(f"`{what}` takes a function, not {describe(f)}")
    found: Called = f
    return found


def _jacobian(what: str, y: Any, x: Any, argnums: Any, mode: Mode) -> Any:
    if not callable(y):
        return jacobian_of(y, x, mode, what)
    return transformed(what, y, x, argnums, lambda value, xs: jacobian_of(value, xs, mode, what))


@function("jacobian jax.jacobian")
def jacobian(y: Any, x: Any = None, argnums: Any = 0) -> Any:
    return _jacobian("jacobian", y, x, argnums, "auto")


@function("jacfwd jax.jacfwd torch.func.jacfwd")
def jacfwd(y: Any, x: Any = None, argnums: Any = 0) -> Any:
    return _jacobian("jacfwd", y, x, argnums, "forward")


@function("jacrev jax.jacrev torch.func.jacrev")
def jacrev(y: Any, x: Any = None, argnums: Any = 0) -> Any:
    return _jacobian("jacrev", y, x, argnums, "reverse")


@function("hessian jax.hessian torch.func.hessian")
def hessian(y: Any, x: Any = None, argnums: Any = 0) -> Any:
    if not callable(y):
        return hessian_of(y, x)
    return transformed("hessian", y, x, argnums, hessian_of)


@function("jvp jax.jvp torch.func.jvp")
def jvp(y: Any, x: Any, v: Any) -> Any:
    """Of a function the pair (value, product), as in JAX and PyTorch."""
    return _with_vector("jvp", y, x, v, jvp_of)


@function("hvp")
def hvp(y: Any, x: Any, v: Any) -> Any:
    """Of a function the pair (value, product), as in PyTorch."""
    return _with_vector("hvp", y, x, v, hvp_of)


def _with_vector(what: str, y: Any, x: Any, v: Any, use: Callable[[Any, Any, Any], Any]) -> Any:
    if not callable(y):
        return use(y, x, v)
    return transformed(what, y, x, 0, lambda value, xs: (value, use(value, xs, v)))


@function("vjp")
def vjp(y: Any, x: Any, v: Any = None) -> Any:
    """Of a function the pair (value, product), or (value, function of v), as in PyTorch."""
    if callable(y):
        if v is None:
            return transformed("vjp", y, x, 0, _pullback)

        def product(value: Any, xs: Any) -> Any:
            return value, shaped(xs, pulled_back(value, xs, v))

        return transformed("vjp", y, x, 0, product)
    if v is None:
        raise ArgumentError("`vjp` needs a vector of the shape of y", hint="`vjp(y, x, v)`")
    return grad_of(y, x, v)


@function("jax.vjp torch.func.vjp")
def vjp_function(fun: Any, *primals: Any) -> Any:
    """The pair (value, function of v that gives a tuple of products, one for each argument)."""
    return transformed("vjp", _function("vjp", fun), tuple(primals), 0, _pullback)


def _pullback(value: Any, xs: Any) -> Any:
    def call(args: list[Any], kwargs: dict[str, Any]) -> Any:
        if len(args) != 1 or kwargs:
            raise ArgumentError("the function that `vjp` gives takes one vector")
        return shaped(xs, pulled_back(value, xs, args[0]))

    return value, Derived("vjp", call)


# PyTorch's at a point: how it goes about it makes no difference here.


@function("torch.autograd.functional.jacobian")
def torch_jacobian(
    func: Any,
    inputs: Any,
    create_graph: Any = False,
    strict: Any = False,
    vectorize: Any = False,
    strategy: Any = None,
) -> Any:
    return jacobian(_function("jacobian", func), inputs)


@function("torch.autograd.functional.hessian")
def torch_hessian(
    func: Any,
    inputs: Any,
    create_graph: Any = False,
    strict: Any = False,
    vectorize: Any = False,
    outer_jacobian_strategy: Any = None,
) -> Any:
    return hessian(_function("hessian", func), inputs)


@function("torch.autograd.functional.jvp")
def torch_jvp(
    func: Any, inputs: Any, v: Any, create_graph: Any = False, strict: Any = False
) -> Any:
    return jvp(_function("jvp", func), inputs, v)


@function("torch.autograd.functional.vjp")
def torch_vjp(
    func: Any, inputs: Any, v: Any = "ones", create_graph: Any = False, strict: Any = False
) -> Any:
    return vjp(_function("vjp", func), inputs, v)


@function("torch.autograd.functional.hvp torch.autograd.functional.vhp")
def torch_hvp(
    func: Any, inputs: Any, v: Any, create_graph: Any = False, strict: Any = False
) -> Any:
    """The Hessian is symmetric: from either side the product is the same."""
    return hvp(_function("hvp", func), inputs, v)


@function("torch.autograd.grad")
def torch_grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: Any = None,
    create_graph: Any = False,
    allow_unused: Any = None,
    materialize_grads: Any = False,
) -> Any:
    """A tuple, of derivatives of all outputs together; results can always be differentiated."""
    ys = tuple(outputs) if isinstance(outputs, list) else outputs
    seeds = grad_outputs
    if seeds is None and isinstance(ys, tuple):
        seeds = (None,) * len(ys)
    return tuple(pulled_back(ys, inputs, seeds))


@function("derivative")
def derivative(y: Any, x: Any = None, n: Any = 1) -> Any:
    """Of a function f, `derivative(f)` and `derivative(f, n)` are functions."""
    if not callable(y):
        return derivative_of(y, x, n)
    order = n if x is None else x
    return derived("derivative", y, 0, lambda value, by: derivative_of(value, by, order))


@function("div")
def div(field: Any, x: Any = None) -> Any:
    return _field("div", field, x, div_of)


@function("curl")
def curl(field: Any, x: Any = None) -> Any:
    return _field("curl", field, x, curl_of)


@function("laplacian")
def laplacian(f: Any, x: Any = None) -> Any:
    return _field("laplacian", f, x, laplacian_of)


def _field(what: str, y: Any, x: Any, use: Callable[[Any, Any], Any]) -> Any:
    if not callable(y):
        return use(y, x)
    if x is None:
        return derived(what, y, 0, use)
    return derived(what, y, 0, use)([x], {})
