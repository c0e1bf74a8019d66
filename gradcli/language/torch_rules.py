"""Names of backward classes that hang on a call's arguments: ranks, numbers, keywords, keys.

Each rule says what PyTorch 2 does on a CPU, found by experiment; a comment says why where that is
known. Tensors are values with an `ndim`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Call:
    """The arguments of a call, found by place or by keyword."""

    __slots__ = ("args", "kwargs")

    def __init__(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs

    def get(self, place: int, *names: str, default: Any = None) -> Any:
        if place < len(self.args):
            return self.args[place]
        return next((self.kwargs[name] for name in names if name in self.kwargs), default)

    def has(self, place: int, *names: str) -> bool:
        return place < len(self.args) or any(name in self.kwargs for name in names)

    @property
    def ndim(self) -> int:
        """The rank of the first argument."""
        return int(self.get(0, "input", "self", "A").ndim)


Rule = Callable[[Call], str]


def backward(function: str) -> str:
    """`log1p` -> `Log1PBackward0`: a capital after each underscore and each digit."""
    return f"{function.title().replace('_', '')}Backward0"


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "ndim")


def _by_operands(op: str, tensors: int, second: int, first: int | None = None) -> Rule:
    """Variants of a function of two operands: both are tensors, the second is a number, the first.

    None stands for a variant that PyTorch does not differentiate.
    """

    def rule(call: Call) -> str:
        if not _is_tensor(call.get(0, "input", "self")):
            return "NotImplemented" if first is None else f"{op}Backward{first}"
        other = call.get(1, "other", "exponent", "min", "max", "value")
        return f"{op}Backward{tensors if _is_tensor(other) else second}"

    return rule


def _reflected(tensors: str, number: str) -> Rule:
    """Operators with a number on their left, such as `2 - x`, in either order of arguments."""
    return lambda call: tensors if all(map(_is_tensor, call.args[:2])) else number


def _by_dim(function: str) -> Rule:
    """Reductions: variant 1 wherever `dim` is given, be it None."""
    name = backward(function)[:-1]
    return lambda call: f"{name}{int(call.has(1, 'dim', 'axis'))}"


def _extremum(op: str) -> Rule:
    """`max` and `min`: of two tensors, along an axis, of all elements."""

    def rule(call: Call) -> str:
        if _is_tensor(call.get(1, "other")):
            return f"{op}imumBackward0"
        return f"{op}Backward{int(not call.has(1, 'dim', 'axis'))}"

    return rule


def _by_reduction(elementwise: str, place: int = 4) -> Rule:
    """Losses that end in a mean or a sum, or with `reduction="none"` in the operation before."""

    def rule(call: Call) -> str:
        reduction = call.get(place, "reduction", default="mean")
        return {"none": elementwise, "batchmean": "DivBackward0"}.get(
            reduction, f"{reduction.title()}Backward0"
        )

    return rule


_absolute_error = _by_reduction("AbsBackward0")


def _smooth_l1_loss(call: Call) -> str:
    if call.get(5, "beta", default=1.0) == 0:
        return _absolute_error(call)
    return "SmoothL1LossBackward0"


def _kl_div(call: Call) -> str:
    log_target = call.get(5, "log_target", default=False)
    return _by_reduction("MulBackward0" if log_target else "SubBackward0")(call)


def _poisson_nll_loss(call: Call) -> str:
    full = call.get(3, "full", default=False)
    return _by_reduction("AddBackward0" if full else "SubBackward0", 7)(call)


def _nll_loss(call: Call) -> str:
    if call.ndim <= 2:
        return "NllLossBackward0"
    if call.ndim != 4 and call.get(6, "reduction") == "none":
        return "ViewBackward0"
    return "NllLoss2DBackward0"


def _cross_entropy(call: Call) -> str:
    if call.get(1, "target").ndim == call.ndim:
        # Targets are probabilities.
        mean = call.get(6, "reduction", default="mean") == "mean"
        return "DivBackward1" if mean else "NegBackward0"
    if call.get(7, "label_smoothing", default=0.0):
        return "AddBackward0"
    return _nll_loss(call)


def _matmul(call: Call) -> str:
    left, right = call.get(0, "input"), call.get(1, "other", "tensor2")
    ranks = (left.ndim, right.ndim)
    if ranks in _PRODUCTS:
        return _PRODUCTS[ranks]
    one_matrix = left.ndim == 2 or (ranks == (3, 3) and left.shape[0] == 1 != right.shape[0])
    if one_matrix and getattr(left, "requires_grad", True):
        # One product of matrices, transposed, and copied where that moves elements.
        moves = left.shape[-2] != 1 and right.shape[-1] != 1
        return "CloneBackward0" if moves else "TransposeBackward0"
    return "UnsafeViewBackward0"


_PRODUCTS = {
    (1, 1): "DotBackward0",
    (2, 1): "MvBackward0",
    (1, 2): "SqueezeBackward4",
    (2, 2): "MmBackward0",
}


def _linear(call: Call) -> str:
    if call.get(2, "bias") is not None:
        return "AddmmBackward0" if call.ndim == 2 else "UnsafeViewBackward0"
    return _PRODUCTS.get((call.ndim, call.get(1, "weight").ndim), "UnsafeViewBackward0")


def _inner(call: Call) -> str:
    scalar = call.ndim == 0 or call.get(1, "other").ndim == 0
    return "MulBackward0" if scalar else "ViewBackward0"


def _vecdot(call: Call) -> str:
    vectors = call.ndim == call.get(1, "y", "other").ndim == 1
    return "VdotBackward0" if vectors else "SumBackward1"


def _convolution(axes: int) -> Rule:
    """Inputs without a batch axis are given one for the time of the call."""
    return lambda call: "SqueezeBackward1" if call.ndim == axes + 1 else "ConvolutionBackward0"


def _matrix_power(call: Call) -> str:
    n = call.get(1, "n")
    power = {0: "CopyBackwards", 1: "CloneBackward0", -1: "LinalgInvExBackward0"}.get(n)
    return power or ("MmBackward0" if call.ndim == 2 else "UnsafeViewBackward0")


def _einsum(call: Call) -> str:
    equation = call.get(0, "equation").replace(" ", "")
    inputs, arrow, output = equation.partition("->")
    # Without an arrow, letters that occur twice are summed.
    kept = output if arrow else {letter for letter in inputs if inputs.count(letter) == 1}
    summed = set(inputs) - set(kept) - set(",.")
    if "," in inputs:
        return "ViewBackward0" if summed else "MulBackward0"
    return "SumBackward1" if summed else "PermuteBackward0"


def _norm(call: Call) -> str:
    order, dim = call.get(1, "ord"), call.get(2, "dim", "axis")
    both = dim is None and call.ndim == 2
    if order is None or not (both or (isinstance(dim, (tuple, list)) and len(dim) == 2)):
        return "LinalgVectorNormBackward0"
    return _matrix_norm(call)


def _matrix_norm(call: Call) -> str:
    order = call.get(1, "ord", default="fro")
    if order == "fro":
        return "LinalgVectorNormBackward0"
    if order in ("nuc", 2, -2) and call.get(3, "keepdim", "keepdims"):
        return "PermuteBackward0"
    if order == "nuc":
        return "SumBackward1"
    return "AmaxBackward0" if order > 0 else "AminBackward0"


def _cond(call: Call) -> str:
    order = call.get(1, "p")
    if order in (None, 2, -2):
        return "SqueezeBackward1"
    return "MulBackward0" if order == "nuc" else "NanToNumBackward0"


def _torch_norm(call: Call) -> str:
    """`torch.norm`, which takes a number for a vector norm of all elements."""
    if call.get(1, "p") == "nuc":
        return _matrix_norm(Call([call.get(0, "input"), "nuc"], call.kwargs))
    return "LinalgVectorNormBackward0"


def _getitem(call: Call) -> str:
    x, key = call.args
    if isinstance(key, slice):
        return "SliceBackward0"
    steps = _indexing(x, key)
    return f"{steps[-1]}Backward0" if steps else "AliasBackward0"


def _setitem(call: Call) -> str:
    """The name of the tensor that `x[key] = value` has changed."""
    x, key, value = call.args
    steps = _indexing(x, key)
    if not steps:
        if _is_tensor(value):
            return "CopyBackwards" if value.ndim else "FillBackward3"
        return "FillBackward2"
    if steps != ["Index"]:
        return "CopySlices"
    parts = [part for part in key if _picks(part)] if isinstance(key, tuple) else [key]
    if _is_tensor(value) or len(parts) > 1:
        return "IndexPutBackward0"
    return "MaskedFillBackward0" if _is_mask(parts[0]) else "IndexFillBackward0"


def _indexing(x: Any, key: Any) -> list[str]:
    """The operations that read a key: one per axis, and at the end one for all index arrays."""
    parts = key if isinstance(key, tuple) else (key,)
    taken = sum(_axes(part) for part in parts)
    steps: list[str] = []
    axis = 0
    for part in parts:
        if part is None:
            steps.append("Unsqueeze")
        elif part is Ellipsis:
            axis += x.ndim - taken
        elif isinstance(part, slice):
            if not _is_whole(part, x.shape[axis]):
                steps.append("Slice")
        elif not _picks(part):
            steps.append("Select")
        axis += _axes(part)
    return [*steps, "Index"] if any(map(_picks, parts)) else steps


def _axes(part: Any) -> int:
    """How many axes a part of a key stands for."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return int(part.ndim) if _is_tensor(part) and _is_mask(part) else 1


def _picks(part: Any) -> bool:
    """Whether a part is an array of indices or a mask."""
    if _is_tensor(part):
        return part.ndim > 0 or _is_mask(part)
    return isinstance(part, (bool, list, range))


def _is_mask(part: Any) -> bool:
    if isinstance(part, list):
        return bool(part) and _is_mask(part[0])
    return isinstance(part, bool) or getattr(part, "kind", "") == "bool"


def _is_whole(part: slice, extent: int) -> bool:
    reaches = part.stop is None or part.stop >= extent
    return (part.start or 0) == 0 and reaches and part.step in (None, 1)


def _pad(call: Call) -> str:
    mode = call.get(2, "mode", default="constant")
    axes = len(call.get(1, "pad")) // 2
    return {
        "constant": "ConstantPadNdBackward0",
        "circular": "CopySlices",
        "reflect": f"ReflectionPad{axes}DBackward0",
        "replicate": f"ReplicationPad{axes}DBackward0",
    }[mode]


def _dropout(call: Call) -> str:
    idle = not call.get(2, "training", "train", default=True) or call.get(1, "p", default=0.5) == 0
    return "" if idle else "MulBackward0"


def _flatten(call: Call) -> str:
    first, last = call.get(1, "start_dim", default=0), call.get(2, "end_dim", default=-1)
    rank = call.ndim
    return "" if rank and first % rank == last % rank else "ViewBackward0"


def _squeeze(first: int) -> Rule:
    """Variants for all axes, for one and for several."""

    def rule(call: Call) -> str:
        dim = call.get(1, "dim")
        return f"SqueezeBackward{first + (0 if dim is None else 1 if isinstance(dim, int) else 2)}"

    return rule


def _at_least(rank: int) -> Rule:
    def rule(call: Call) -> str:
        if call.ndim >= rank:
            return ""
        return "UnsqueezeBackward0" if call.ndim else "ViewBackward0"

    return rule


def _given(place: int, names: str, then: str, otherwise: str) -> Rule:
    """A function that takes another course where an argument is given, and not None."""
    keywords = names.split()
    return lambda call: otherwise if call.get(place, *keywords) is None else then


def _of_tensor(place: int, name: str, then: str, otherwise: str) -> Rule:
    """A function that takes another course where an argument is a tensor."""
    return lambda call: then if _is_tensor(call.get(place, name)) else otherwise


def _div(call: Call) -> str:
    return f"DivBackward{2 if 'rounding_mode' in call.kwargs else 0}"


def _clamp(call: Call) -> str:
    tensors = _is_tensor(call.get(1, "min")) or _is_tensor(call.get(2, "max"))
    return f"ClampBackward{int(not tensors)}"


def _split(call: Call) -> str:
    even = isinstance(call.get(1, "split_size_or_sections", "split_size"), int)
    return "SplitBackward0" if even else "SplitWithSizesBackward0"


RULES: dict[str, Rule] = {
    "getitem": _getitem,
    "setitem": _setitem,
    # Variants by which operands are tensors.
    "pow": _by_operands("Pow", 1, 0, 2),
    "rpow": _reflected("PowBackward1", "PowBackward2"),
    "rsub": _reflected("RsubBackward0", "RsubBackward1"),
    "remainder": _by_operands("Remainder", 1, 0),
    "rmod": _reflected("RemainderBackward1", "NotImplemented"),
    "fmod": _by_operands("Fmod", 1, 0),
    "copysign": _by_operands("Copysign", 0, 1),
    "xlogy": _by_operands("Xlogy", 0, 2, 1),
    "special.xlog1py": _by_operands("SpecialXlog1Py", 0, 2, 1),
    "special.zeta": _by_operands("SpecialZeta", 0, 2, 1),
    "clamp": _clamp,
    "clamp_min": _by_operands("ClampMin", 1, 0),
    "clamp_max": _by_operands("ClampMax", 1, 0),
    "fill": _by_operands("Fill", 3, 2),
    "lerp": _of_tensor(2, "weight", "LerpBackward1", "LerpBackward0"),
    "masked_fill": _of_tensor(2, "value", "MaskedFillBackward1", "MaskedFillBackward0"),
    "scatter": _of_tensor(3, "src", "ScatterBackward0", "ScatterBackward1"),
    "repeat_interleave": _of_tensor(1, "repeats", "IndexSelectBackward0", "ViewBackward0"),
    "div": _div,
    "round": _given(1, "decimals", "RoundBackward1", "RoundBackward0"),
    # Reductions.
    **{name: _by_dim(name) for name in ("sum", "mean", "prod", "median", "nanmedian")},
    "max": _extremum("Max"),
    "min": _extremum("Min"),
    "norm": _torch_norm,
    "linalg.norm": _norm,
    "linalg.matrix_norm": _matrix_norm,
    "linalg.cond": _cond,
    "trapezoid": _given(1, "x", "DivBackward1", "MulBackward1"),
    "cumulative_trapezoid": _given(1, "x", "DivBackward1", "CumsumBackward0"),
    "corrcoef": lambda call: "ClampBackward1" if call.ndim == 2 else "DivBackward0",
    # Shapes.
    "squeeze": _squeeze(0),
    "squeeze_": _squeeze(3),
    "flatten": _flatten,
    "atleast_1d": _at_least(1),
    "atleast_2d": _at_least(2),
    "atleast_3d": _at_least(3),
    "split": _split,
    "diag": lambda call: "DiagEmbedBackward0" if call.ndim == 1 else "DiagonalBackward0_copy",
    "pad": _pad,
    # Products.
    "matmul": _matmul,
    "rmatmul": lambda call: _matmul(Call(call.args[::-1], {})),
    "linear": _linear,
    "inner": _inner,
    "linalg.vecdot": _vecdot,
    **{f"conv{n}d": _convolution(n) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _convolution(n) for n in (1, 2, 3)},
    "linalg.matrix_power": _matrix_power,
    "einsum": _einsum,
    # Losses.
    "l1_loss": _absolute_error,
    "smooth_l1_loss": _smooth_l1_loss,
    "kl_div": _kl_div,
    "nll_loss": _nll_loss,
    "cross_entropy": _cross_entropy,
    "poisson_nll_loss": _poisson_nll_loss,
    "gaussian_nll_loss": _by_reduction("MulBackward0", 5),
    "hinge_embedding_loss": _by_reduction("AddBackward0", 5),
    "margin_ranking_loss": _by_reduction("ClampMinBackward0", 6),
    "cosine_embedding_loss": _by_reduction("AddBackward0", 6),
    "triplet_margin_loss": _by_reduction("ClampMinBackward0", 9),
    "multilabel_soft_margin_loss": _by_reduction("DivBackward0", 5),
    "dropout": _dropout,
    "dropout2d": _dropout,
}

# The same functions under other names.
for _name, _aliases in {
    "div": "truediv itruediv divide true_divide",
    "pow": "ipow float_power",
    "remainder": "mod imod",
    "clamp": "clip",
    "xlogy": "special.xlogy",
    "matmul": "linalg.matmul",
    "linalg.matrix_power": "matrix_power",
    "trapezoid": "trapz",
}.items():
    for _alias in _aliases.split():
        RULES[_alias] = RULES[_name]
