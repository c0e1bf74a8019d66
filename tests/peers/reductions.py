"""Cases of reductions, scans, softmax, norms and what is taken from neighbours."""

from inputs import b, k, nan, p, r, u

NP = ("np", "jnp")
SHAPES = ((4,), (2, 3), (2, 3, 2))


def over(name, domain=r, rest="", scalar=True):
    """A reduction by NumPy's keywords, by PyTorch's, over all axes, one, and two."""
    cases = []
    for library in NP:
        cases += [(f"{library}.{name}(x{rest})", {"x": domain(*shape)}) for shape in SHAPES]
        cases += [
            (f"{library}.{name}(x, axis=0{rest})", {"x": domain(2, 3)}),
            (f"{library}.{name}(x, axis=-1, keepdims=True{rest})", {"x": domain(2, 3, 2)}),
            (f"{library}.{name}(x, axis=(0, 2){rest})", {"x": domain(2, 3, 2)}),
        ]
    return cases


def torch_over(name, domain=r, rest="", many=True):
    """A reduction by PyTorch's keywords, of 0-d tensors too."""
    cases = [(f"torch.{name}(x{rest})", {"x": domain(*shape)}) for shape in ((), *SHAPES)]
    cases += [
        (f"torch.{name}(x, dim=1{rest})", {"x": domain(2, 3)}),
        (f"torch.{name}(x, -1, keepdim=True{rest})", {"x": domain(2, 3, 2)}),
        (f"torch.{name}(x, dim=0{rest})", {"x": domain()}),
    ]
    if many:
        cases.append((f"torch.{name}(x, dim=(0, 2){rest})", {"x": domain(2, 3, 2)}))
    return cases


def scan(name, libraries=NP, domain=r):
    return [
        (f"{library}.{name}(x{rest})", {"x": domain(*shape)})
        for library in libraries
        for rest, shape in ((", axis=1", (2, 4)), ("", (2, 2)))
    ]


def torch_scan(name, domain=r):
    return [
        (f"torch.{name}(x, dim=1)", {"x": domain(2, 4)}),
        (f"torch.{name}(x, 0)", {"x": domain(3)}),
        (f"torch.{name}(x, -1)", {"x": domain()}),
    ]


MASKED = [
    (f"{library}.{name}(x, axis=1, where=m)", {"x": r(2, 4), "m": m})
    for library in NP
    for name in ("sum", "mean", "prod", "var", "std")
    for m in ([[True, True, False, True], [False, True, True, True]],)
]

METHODS = (
    "inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen "
    "weibull linear median_unbiased normal_unbiased lower higher midpoint nearest"
).split()
JAX_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")

CASES = {
    "sum": over("sum") + torch_over("sum") + MASKED[:1] + [("np.sum(x, initial=3.0)", {"x": r(3)})],
    "mean": over("mean") + torch_over("mean") + MASKED[1:2],
    "average": [
        (f"{library}.average(x, axis=1, weights=w)", {"x": r(2, 3), "w": w})
        for library in NP
        for w in (p(3), p(2, 3))
    ]
    + [(f"{library}.average(x)", {"x": r(4)}) for library in NP]
    + [("np.average(x, weights=w, returned=True)", {"x": r(4), "w": p(4)})],
    "prod": over("prod") + torch_over("prod", many=False) + MASKED[2:3],
    "max": over("max")
    + over("amax")
    + [("torch.max(x)", {"x": r(2, 3)}), ("torch.max(x, y)", {"x": r(2, 3), "y": r(2, 3)})]
    + [("torch.max(x, dim=1)", {"x": r(2, 3)}), ("torch.max(x, 0, keepdim=True)", {"x": r(2, 3)})]
    + [("torch.max(x, dim=0)", {"x": r()}), ("np.max(x, axis=1, initial=0.1)", {"x": r(2, 3)})],
    "min": over("min")
    + over("amin")
    + [("torch.min(x)", {"x": r(2, 3)}), ("torch.min(x, y)", {"x": r(2, 3), "y": r(2, 3)})]
    + [("torch.min(x, dim=1)", {"x": r(2, 3)}), ("torch.min(x, 0, keepdim=True)", {"x": r(2, 3)})],
    "amax": torch_over("amax"),
    "amin": torch_over("amin") + [("torch.aminmax(x, dim=1)", {"x": r(2, 3)})],
    "var": over("var")
    + over("var", rest=", ddof=1")
    + torch_over("var")
    + torch_over("var", rest=", correction=0")
    + [("torch.var(x, 1, unbiased=False)", {"x": r(2, 4)}), ("torch.var(x, False)", {"x": r(4)})]
    + [("jnp.var(x, correction=1)", {"x": r(4)})]
    + MASKED[3:4],
    "std": over("std")
    + over("std", rest=", ddof=1")
    + torch_over("std")
    + torch_over("std", rest=", correction=0")
    + [("torch.std(x, 1, unbiased=False)", {"x": r(2, 4)})]
    + MASKED[4:5],
    "var_mean": torch_over("var_mean") + torch_over("std_mean"),
    "nansum": over("nansum", nan) + torch_over("nansum", nan),
    "nanmean": over("nanmean", r)
    + torch_over("nanmean", r)
    + [("torch.nanmean(x, dim=1)", {"x": nan(2, 5)}), ("jnp.nanmean(x, axis=0)", {"x": nan(4, 2)})],
    "nanvar": over("nanvar")
    + over("nanstd")
    + [("jnp.nanstd(x, axis=1)", {"x": nan(2, 6)}), ("np.nanvar(x)", {"x": nan(2, 6)})],
    "nanprod": over("nanprod", nan),
    "nanmax": over("nanmax") + over("nanmin") + [("jnp.nanmax(x, axis=1)", {"x": nan(2, 6)})],
    "nancumsum": scan("nancumsum", domain=nan) + scan("nancumprod", domain=nan),
    "nanargmax": [
        (f"{library}.{name}(x, axis=1)", {"x": nan(3, 7)})
        for library in NP
        for name in ("nanargmax", "nanargmin")
    ],
    "median": over("median")
    + torch_over("median", many=False)
    + [("torch.median(x, dim=1)", {"x": nan(2, 4)})],
    "nanmedian": over("nanmedian")
    + torch_over("nanmedian", many=False)
    + [("np.nanmedian(x, axis=1)", {"x": nan(2, 5)}), ("torch.nanmedian(x, 1)", {"x": nan(2, 5)})],
    "quantile": [
        (f"np.quantile(x, {q}, axis={axis}, method='{method}')", {"x": r(3, 4)})
        for method in METHODS
        for q in (0.0, 0.31, 0.5, 0.75, 1.0)
        for axis in (0, 1)
    ]
    + [
        (f"jnp.quantile(x, {q}, axis=1, method='{method}')", {"x": r(3, 4)})
        for method in JAX_METHODS
        for q in (0.31, 0.77)
    ]
    + [
        (f"torch.quantile(x, {q}, dim=1, interpolation='{method}')", {"x": r(3, 4)})
        for method in JAX_METHODS
        for q in (0.31, 0.77)
    ]
    + [
        ("jnp.quantile(x, q)", {"x": r(5), "q": u()}),
        ("jnp.quantile(x, q, axis=0, keepdims=True)", {"x": r(5, 2), "q": u(3)}),
        ("torch.quantile(x, q, dim=0)", {"x": r(5, 2), "q": u(3)}),
        ("torch.quantile(x, 0.3)", {"x": r(2, 3)}),
        ("torch.quantile(x, 0.3, dim=0, keepdim=True)", {"x": r(2, 3)}),
        ("np.quantile(x, q, axis=(0, 2))", {"x": r(2, 3, 2), "q": u(2, 2)}),
        ("np.nanquantile(x, 0.3, axis=1)", {"x": nan(2, 5)}),
        ("torch.nanquantile(x, 0.3, dim=1)", {"x": nan(2, 5)}),
        ("jnp.nanquantile(x, 0.3, axis=1)", {"x": nan(2, 5)}),
    ],
    "percentile": [
        (f"{library}.{name}(x, {q}, axis=1)", {"x": r(2, 5)})
        for library in NP
        for name in ("percentile", "nanpercentile")
        for q in (0, 33.3, [20, 90.0])
        if library == "np" or not isinstance(q, list)
    ],
    "ptp": over("ptp"),
    "norm": [
        (f"{library}.linalg.norm(x{rest})", {"x": r(*shape)})
        for library in ("np", "jnp")
        for rest, shape in (
            ("", (4,)),
            ("", (2, 3)),
            ("", (2, 3, 2)),
            (", 1", (4,)),
            (", 3", (4,)),
            (", 0.5", (4,)),
            (", np.inf" if library == "np" else ", jnp.inf", (4,)),
            (", -np.inf" if library == "np" else ", -jnp.inf", (4,)),
            (", 0", (4,)),
            (", 'fro'", (2, 3)),
            (", 'nuc'", (2, 3)),
            (", 1", (2, 3)),
            (", -1", (2, 3)),
            (", 2", (2, 3)),
            (", -2", (2, 3)),
            (", 3, axis=1", (2, 3)),
            (", ord=1, axis=(2, 0), keepdims=True", (2, 3, 4)),
            (", ord='nuc', axis=(2, 0)", (2, 3, 4)),
            (", axis=(0, 1)", (2, 3, 2)),
        )
    ]
    + [
        (f"torch.linalg.norm(x{rest})", {"x": r(*shape)})
        for rest, shape in (
            ("", (2, 3, 2)),
            ("", ()),
            (", 2", (4,)),
            (", 2", (2, 3)),
            (", 'nuc'", (2, 3)),
            (", 3, dim=1", (2, 3)),
            (", ord=float('inf'), dim=(0, 2)", (2, 3, 2)),
        )
        if "float" not in rest
    ]
    + [
        (f"torch.norm(x{rest})", {"x": r(*shape)})
        for rest, shape in (
            ("", (2, 3)),
            (", 1", (2, 3)),
            (", 'nuc'", (2, 3)),
            (", p=3, dim=1, keepdim=True", (2, 3)),
            (", dim=(0, 2)", (2, 3, 2)),
            (", p='fro', dim=(0, 1)", (2, 3)),
            ("", ()),
        )
    ],
    "vector_norm": [
        (f"torch.linalg.vector_norm(x{rest})", {"x": r(*shape)})
        for rest, shape in (("", (2, 3)), (", 3, dim=1", (2, 3)), (", 0", (4,)), (", dim=0", ()))
    ]
    + [
        (f"{library}.linalg.vector_norm(x{rest})", {"x": r(*shape)})
        for library in NP
        for rest, shape in (("", (2, 3)), (", axis=1, ord=3", (2, 3)), (", keepdims=True", (2, 3)))
    ],
    "matrix_norm": [
        (f"torch.linalg.matrix_norm(x{rest})", {"x": r(*shape)})
        for rest, shape in (
            ("", (2, 3)),
            (", 'nuc'", (2, 3)),
            (", 2", (2, 2, 3)),
            (", ord=-1, dim=(0, 2)", (2, 3, 4)),
            (", 1, keepdim=True", (2, 2, 3)),
        )
    ]
    + [
        (f"{library}.linalg.matrix_norm(x{rest})", {"x": r(2, 2, 3)})
        for library in NP
        for rest in ("", ", ord=2", ", ord='nuc', keepdims=True")
    ],
    "logsumexp": [
        (f"{head}(x{rest})", {"x": r(*shape)})
        for head in ("scipy.special.logsumexp", "jax.scipy.special.logsumexp", "jax.nn.logsumexp")
        for rest, shape in (
            ("", (4,)),
            (", axis=1", (2, 3)),
            (", axis=(0, 1), keepdims=True", (2, 3)),
        )
    ]
    + [
        (f"{head}(x, dim=1)", {"x": r(2, 3)})
        for head in ("torch.logsumexp", "torch.special.logsumexp")
    ]
    + [("torch.logsumexp(x, (0, 1), keepdim=True)", {"x": r(2, 3)})]
    + [("torch.logsumexp(x, 0)", {"x": r()})]
    + [
        (f"{head}(x, axis=1, b=w)", {"x": r(2, 3), "w": p(3)})
        for head in ("scipy.special.logsumexp", "jax.scipy.special.logsumexp")
    ]
    + [("jax.scipy.special.logsumexp(x, b=w, return_sign=True)", {"x": r(4), "w": r(4)})],
    "logcumsumexp": torch_scan("logcumsumexp")
    + [("jax.lax.cumlogsumexp(x, axis=1)", {"x": r(2, 4)})],
    "cumsum": scan("cumsum")
    + torch_scan("cumsum")
    + [("jax.lax.cumsum(x, axis=1, reverse=True)", {"x": r(2, 4)})]
    + [
        (f"{library}.cumulative_sum(x, axis=1, include_initial=True)", {"x": r(2, 4)})
        for library in NP
    ],
    "cumprod": scan("cumprod")
    + torch_scan("cumprod")
    + [("jax.lax.cumprod(x, axis=0)", {"x": r(3, 2)})]
    + [(f"{library}.cumulative_prod(x, axis=1)", {"x": r(2, 4)}) for library in NP]
    + [("torch.cumprod(x, 0)", {"x": [0.5, 0.0, 2.0, 0.0, 3.0]})],
    "cummax": torch_scan("cummax") + [("jax.lax.cummax(x, axis=1)", {"x": r(2, 4)})],
    "cummin": torch_scan("cummin") + [("jax.lax.cummin(x, axis=1, reverse=True)", {"x": r(2, 4)})],
    "diff": [
        (f"{library}.diff(x{rest})", {"x": r(3, 4)})
        for library in ("np", "torch", "jnp")
        for rest in ("", ", 2", ", n=1, axis=0" if library != "torch" else ", n=1, dim=0")
    ]
    + [("np.diff(x, prepend=0, append=[[1.0], [2.0]])", {"x": r(2, 3)})]
    + [("torch.diff(x, prepend=y)", {"x": r(3), "y": r(2)})]
    + [("jnp.diff(x, append=3.0)", {"x": r(3)})],
    "trapezoid": [
        (f"{head}(x{rest})", {"x": r(2, 4)})
        for head in ("np.trapezoid", "jnp.trapezoid", "scipy.integrate.trapezoid")
        for rest in ("", ", dx=0.5", ", axis=0")
    ]
    + [("jnp.trapezoid(y, x)", {"y": r(2, 4), "x": r(4)})]
    + [("torch.trapezoid(y, x)", {"y": r(2, 4), "x": r(4)})]
    + [("torch.trapezoid(y, x, dim=0)", {"y": r(3, 2), "x": r(3, 2)})]
    + [("torch.trapz(y, dx=0.3)", {"y": r(2, 4)})],
    "cumulative_trapezoid": [
        ("torch.cumulative_trapezoid(y)", {"y": r(2, 4)}),
        ("torch.cumulative_trapezoid(y, x)", {"y": r(2, 4), "x": r(4)}),
        ("torch.cumulative_trapezoid(y, dx=0.5, dim=0)", {"y": r(3, 2)}),
        ("scipy.integrate.cumulative_trapezoid(y, x, initial=0)", {"y": r(2, 4), "x": r(4)}),
        ("scipy.integrate.cumulative_trapezoid(y, dx=0.3, axis=0)", {"y": r(3, 2)}),
    ],
    "gradient": [
        (f"{library}.gradient(x{rest})", {"x": r(*shape)})
        for library in NP
        for rest, shape in (("", (5,)), (", 0.5", (5,)), ("", (3, 4)), (", axis=1", (3, 4)))
    ]
    + [
        ("np.gradient(x, t)", {"x": r(5), "t": [0.0, 1.0, 1.5, 3.5, 4.0]}),
        ("np.gradient(x, t, edge_order=2)", {"x": r(5), "t": [0.0, 1.0, 1.5, 3.5, 4.0]}),
        ("np.gradient(x, 0.5, edge_order=2)", {"x": r(5)}),
        ("np.gradient(x, 2.0, t, axis=(0, 1))", {"x": r(3, 4), "t": [0.0, 1.0, 1.5, 3.5]}),
        ("torch.gradient(x)", {"x": r(5)}),
        ("torch.gradient(x, spacing=0.5, edge_order=2)", {"x": r(5)}),
        ("torch.gradient(x, spacing=(t,))", {"x": r(4), "t": [0.0, 1.0, 1.5, 3.5]}),
        ("torch.gradient(x, spacing=[0.5, 2.0])", {"x": r(3, 4)}),
        ("torch.gradient(x, dim=1)", {"x": r(3, 4)}),
    ],
    "cov": [
        (f"{library}.cov(x{rest})", {"x": r(*shape)})
        for library in NP
        for rest, shape in (
            ("", (3, 5)),
            ("", (5,)),
            (", rowvar=False", (5, 3)),
            (", bias=True", (3, 5)),
            (", ddof=0", (3, 5)),
        )
    ]
    + [(f"{library}.cov(x, y)", {"x": r(5), "y": r(5)}) for library in NP]
    + [("np.cov(x, aweights=w)", {"x": r(3, 5), "w": p(5)})]
    + [("np.cov(x, fweights=n, aweights=w)", {"x": r(3, 5), "n": k(4, 5) + 1, "w": p(5)})]
    + [
        (f"torch.cov(x{rest})", {"x": r(*shape)})
        for rest, shape in (("", (3, 5)), (", correction=0", (3, 5)), ("", (5,)))
    ]
    + [("torch.cov(x, aweights=w)", {"x": r(3, 5), "w": p(5)})]
    + [("torch.cov(x, fweights=n)", {"x": r(3, 5), "n": k(4, 5) + 1})],
    "corrcoef": [(f"{library}.corrcoef(x)", {"x": r(3, 5)}) for library in ("np", "jnp", "torch")]
    + [(f"{library}.corrcoef(x, y)", {"x": r(5), "y": r(5)}) for library in NP]
    + [("np.corrcoef(x, rowvar=False)", {"x": r(5, 2)})],
    "argmax": over("argmax")[:4] + torch_over("argmax", many=False),
    "argmin": over("argmin")[:4] + torch_over("argmin", many=False),
    "any": over("any") + torch_over("any"),
    "all": over("all") + torch_over("all"),
    "count_nonzero": over("count_nonzero")
    + [
        ("torch.count_nonzero(x)", {"x": r(2, 3)}),
        ("torch.count_nonzero(x, dim=1)", {"x": r(2, 3)}),
    ],
    "softmax": [
        (f"{head}(x, dim=1)", {"x": r(2, 3)})
        for head in ("torch.softmax", "F.softmax", "torch.special.softmax")
    ]
    + [("torch.softmax(x, 0)", {"x": r()}), ("F.softmax(x, dim=-1)", {"x": r(2, 3, 2)})]
    + [
        (f"{head}(x, axis=1)", {"x": r(2, 3)})
        for head in ("scipy.special.softmax", "jax.nn.softmax")
    ]
    + [("scipy.special.softmax(x)", {"x": r(2, 3)}), ("jax.nn.softmax(x)", {"x": r(2, 3)})]
    + [("jax.nn.softmax(x, where=m)", {"x": r(2, 3), "m": b(2, 3) | [True, False, False]})],
    "softmin": [("F.softmin(x, dim=1)", {"x": r(2, 3)}), ("F.softmin(x, 0)", {"x": r(4)})],
    "log_softmax": [
        (f"{head}(x, dim=1)", {"x": r(2, 3)})
        for head in ("torch.log_softmax", "F.log_softmax", "torch.special.log_softmax")
    ]
    + [
        (f"{head}(x, axis=0)", {"x": r(2, 3)})
        for head in ("scipy.special.log_softmax", "jax.nn.log_softmax")
    ],
}
