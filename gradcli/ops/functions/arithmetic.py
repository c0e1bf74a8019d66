"""Elementwise functions that are compositions, or rows with the defaults of a library."""

from __future__ import annotations

import math
from typing import Any

from gradcli.errors import ArgumentError
from gradcli.graph import Node
from gradcli.ops.binding import function
from gradcli.ops.functions import reductions as red
from gradcli.ops.rows import choices, numbers, powers
from gradcli.ops.rows.arithmetic import floor_divide, remainder
from gradcli.ops.rows.logic import where
from gradcli.ops.rows.reductions import norm2
from gradcli.ops.values import static_number, tensor, whole

X = "[-1.5, -0.4, 0.6, 2.3]"


@function("torch.addcmul", example="addcmul([1.0, 2.0], [3.0, 4.0], [0.5, 0.1], value=2)")
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Node:
    """The sum input + value*tensor1*tensor2."""
    return tensor(input) + tensor(value) * tensor(tensor1) * tensor(tensor2)


@function("torch.addcdiv", example="addcdiv([1.0, 2.0], [3.0, 4.0], [0.5, 0.1], value=2)")
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Node:
    """The sum input + value*tensor1/tensor2."""
    return tensor(input) + tensor(value) * tensor(tensor1) / tensor(tensor2)


@function("np+torch+jnp.deg2rad np+jnp+math.radians", example="deg2rad([-90.0, 30.0, 180.0])")
def deg2rad(x: Any) -> Node:
    """Degrees as radians."""
    return tensor(x) * (math.pi / 180)


@function("np+torch+jnp.rad2deg np+jnp+math.degrees", example=f"rad2deg({X})")
def rad2deg(x: Any) -> Node:
    """Radians as degrees."""
    return tensor(x) * (180 / math.pi)


@function("torch.frac", example=f"frac({X})")
def frac(input: Any) -> Node:
    """What is behind the point, with the number's sign."""
    x = tensor(input)
    return x - numbers.trunc(x)


@function("np+torch+jnp.round np+jnp.around torch.special.round", example=f"round({X}, decimals=1)")
def round(x: Any, decimals: Any = 0) -> Node:
    """The nearest number of so many decimals, the even one of two."""
    places = whole(decimals, "decimals")
    x = tensor(x)
    if not places:
        return numbers.rint(x)
    scale = 10.0 ** min(abs(places), 308)
    if places < 0:
        return numbers.rint(x / scale) * scale
    shifted = x * scale
    # A number so large has no digits to round.
    return where(numbers.isfinite(shifted), numbers.rint(shifted) / scale, x)


def _nan_to_num(x: Any, nan: Any, posinf: Any, neginf: Any) -> Node:
    x = tensor(x)
    found = choices.finite(x)
    if posinf is not None:
        found = where(numbers.isposinf(x), tensor(posinf), found)
    if neginf is not None:
        found = where(numbers.isneginf(x), tensor(neginf), found)
    if nan is not None and not (isinstance(nan, (int, float)) and nan == 0):
        found = where(numbers.isnan(x), tensor(nan), found)
    return found


@function("np+jnp.nan_to_num", example=f"nan_to_num({X}, posinf=9)")
def nan_to_num(
    x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Node:
    """Numbers in place of NaN and infinities; by default 0, and the largest there are."""
    return _nan_to_num(x, nan, posinf, neginf)


@function("torch.nan_to_num", example=f"torch.nan_to_num({X}, 0.5)")
def torch_nan_to_num(input: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Node:
    """Numbers in place of NaN and infinities; by default 0, and the largest there are."""
    return _nan_to_num(input, nan, posinf, neginf)


@function("torch.logit torch.special.logit", example="torch.logit([0.2, 0.7], eps=0.01)")
def logit(input: Any, eps: Any = None) -> Node:
    """log(x/(1 - x)), with x kept eps away from 0 and 1."""
    x = tensor(input)
    if eps is not None:
        margin = static_number(eps, "eps")
        x = red.clip(x, margin, 1 - margin)
    return powers.logit(x)


@function("torch.clamp_min", example=f"torch.clamp_min({X}, 0.1)")
def clamp_min(input: Any, min: Any) -> Node:
    """Kept above a bound."""
    return red.clip(input, min, None)


@function("torch.clamp_max", example=f"torch.clamp_max({X}, 0.1)")
def clamp_max(input: Any, max: Any) -> Node:
    """Kept below a bound."""
    return red.clip(input, None, max)


@function("np+torch+jnp+math.ldexp", example="ldexp([0.5, 3.0], [2, -1])")
def ldexp(x: Any, y: Any) -> Node:
    """x*2**y."""
    return tensor(x) * powers.exp2(tensor(y))


@function("np+torch+jnp.positive", example=f"positive({X})")
def positive(x: Any) -> Node:
    """The number itself."""
    return tensor(x)


@function("np+jnp.divmod", example="divmod([7.3, -7.3], [2.0, 2.0])")
def divmod(x: Any, y: Any) -> tuple[Node, Node]:
    """Quotient rounded down, and what it leaves."""
    a, b = tensor(x), tensor(y)
    return floor_divide(a, b), remainder(a, b)


@function("np+jnp+math.modf", example=f"modf({X})")
def modf(x: Any) -> tuple[Node, Node]:
    """What is behind the point, and what is before it."""
    x = tensor(x)
    whole_part = numbers.trunc(x)
    return where(numbers.isinf(x), 0.0, x - whole_part), whole_part


@function("math.dist", example="math.dist([1.0, 2.0], [4.0, 6.0])")
def dist(p: Any, q: Any) -> Node:
    """The distance of two points."""
    a, b = tensor(p), tensor(q)
    if a.shape != b.shape or a.ndim != 1:
        raise ArgumentError("`math.dist` takes two points, vectors of one length")
    return norm2(a - b, (-1,), False)
