"""NumPy, PyTorch and JAX as targets of code: where their calls differ from those of the language.

A function that a library has under a name of the binding table, with NumPy's arguments, needs
nothing here. `calls` has the others: how the library writes the call, given the printer and the
call. What a library lacks altogether is expanded by its row (see `Op.expand`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.ops.binding import SPELLED
from gradcli.ops.notation.formula import Call, Formula, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gradcli.emit.source import Source

    Writer = Callable[[Source, Call], str]


class Library:
    """A library. prefixes: where its functions are found in the binding table, first wins.

    alias: what its name is short for in code. keywords: its words for arguments. tensors: whether
    its functions take tensors only, and no numbers beside them.
    """

    def __init__(
        self,
        name: str,
        imports: str,
        alias: str,
        prefixes: tuple[str, ...],
        *,
        keywords: Mapping[str, str] | None = None,
        calls: Mapping[str, Writer],
        tensors: bool = False,
    ) -> None:
        self.name = name
        self.imports = imports
        self.alias = alias
        self.prefixes = prefixes
        self.keywords = keywords or {}
        self.calls = calls
        self.tensors = tensors

    def spelling(self, function: str) -> str | None:
        """The library's full name for a bare name of the language, or None."""
        own = SPELLED.get(function)
        spellings = own.spellings if own is not None else ()
        for prefix in self.prefixes:
            if f"{prefix}.{function}" in SPELLED:
                return f"{prefix}.{function}"
            for spelling in spellings:
                if spelling.rpartition(".")[0] == prefix:
                    return spelling
        return None

    def has(self, function: str) -> bool:
        """Whether code can call the function."""
        return function in self.calls or self.spelling(function) is not None


# --- writers -----------------------------------------------------------------------------------


def as_(name: str, **renamed: str) -> Writer:
    """The same arguments under another name."""

    def write(source: Source, call: Call) -> str:
        named = {renamed.get(key, key): value for key, value in call.named.items()}
        return source.called(name, call.args, named)

    return write


def _axes_of(call: Call) -> Any:
    """The axes of a call that names none, as a number or a tuple."""
    ndim = call.args[0].ndim
    return call.named.get("axis", 0 if ndim == 1 else tuple(range(ndim)))


def with_axes(name: str) -> Writer:
    """A function whose axes must be named."""

    def write(source: Source, call: Call) -> str:
        return source.called(name, call.args, {"axis": _axes_of(call), **call.named})

    return write


def _axes_tuple(name: str) -> Writer:
    """A function whose axes must be named, as a tuple."""

    def write(source: Source, call: Call) -> str:
        axes = _axes_of(call)
        axes = axes if isinstance(axes, tuple) else (axes,)
        return source.called(name, [*call.args, axes], {})

    return write


def _norm(name: str) -> Writer:
    """A norm; over three axes and more it is written out."""

    def write(source: Source, call: Call) -> str:
        axes = call.named.get("axis", 0)
        if isinstance(axes, tuple) and len(axes) > 2:
            squares = source.called("sum", [f"{source.operand(call.args[0])}**2"], call.named)
            return source.called("sqrt", [squares], {})
        return source.called(name, call.args, call.named)

    return write


def _repeated(name: str) -> Writer:
    """A reduction that takes one axis at a time."""

    def write(source: Source, call: Call) -> str:
        axes = call.named.get("axis")
        if not isinstance(axes, tuple):
            return source.called(name, call.args, call.named)
        text: Any = call.args[0]
        for axis in sorted(axes, reverse=True):
            text = source.called(name, [text], {**call.named, "axis": axis})
        return str(text)

    return write


def _made(name: str) -> Writer:
    """Constants of the precision and on the device of an input."""

    def write(source: Source, call: Call) -> str:
        return source.called(name, call.args, {**call.named, **source.like()})

    return write


def _torch_eye(source: Source, call: Call) -> str:
    offset = call.named.get("k", 0)
    if not offset:
        return source.called("torch.eye", call.args, source.like())
    ones = source.called("torch.ones", call.args, source.like())
    return f"(torch.triu({ones}, {offset}) - torch.triu({ones}, {offset + 1}))"


def _torch_array(source: Source, call: Call) -> str:
    (items,) = call.args
    if any(isinstance(item, Formula) and not isinstance(item, Number) for item in items):
        texts = [source.tensor_text(item) for item in items]
        return f"torch.stack([{', '.join(texts)}])"
    flat = items
    while flat and isinstance(flat[0], list):
        flat = flat[0]
    like = {} if flat and isinstance(flat[0], bool) else source.like()
    return source.called("torch.tensor", [items], like)


def _torch_where(source: Source, call: Call) -> str:
    """Of two numbers PyTorch would make a tensor of its default precision."""
    condition, a, b = call.args
    first = source.tensor_text(a) if isinstance(b, Number) else source.operand(a)
    return source.called("torch.where", [condition, first, source.operand(b)], {})


def _torch_sort(source: Source, call: Call) -> str:
    return source.called("torch.sort", call.args, call.named) + ".values"


def _torch_take_along(source: Source, call: Call) -> str:
    x, positions = call.args
    at = f"{source.operand(positions)}.long()"
    return source.called("torch.take_along_dim", [x, at], call.named)


def _torch_polygamma(source: Source, call: Call) -> str:
    """The order is a Python number there."""
    order, x = call.args
    if not isinstance(order, Number):
        return source.called("torch.special.polygamma", call.args, {})
    return source.called("torch.special.polygamma", [str(int(order.value)), x], {})


def _torch_leaky_relu(source: Source, call: Call) -> str:
    """The slope is a Python number there; of a tensor it is written out."""
    x, slope = [source.operand(arg) for arg in call.args]
    return source.called("torch.where", [f"{x} > 0", x, f"{slope}*{x}"], {})


def _torch_linspace(source: Source, call: Call) -> str:
    start, stop, count = call.args
    if call.named.get("endpoint", True):
        return source.called("torch.linspace", call.args, source.like())
    steps = source.called("torch.arange", [count], source.like())
    step = source.static((stop - start) / int(count))
    return f"({source.static(start)} + {step}*{steps})"


def _torch_trace(source: Source, call: Call) -> str:
    if not call.named:
        return source.called("torch.trace", call.args, {})
    axes = [0, call.named["axis1"], call.named["axis2"]]
    return source.called("torch.diagonal", [*call.args, *axes], {}) + ".sum(-1)"


ADJUGATE = """\
def adjugate(a):
    \"\"\"Transposed matrix of cofactors, by singular values: exact where they are 0 too.\"\"\"
    u, s, vt = {alias}.linalg.svd(a)
    others = {alias}.prod({alias}.where({eye}, 1, s), {axis}=1)
    return {alias}.linalg.det(u)*{alias}.linalg.det(vt)*(vt.T*others) @ u.T
"""


def _adjugate(source: Source, call: Call) -> str:
    """A function of its own; of stacks, by the inverse."""
    alias = source.library.alias
    (a,) = call.args
    if a.ndim > 2:
        text = source.text(a)
        return f"{alias}.linalg.det({text})[..., None, None]*{alias}.linalg.inv({text})"
    unit = f"{alias}.eye(len(s)) != 0"
    words = {"alias": alias, "eye": unit, "axis": source.library.keywords.get("axis", "axis")}
    source.helpers["adjugate"] = ADJUGATE.format(**words)
    return f"adjugate({source.text(a)})"


NUMPY = Library(
    "numpy",
    "import numpy as np",
    "np",
    ("np", "np.linalg", "scipy.special"),
    calls={
        "adjugate": _adjugate,
        "finite": as_("np.nan_to_num"),
        "logcumsumexp": as_("np.logaddexp.accumulate", dim="axis"),
        "norm": _norm("np.linalg.norm"),
    },
)
TORCH = Library(
    "torch",
    "import torch",
    "torch",
    ("torch", "torch.linalg", "torch.special", "torch.nn.functional"),
    keywords={"axis": "dim", "keepdims": "keepdim", "ddof": "correction", "k": "diagonal"},
    calls={
        "adjugate": _adjugate,
        "arange": as_("torch.arange"),
        "array": _torch_array,
        "concatenate": as_("torch.cat"),
        "cumsum": with_axes("torch.cumsum"),
        "detach": as_("torch.detach"),
        "eye": _torch_eye,
        "finite": as_("torch.nan_to_num"),
        "flip": _axes_tuple("torch.flip"),
        "full": _made("torch.full"),
        "linspace": _torch_linspace,
        "leaky_relu": _torch_leaky_relu,
        "log_softmax": with_axes("torch.log_softmax"),
        "logsumexp": with_axes("torch.logsumexp"),
        "max": as_("torch.amax"),
        "min": as_("torch.amin"),
        "norm": as_("torch.linalg.vector_norm"),
        "ones": _made("torch.ones"),
        "polygamma": _torch_polygamma,
        "prod": _repeated("torch.prod"),
        "rint": as_("torch.round"),
        "softmax": with_axes("torch.softmax"),
        "sort": _torch_sort,
        "std": lambda source, call: source.called(
            "torch.std", call.args, {"ddof": 0, **call.named}
        ),
        "take_along_axis": _torch_take_along,
        "trace": _torch_trace,
        "transpose": as_("torch.permute"),
        "where": _torch_where,
        "zeros": _made("torch.zeros"),
    },
    tensors=True,
)
JAX = Library(
    "jax",
    "import jax\nimport jax.numpy as jnp",
    "jnp",
    ("jnp", "jnp.linalg", "jax.nn", "jax.scipy.special", "jax.lax"),
    calls={
        "adjugate": _adjugate,
        "detach": as_("jax.lax.stop_gradient"),
        "finite": as_("jnp.nan_to_num"),
        "log_softmax": with_axes("jax.nn.log_softmax"),
        "norm": _norm("jnp.linalg.norm"),
        "softmax": with_axes("jax.nn.softmax"),
    },
)
LIBRARIES = {library.name: library for library in (NUMPY, TORCH, JAX)}
