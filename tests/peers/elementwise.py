"""Cases of elementwise functions and activations."""

from inputs import b, g, k, one, p, q, r, s, two, u

ALL3 = "np torch jnp"
SPECIAL = "scipy.special torch.special jax.scipy.special"
JSP = "jax.scipy.special"


def v(*shape):
    """Away from 0, where a kink is."""
    return r(*shape) + 0.05


CASES = {
    # arithmetic
    "add": two("np jnp torch", "add", r, r) + two("torch", "add", r, r, ", alpha=2.5"),
    "subtract": two("np jnp torch", "subtract", r, r) + two("torch", "sub", r, r, ", alpha=0.5"),
    "multiply": two(ALL3, "multiply", r, r) + two("torch", "mul", r, r),
    "divide": two(ALL3, "divide", r, p)
    + two("torch", "div", r, p)
    + two("torch", "div", r, p, ", rounding_mode='floor'")
    + two("torch", "div", r, p, ", rounding_mode='trunc'")
    + two(ALL3, "true_divide", r, p),
    "floor_divide": two(ALL3, "floor_divide", r, p),
    "remainder": two(ALL3, "remainder", r, p) + two("np jnp", "mod", r, p),
    "fmod": two(ALL3, "fmod", r, p),
    "float_power": two(ALL3, "float_power", p, r),
    "power": two("np jnp", "power", p, r)
    + two("np torch jnp", "pow", p, r)
    + one("torch", "pow", r, ", 3")
    + one("jnp", "power", r, ", 3"),
    "reciprocal": one(ALL3, "reciprocal", p),
    "rsqrt": one("torch jax.lax", "rsqrt", p),
    "sqrt": one(ALL3, "sqrt", p),
    "cbrt": one("np jnp scipy.special", "cbrt", v),
    "square": one(ALL3, "square", r),
    "abs": one(ALL3, "abs", v) + one(ALL3, "absolute", v) + one("np jnp", "fabs", v),
    "negative": one(ALL3, "negative", r) + one("torch", "neg", r) + one(ALL3, "positive", r),
    "copysign": two(ALL3, "copysign", v, v),
    "logaddexp": two(ALL3, "logaddexp", r, r),
    "logaddexp2": two(ALL3, "logaddexp2", r, r),
    "hypot": two(ALL3, "hypot", r, r),
    "lerp": [
        ("torch.lerp(x, y, z)", {"x": r(2, 3), "y": r(3), "z": u(2, 1)}),
        ("torch.lerp(x, y, 0.3)", {"x": r(4), "y": r(4)}),
        ("torch.lerp(input=x, end=y, weight=z)", {"x": r(), "y": r(), "z": g()}),
    ],
    "addcmul": [
        ("torch.addcmul(x, y, z)", {"x": r(2, 3), "y": r(3), "z": r(2, 1)}),
        ("torch.addcmul(x, y, z, value=0.5)", {"x": r(4), "y": r(4), "z": r(4)}),
    ],
    "addcdiv": [
        ("torch.addcdiv(x, y, z)", {"x": r(2, 3), "y": r(3), "z": p(2, 1)}),
        ("torch.addcdiv(x, y, z, value=0.5)", {"x": r(4), "y": r(4), "z": p(4)}),
    ],
    # exponentials and logarithms
    "exp": one(ALL3, "exp", r),
    "exp2": one(f"{ALL3} torch.special", "exp2", r),
    "expm1": one(f"{ALL3} torch.special", "expm1", r),
    "log": one(ALL3, "log", p),
    "log2": one(ALL3, "log2", p),
    "log10": one(ALL3, "log10", p),
    "log1p": one(f"{ALL3} torch.special", "log1p", q),
    # trigonometric and hyperbolic functions
    **{name: one(ALL3, name, r) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "asin": one(ALL3, "asin", s) + one(ALL3, "arcsin", s),
    "acos": one(ALL3, "acos", s) + one(ALL3, "arccos", s),
    "atan": one(ALL3, "atan", r) + one(ALL3, "arctan", r),
    "asinh": one(ALL3, "asinh", r) + one(ALL3, "arcsinh", r),
    "acosh": one(ALL3, "acosh", g) + one(ALL3, "arccosh", g),
    "atanh": one(ALL3, "atanh", s) + one(ALL3, "arctanh", s),
    "atan2": two(ALL3, "atan2", r, r) + two(ALL3, "arctan2", r, r),
    "sinc": one(ALL3, "sinc", r) + one("torch.special", "sinc", r),
    "deg2rad": one(ALL3, "deg2rad", r) + one("np jnp", "radians", r),
    "rad2deg": one(ALL3, "rad2deg", r) + one("np jnp", "degrees", r),
    # rounding and questions
    **{name: one(ALL3, name, r) for name in ("floor", "ceil", "trunc")},
    "round": one(ALL3, "round", r)
    + one("np jnp", "around", r, ", 1")
    + one("np torch jnp", "round", r, ", decimals=2")
    + one("torch.special", "round", r)
    + one("np jnp", "rint", r),
    "frac": one("torch", "frac", r),
    "heaviside": two(ALL3, "heaviside", v, r),
    "sign": one(ALL3, "sign", r) + one("torch", "sgn", r),
    "isnan": one(ALL3, "isnan", r),
    "isfinite": one(ALL3, "isfinite", r),
    "isinf": one(ALL3, "isinf", r) + one(ALL3, "isposinf", r) + one(ALL3, "isneginf", r),
    "signbit": one(ALL3, "signbit", r),
    "isclose": two(ALL3, "isclose", r, r),
    "allclose": two("np torch jnp", "allclose", r, r),
    "array_equal": two("np jnp", "array_equal", r, r) + two("torch", "equal", r, r),
    # choices
    "maximum": two(ALL3, "maximum", r, r),
    "minimum": two(ALL3, "minimum", r, r),
    "fmax": two(ALL3, "fmax", r, r),
    "fmin": two(ALL3, "fmin", r, r),
    "clip": [
        (f"{library}.clip(x, {bounds})", {"x": r(*shape)})
        for library in ("np", "torch", "jnp")
        for bounds in ("-0.51, 0.71", "-0.51, None")
        for shape in ((), (5,), (2, 3))
    ]
    + [
        ("torch.clamp(x, min=-0.3)", {"x": r(4)}),
        ("torch.clamp(x, max=y)", {"x": r(4), "y": r(4)}),
        ("torch.clamp_min(x, 0.3)", {"x": r(4)}),
        ("torch.clamp_max(x, 0.3)", {"x": r(4)}),
        ("jnp.clip(x, min=y)", {"x": r(2, 3), "y": r(3)}),
    ],
    "nan_to_num": one(ALL3, "nan_to_num", r)
    + one("np torch jnp", "nan_to_num", r, ", nan=2.0, posinf=3.0"),
    "where": [
        (f"{library}.where(c, x, y)", {"c": b(*c), "x": r(*x), "y": r(*y)})
        for library in ("np", "torch", "jnp")
        for c, x, y in (((), (), ()), ((3,), (3,), (3,)), ((2, 3), (3,), ()))
    ]
    + [("torch.where(c, input=x, other=y)", {"c": b(3), "x": r(3), "y": r(3)})],
    # special functions
    "xlogy": two(f"{SPECIAL} torch", "xlogy", r, p),
    "xlog1py": two(SPECIAL, "xlog1py", r, q),
    "entr": one(SPECIAL, "entr", p),
    "logit": one(SPECIAL, "logit", u)
    + one("torch", "logit", u)
    + one("torch", "logit", u, ", eps=0.2"),
    "erf": one(f"{SPECIAL} torch", "erf", r),
    "erfc": one(f"{SPECIAL} torch", "erfc", r),
    "erfinv": one(f"{SPECIAL} torch", "erfinv", s),
    "erfcinv": one("scipy.special", "erfcinv", u),
    "erfcx": one(SPECIAL, "erfcx", r),
    "ndtr": one(SPECIAL, "ndtr", r),
    "log_ndtr": one(SPECIAL, "log_ndtr", r),
    "ndtri": one(SPECIAL, "ndtri", u),
    "gamma": one("scipy.special jax.scipy.special", "gamma", p),
    "lgamma": one("torch", "lgamma", p) + one(SPECIAL, "gammaln", p),
    "digamma": one(f"{SPECIAL} torch", "digamma", p) + one("scipy.special torch.special", "psi", p),
    "polygamma": [
        (f"{library}.polygamma({n}, x)", {"x": p(*shape)})
        for library in ("torch", "torch.special", "scipy.special", JSP)
        for n in (0, 1, 3)
        for shape in ((), (3,), (2, 2))
    ],
    "multigammaln": [
        (f"{call}(x, {n})", {"x": p(*shape) + 2})
        for call in ("torch.mvlgamma", "torch.special.multigammaln", f"{JSP}.multigammaln")
        for n in (1, 3)
        for shape in ((), (3,))
    ]
    + [("scipy.special.multigammaln(x, 2)", {"x": p() + 2})],
    "beta": two("scipy.special jax.scipy.special", "beta", p, p),
    "betaln": two("scipy.special jax.scipy.special", "betaln", p, p),
    **{name: one(SPECIAL, name, r) for name in ("i0e", "i1", "i1e")},
    "i0": one(f"{SPECIAL} np torch jnp", "i0", r) + one("torch.special", "modified_bessel_i0", r),
    "j0": one("scipy.special", "j0", r) + one("torch.special", "bessel_j0", r),
    "j1": one("scipy.special", "j1", r) + one("torch.special", "bessel_j1", r),
    "y0": one("scipy.special", "y0", p) + one("torch.special", "bessel_y0", p),
    "y1": one("scipy.special", "y1", p) + one("torch.special", "bessel_y1", p),
    "k0": one("scipy.special", "k0", p) + one("torch.special", "modified_bessel_k0", p),
    "k1": one("scipy.special", "k1", p) + one("torch.special", "modified_bessel_k1", p),
    "bessel of any order": [
        (f"scipy.special.{name}({n}, x)", {"x": p(3)})
        for name in ("jv", "yv", "iv", "kv", "jn", "yn", "kn")
        for n in (0, 2)
    ],
    "rel_entr": two("scipy.special jax.scipy.special", "rel_entr", p, p),
    "kl_div (elementwise)": two("scipy.special jax.scipy.special", "kl_div", p, p),
    "expit": one(SPECIAL, "expit", r),
    "norm.pdf": [
        (f"{head}.{name}(x)", {"x": r(3)})
        for head in ("scipy.stats.norm", "jax.scipy.stats.norm")
        for name in ("pdf", "logpdf", "cdf", "logcdf")
    ]
    + [
        (f"{head}.{name}(x, y, z)", {"x": u(3), "y": r(), "z": p(2, 1)})
        for head in ("scipy.stats.norm", "jax.scipy.stats.norm")
        for name in ("pdf", "logpdf", "cdf", "logcdf", "ppf")
    ]
    + [(f"{head}.ppf(x)", {"x": u(3)}) for head in ("scipy.stats.norm", "jax.scipy.stats.norm")],
    "ldexp": [
        (f"{library}.ldexp(x, n)", {"x": r(3), "n": k(4, 3)}) for library in ("np", "torch", "jnp")
    ],
    "divmod": two("np jnp", "divmod", r, p),
    "modf": one("np jnp", "modf", v),
    # activations
    "sigmoid": one("torch F jax.nn", "sigmoid", r),
    "logsigmoid": one("F", "logsigmoid", r)
    + one("jax.nn", "log_sigmoid", r)
    + one("scipy.special", "log_expit", r),
    "softplus": one("F jax.nn", "softplus", r)
    + one("F", "softplus", r, ", beta=2.0")
    + one("F", "softplus", r, ", beta=0.7, threshold=1"),
    "relu": one("torch F jax.nn", "relu", v),
    "relu6": one("F jax.nn", "relu6", lambda *shape: 4 * v(*shape)),
    "leaky_relu": one("F jax.nn", "leaky_relu", v) + one("F jax.nn", "leaky_relu", v, ", 0.3"),
    "prelu": [
        (f"{library}.prelu(x, w)", {"x": x, "w": w})
        for library in ("torch", "F")
        for x, w in ((v(4), u(1)), (v(2, 3), u(3)), (v(2, 3, 2), u(3)), (v(2, 3), u(1)))
    ],
    "elu": one("F jax.nn", "elu", v) + one("F jax.nn", "elu", v, ", 0.7"),
    "selu": one("torch F jax.nn", "selu", v),
    "celu": one("torch F jax.nn", "celu", v) + one("torch F jax.nn", "celu", v, ", 0.7"),
    "gelu": one("F", "gelu", r)
    + one("F", "gelu", r, ", approximate='tanh'")
    + one("jax.nn", "gelu", r)
    + one("jax.nn", "gelu", r, ", approximate=False"),
    "silu": one("F jax.nn", "silu", r) + one("jax.nn", "swish", r),
    "mish": one("F jax.nn", "mish", r),
    "hardtanh": one("F", "hardtanh", v)
    + one("F", "hardtanh", v, ", -0.31, 1.51")
    + one("jax.nn", "hard_tanh", v),
    "hardsigmoid": one("F", "hardsigmoid", lambda *shape: 3 * v(*shape))
    + one("jax.nn", "hard_sigmoid", lambda *shape: 3 * v(*shape)),
    "hardswish": one("F", "hardswish", lambda *shape: 3 * v(*shape))
    + one("jax.nn", "hard_swish", lambda *shape: 3 * v(*shape))
    + one("jax.nn", "hard_silu", r),
    "softsign": one("F", "softsign", v) + one("jax.nn", "soft_sign", v),
    "tanhshrink": one("F", "tanhshrink", r),
    "softshrink": one("F", "softshrink", v) + one("F", "softshrink", v, ", 0.31"),
    "hardshrink": one("torch F", "hardshrink", v) + one("F", "hardshrink", v, ", 0.31"),
    "threshold": one("torch F", "threshold", v, ", 0.1, 20"),
    "glu": [
        (f"{head}(x{rest})", {"x": r(*shape)})
        for head in ("F.glu", "jax.nn.glu")
        for shape, rest in (((4,), ""), ((2, 4), ""), ((2, 3), ", 0"))
    ],
    "squareplus": one("jax.nn", "squareplus", r) + one("jax.nn", "squareplus", r, ", 1.5"),
    "sparse_plus": one("jax.nn", "sparse_plus", r),
    "sparse_sigmoid": one("jax.nn", "sparse_sigmoid", r),
    "log1mexp": one("jax.nn", "log1mexp", p),
}
