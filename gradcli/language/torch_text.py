"""The texts that PyTorch prints: tensors, sizes and dtypes, to the character.

The format is that of PyTorch 2: one width for all elements, chosen from those that are shown; a
switch to scientific notation for magnitudes too far apart; lines broken at a width; the middle of
large tensors left out. See `torch.set_printoptions` in PyTorch's documentation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.errors import ArgumentError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Array = np.ndarray[Any, Any]

_OPEN = "tensor("

# Finite magnitudes at which positional notation gives way to scientific; the smallest counts only
# where some element has a fraction.
_LARGEST = 1e8
_SMALLEST = 1e-4
_WIDEST_RATIO = 1000.0


class PrintOptions(NamedTuple):
    """What `torch.set_printoptions` sets. A `sci_mode` of None chooses by the elements."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None

    def changed(
        self,
        precision: int | None = None,
        threshold: float | None = None,
        edgeitems: int | None = None,
        linewidth: int | None = None,
        profile: str | None = None,
        sci_mode: bool | None = None,
    ) -> PrintOptions:
        """The options after a call of `torch.set_printoptions` with these arguments.

        A profile comes first and the others amend it; as in PyTorch, every call sets `sci_mode`,
        also one that does not name it. Raises ArgumentError for an unknown profile (PyTorch
        ignores it).
        """
        options = self
        if profile is not None:
            if profile not in PROFILES:
                hint = did_you_mean(profile, list(PROFILES)) or f"they are {', '.join(PROFILES)}"
                raise ArgumentError(f"there is no print profile {profile!r}", hint=hint)
            options = PROFILES[profile]
        given = {
            "precision": precision,
            "threshold": threshold,
            "edgeitems": edgeitems,
            "linewidth": linewidth,
        }
        stated: dict[str, Any] = {name: v for name, v in given.items() if v is not None}
        return options._replace(sci_mode=sci_mode, **stated)


DEFAULTS = PrintOptions()
PROFILES = {
    "default": DEFAULTS,
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}


def dtype_text(dtype: np.dtype[Any]) -> str:
    """`torch.float32`, `torch.int64`, `torch.bool`: PyTorch's name of a NumPy dtype."""
    return f"torch.{dtype.name}"


def size_text(shape: Iterable[int]) -> str:
    """`torch.Size([2, 3])`."""
    return f"torch.Size({[int(extent) for extent in shape]})"


def tensor_text(
    array: Array,
    *,
    suffix: Iterable[str] = (),
    options: PrintOptions = DEFAULTS,
    default: str = "float32",
) -> str:
    """What PyTorch prints for a tensor with these elements.

    `suffix` is what follows the elements, such as `requires_grad=True` or
    `grad_fn=<MulBackward0>`; size and dtype are put before it where PyTorch shows them. `default`
    is the float dtype that is not shown (`torch.set_default_dtype`).
    """
    shown = []
    if array.ndim != 1 if array.size == 0 else options.edgeitems == 0:
        shown.append(f"size={tuple(int(extent) for extent in array.shape)}")
    if array.size == 0:
        body = "[]"
        plain: tuple[str, ...] = (default,)
    else:
        kept, cut = _summarised(array, options)
        cells, width = _cells(kept, options)
        body = _block(iter(cells), kept.shape, cut, len(_OPEN), width, options)
        plain = (default, "int64", "bool")
    if array.dtype.name not in plain:
        shown.append(f"dtype={dtype_text(array.dtype)}")
    return _with_suffixes(_OPEN + body, [*shown, *suffix], options.linewidth)


def _summarised(array: Array, options: PrintOptions) -> tuple[Array, tuple[bool, ...]]:
    """The elements shown, and which axes lack their middle."""
    edge = options.edgeitems
    if array.size <= options.threshold:
        return array, (False,) * array.ndim
    cut = tuple(extent > 2 * edge for extent in array.shape)
    for axis, lacks in enumerate(cut):
        if lacks:
            ends = np.r_[:edge, array.shape[axis] - edge : array.shape[axis]]
            array = array.take(ends, axis)
    return array, cut


def _cells(array: Array, options: PrintOptions) -> tuple[list[str], int]:
    """The text of each element in order, padded to the width that is returned too."""
    if array.dtype.kind != "f":
        texts = [str(value) for value in array.ravel().tolist()]
        width = max(map(len, texts), default=1)
        return [text.rjust(width) for text in texts], width
    # Narrow floats are formatted as the doubles they are equal to.
    values: list[float] = array.astype(np.float64).ravel().tolist()
    # Zeros, infinities and NaN fit themselves in: they have no say in the format.
    telling = [value for value in values if value and math.isfinite(value)]
    whole = all(value.is_integer() for value in telling)
    scientific = bool(telling) and (
        _wants_scientific([abs(value) for value in telling], whole)
        if options.sci_mode is None
        else options.sci_mode
    )
    width = max((len(_float_text(v, whole, scientific, options)) for v in telling), default=1)
    return [_float_text(v, whole, scientific, options).rjust(width) for v in values], width


def _wants_scientific(magnitudes: list[float], whole: bool) -> bool:
    smallest, largest = min(magnitudes), max(magnitudes)
    if largest / smallest > _WIDEST_RATIO or largest > _LARGEST:
        return True
    return not whole and smallest < _SMALLEST


def _float_text(value: float, whole: bool, scientific: bool, options: PrintOptions) -> str:
    if scientific:
        return f"{value:.{options.precision}e}"
    if whole:
        # The point tells whole floats from integers.
        return f"{value:.0f}." if math.isfinite(value) else str(value)
    return f"{value:.{options.precision}f}"


def _block(
    cells: Iterator[str],
    shape: tuple[int, ...],
    cut: tuple[bool, ...],
    indent: int,
    width: int,
    options: PrintOptions,
) -> str:
    """The next cells as nested brackets of this shape; lines after the first are indented."""
    if not shape:
        return next(cells)
    inner = indent + 1
    if len(shape) == 1:
        items = [next(cells) for _ in range(shape[0])]
        gap = " ..." if items else "..."
    else:
        items = [_block(cells, shape[1:], cut[1:], inner, width, options) for _ in range(shape[0])]
        gap = "..."
    if cut[0]:
        items.insert(options.edgeitems, gap)
    if len(shape) > 1:
        return f"[{_joined(items, len(shape) - 1, inner)}]"
    # Two characters of each place go to the comma and the space.
    places = max(1, (options.linewidth - indent) // (width + 2))
    lines = [", ".join(items[at : at + places]) for at in range(0, len(items), places)]
    return f"[{_joined(lines, 1, inner)}]"


def _joined(items: list[str], breaks: int, indent: int) -> str:
    return ("," + "\n" * breaks + " " * indent).join(items)


def _with_suffixes(text: str, suffixes: list[str], linewidth: int) -> str:
    """Close the text after its suffixes, each on the last line where that has room for it."""
    # Two columns more than the line has: so PyTorch counts.
    column = len(text) - (text.rfind("\n") + 1) + 2
    for suffix in suffixes:
        if column + len(suffix) + 2 > linewidth:
            text += ",\n" + " " * len(_OPEN) + suffix
            column = len(_OPEN) + len(suffix)
        else:
            text += f", {suffix}"
            column += len(suffix) + 2
    return text + ")"
