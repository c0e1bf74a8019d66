"""What PyTorch prints in `grad_fn=<...>`: the backward class of the last operation of a call.

The names are those of PyTorch's own decomposition of a function, found by experiment with
PyTorch 2 on a CPU. Most follow from the function's name; the tables hold the ones that do not.
"""

from __future__ import annotations

from typing import Any

from gradcli.language.torch_rules import RULES, Call, backward


def grad_fn_name(function: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """The class that PyTorch prints as `grad_fn` of the tensor that a call returned.

    `function` is PyTorch's name without `torch.` or `Tensor.` (`sum`, `linalg.norm`,
    `nn.functional.mse_loss`, `mul_`), `getitem` and `setitem` for indexing, or the name of an
    operator (`truediv`, `rsub`). Arguments with an `ndim` are tensors; one may tell its
    `requires_grad`, which is taken to be true otherwise, and a mask its `kind`, "bool".

    The name is that of the first output where there are several, that of the changed tensor for
    functions that work in place, and empty where PyTorch returns its argument itself. Tensors are
    taken to be contiguous, and conversions to change the type.
    """
    plain = function.removeprefix("nn.functional.").removeprefix("__").removesuffix("__")
    for name in (function, plain, plain.removesuffix("_")):
        if name in RULES:
            return RULES[name](Call(args, kwargs))
        if name in _NAMES:
            return _NAMES[name]
    space, _, last = plain.removesuffix("_").rpartition(".")
    return backward(f"linalg_{last}" if space == "linalg" else last)


# Functions whose last operation is always the same, and not the one they are named for.
_NAMES = {
    function: name
    for name, functions in {
        # PyTorch returns the argument itself.
        "": "contiguous positive conj real",
        # It gives these a node that raises when a gradient arrives.
        "NotImplemented": "floor_divide floordiv rfloordiv ifloordiv heaviside",
        "AbsBackward0": "absolute",
        "AcosBackward0": "arccos",
        "AcoshBackward0": "arccosh",
        "AsinBackward0": "arcsin",
        "AsinhBackward0": "arcsinh",
        "AddBackward0": "radd iadd",
        "Atan2Backward0": "arctan2",
        "AtanBackward0": "arctan",
        "AtanhBackward0": "arctanh",
        "CatBackward0": "concat concatenate hstack vstack dstack column_stack row_stack gradient "
        "linalg.vander",
        "CeluBackward1": "celu_",
        "CopyBackwards": "copy",
        "DiagEmbedBackward0": "diagflat",
        "DiagonalBackward0": "linalg.diagonal",
        "DigammaBackward0": "special.psi",
        "DivBackward0": "nanmean softsign normalize",
        "EluBackward0": "selu",
        "EluBackward1": "elu_ selu_",
        "ExpandBackward0": "expand_as broadcast_to broadcast_tensors meshgrid",
        "FlipBackward0": "fliplr flipud vander",
        "GatherBackward0": "take_along_dim",
        "HardtanhBackward0": "relu6",
        "Im2ColBackward0": "nn.functional.unfold",
        "IndexBackward0": "combinations",
        "LgammaBackward0": "special.gammaln",
        "LinalgCholeskyExBackward0": "linalg.cholesky",
        "LinalgCrossBackward0": "cross",
        "LinalgDetBackward0": "det",
        "LinalgEigBackward0": "linalg.eigvals",
        "LinalgEighBackward0": "linalg.eigvalsh",
        "LinalgInvExBackward0": "linalg.inv inverse",
        "LinalgMatrixExpBackward0": "matrix_exp",
        "LinalgPinvBackward0": "pinverse",
        "LinalgSlogdetBackward0": "slogdet",
        "LinalgSolveExBackward0": "linalg.solve",
        "LinalgSvdBackward0": "linalg.svdvals svd",
        "LogSigmoidBackward0": "logsigmoid",
        "MaxPool2DWithIndicesBackward0": "max_pool2d",
        "MulBackward0": "rmul imul multiply rtruediv outer ger rms_norm",
        "MulBackward1": "special.ndtr",
        "MvlgammaBackward0": "special.multigammaln",
        "NativeBatchNormBackward0": "batch_norm",
        "NativeGroupNormBackward0": "group_norm",
        "NativeLayerNormBackward0": "layer_norm",
        "NegBackward0": "negative",
        "NormBackward1": "pairwise_distance",
        "PermuteBackward0": "T movedim moveaxis",
        "PowBackward0": "square",
        "PreluKernelBackward0": "prelu",
        "RepeatBackward0": "tile",
        "RoundBackward1": "special.round",
        "RreluWithNoiseBackward0": "rrelu",
        "SigmoidBackward0": "special.expit",
        "SliceBackward0": "narrow tensor_split hsplit vsplit dsplit",
        "SoftmaxBackward0": "softmin gumbel_softmax",
        "SortBackward0": "msort",
        "SplitBackward0": "chunk",
        "SqueezeBackward0": "cov",
        "SqueezeBackward1": "max_pool1d avg_pool1d adaptive_avg_pool1d adaptive_max_pool1d",
        "SqueezeBackward4": "quantile nanquantile",
        "StackBackward0": "cartesian_prod",
        "SubBackward0": "isub subtract diff tanhshrink",
        "SumBackward1": "cosine_similarity",
        "TBackward1": "t_",
        "ToCopyBackward0": "to type type_as double float half bfloat16",
        "TransposeBackward0": "mT H mH adjoint swapaxes swapdims",
        "TransposeBackward1": "transpose_ swapaxes_ swapdims_",
        "TruncBackward0": "fix",
        "UnsafeViewBackward0": "kron",
        "UnsqueezeBackward1": "unsqueeze_",
        "ViewBackward0": "ravel reshape reshape_as view_as unflatten tensordot linalg.multi_dot "
        "chain_matmul linalg.tensorsolve instance_norm",
        "WhereBackward0": "logdet",
        **{
            backward(f"special_{name}"): f"special.{name}"
            for name in ("entr", "erfcx", "i0e", "i1", "i1e", "log_ndtr", "ndtri")
        },
    }.items()
    for function in functions.split()
}
