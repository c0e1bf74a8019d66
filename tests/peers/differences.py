"""Where the comparison differs on purpose, and why. Keyed by the call."""

FLOAT32 = "PyTorch keeps the parameter in single precision"
ALONE = "a single element has no spread: the value is 0, and so is its derivative here"
NO_DEGREES = "the value is NaN; its second derivative is not asked for"
NAN_FORWARD = "PyTorch's double backward gives NaN in the first column; its JAX counterpart agrees"

DIFFERENCES = {
    "torch.celu(x, 0.7)": FLOAT32,
    "F.celu(x, 0.7)": FLOAT32,
    "F.hardsigmoid(x)": FLOAT32,
    "torch.logcumsumexp(x, dim=1)": NAN_FORWARD,
    "torch.logcumsumexp(x, 0)": NAN_FORWARD,
    "torch.std(x, correction=0)": ALONE,
    "torch.std(x, dim=0, correction=0)": ALONE,
    "torch.var(x)": NO_DEGREES,
    "torch.var(x, dim=0)": NO_DEGREES,
    "torch.var_mean(x)": NO_DEGREES,
    "torch.var_mean(x, dim=0)": NO_DEGREES,
}


DRAWS = "draws of its own"
NOT_COMPARED = {
    "torch.rand": DRAWS,
    "torch.randn": DRAWS,
    "np.random.rand": DRAWS,
    "np.random.randn": DRAWS,
    "np.random.random": DRAWS,
    "np.random.standard_normal": DRAWS,
}


def table(differences):
    """The differences as lines of a table."""
    rows = [f"| `{expr}` | {why} |" for expr, why in differences.items()]
    return ["## Differences by intention", "", "| call | why |", "|---|---|", *rows]


def not_compared():
    """Names that are left out, as lines of a table."""
    rows = [f"| `{name}` | {why} |" for name, why in NOT_COMPARED.items()]
    return ["## Not compared", "", "| name | why |", "|---|---|", *rows]
