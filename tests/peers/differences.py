"""What differs from PyTorch, JAX or NumPy on purpose, and why."""

DIFFERENCES: dict[str, str] = {}


def table():
    if not DIFFERENCES:
        return []
    rows = [f"| `{expr}` | {why} |" for expr, why in DIFFERENCES.items()]
    return ["Differences by intention:", "", "| call | why |", "|---|---|", *rows]
