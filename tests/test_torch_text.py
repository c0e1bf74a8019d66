"""Texts of tensors and names of `grad_fn`, against those that PyTorch printed."""

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcli.errors import ArgumentError
from gradcli.language import torch_names, torch_rules
from gradcli.language.torch_names import grad_fn_name
from gradcli.language.torch_text import DEFAULTS, dtype_text, size_text, tensor_text

DATA = Path(__file__).parent / "data"
TEXTS = json.loads((DATA / "torch_text.json").read_text())["cases"]
NAMES = [line.rpartition(" -> ") for line in (DATA / "torch_names.txt").read_text().splitlines()]


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case.get("array", case.get("dtype")))
def test_the_text_is_pytorchs(case):
    if "array" in case:
        array = np.asarray(eval(case["array"], {"np": np}))
    else:
        array = np.array(case["values"], case["dtype"]).reshape(case["shape"])
    options = DEFAULTS.changed(**case["options"])
    text = tensor_text(array, suffix=case["suffix"], options=options, default=case["default"])
    assert text == case["text"]


def test_sizes_and_dtypes():
    assert size_text((2, 3)) == "torch.Size([2, 3])"
    assert size_text(()) == "torch.Size([])"
    assert size_text(np.zeros((4, 0)).shape) == "torch.Size([4, 0])"
    names = {"f4": "float32", "f8": "float64", "i8": "int64", "?": "bool", "f2": "float16"}
    for code, name in names.items():
        assert dtype_text(np.dtype(code)) == f"torch.{name}"


def test_narrow_floats_are_formatted_as_doubles():
    # 0.0001 in float32 is a little below it, and so in scientific notation.
    assert tensor_text(np.float32([0.0001])) == "tensor([1.0000e-04])"
    assert tensor_text(np.float64([0.0001]), default="float64") == "tensor([0.0001])"


def test_options_are_changed_as_pytorch_changes_them():
    short = DEFAULTS.changed(profile="short", precision=3)
    assert short == (3, 1000, 2, 80, None)
    assert short.changed(linewidth=100) == (3, 1000, 2, 100, None)
    assert short.changed(profile="default") == DEFAULTS
    assert DEFAULTS.changed(profile="full").threshold == np.inf
    # Every call sets sci_mode, to None where it does not name it.
    assert DEFAULTS.changed(sci_mode=True).changed(precision=2).sci_mode is None
    # The order of the parameters is torch.set_printoptions'.
    assert DEFAULTS.changed(2, 10, 1, 40, None, True) == (2, 10, 1, 40, True)
    assert DEFAULTS.changed() is not None
    with pytest.raises(ArgumentError, match="'ful'") as caught:
        DEFAULTS.changed(profile="ful")
    assert "full" in caught.value.hint


def floats(elements):
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=5)
    return hnp.arrays(st.sampled_from([np.float32, np.float64]), shapes, elements=elements)


@given(floats(st.floats(width=32)))
def test_every_element_is_shown_to_its_precision(array):
    text = tensor_text(array, default=array.dtype.name)
    literal = re.sub("nan", "None", re.sub("inf", "1e999", text[len("tensor(") : -1]))
    shown = np.array(ast.literal_eval(literal), float)
    assert shown.shape == array.shape
    assert np.allclose(shown, array.astype(float), rtol=5.1e-5, atol=5.1e-5, equal_nan=True)


# Zeros, infinities and NaN have no say in the width.
TELLING = st.floats(width=32, allow_nan=False, allow_infinity=False).filter(bool)


@given(floats(TELLING), st.integers(1, 100))
def test_lines_keep_to_the_width_and_columns_align(array, linewidth):
    options = DEFAULTS.changed(linewidth=linewidth)
    text = tensor_text(array, options=options, default=array.dtype.name)
    rows = [line.rstrip("]),") for line in text.split("\n") if line]
    cells = [row[len("tensor(") + array.ndim :].split(", ") for row in rows]
    for row, line in zip(rows, cells, strict=True):
        assert len(row) <= linewidth or len(line) == 1
    assert len({len(cell) for line in cells for cell in line}) == 1


@given(hnp.array_shapes(min_dims=1, max_dims=3, max_side=30), st.integers(1, 4))
def test_large_tensors_keep_their_edges(shape, edge):
    array = np.arange(np.prod(shape)).reshape(shape)
    options = DEFAULTS.changed(threshold=array.size - 1, edgeitems=edge)
    text = tensor_text(array, options=options)
    shown = [int(number) for number in re.findall(r"\d+", text)]
    kept = [
        [*range(edge), *range(extent - edge, extent)] if extent > 2 * edge else range(extent)
        for extent in shape
    ]
    assert shown == array[np.ix_(*kept)].ravel().tolist()
    assert ("..." in text) == any(extent > 2 * edge for extent in shape)


def test_a_suffix_that_does_not_fit_has_its_own_line():
    array = np.zeros(9, np.float32)
    suffixes = ("requires_grad=True", "grad_fn=<BinaryCrossEntropyWithLogitsBackward0>")
    first, second = tensor_text(array, suffix=suffixes).split("\n")
    assert first.endswith("0.], requires_grad=True,")
    assert second == f"       {suffixes[1]})"


def tensor(*shape, requires_grad=True, kind="real", dtype="float32"):
    return SimpleNamespace(
        shape=shape, ndim=len(shape), requires_grad=requires_grad, kind=kind, dtype=dtype
    )


class Subscript:
    def __getitem__(self, key):
        return key


SPACE = {
    "T": tensor,
    "N": lambda *shape, **kwargs: tensor(*shape, requires_grad=False, **kwargs),
    "I": lambda values: tensor(*np.shape(values), requires_grad=False, kind="int"),
    "M": lambda values: tensor(*np.shape(values), requires_grad=False, kind="bool"),
    "P": lambda n: tensor(n, n),
    "S": Subscript(),
    "D": "float64",
    "inf": float("inf"),
}


def name_of(call):
    function, _, rest = call.partition("(")

    def named(*args, **kwargs):
        return grad_fn_name(function, list(args), kwargs)

    return eval(f"call({rest}", {**SPACE, "call": named})


@pytest.mark.parametrize(("call", "expected"), [(call, name) for call, _, name in NAMES])
def test_the_name_is_pytorchs(call, expected):
    assert (name_of(call) or "itself") == expected


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("log1p", "Log1PBackward0"),
        ("nn.functional.smooth_l1_loss", "SmoothL1LossBackward0"),
        ("linalg.no_such_function", "LinalgNoSuchFunctionBackward0"),
        ("no_such_function", "NoSuchFunctionBackward0"),
        ("no_such_function_", "NoSuchFunctionBackward0"),
        ("__radd__", "AddBackward0"),
    ],
)
def test_names_that_follow_from_the_function(function, name):
    assert grad_fn_name(function, [tensor(3)], {}) == name


def test_operators_with_a_number_on_the_left_take_either_order():
    for function in ("rsub", "rpow", "rmod", "rtruediv"):
        names = {grad_fn_name(function, args, {}) for args in ([tensor(3), 2], [2, tensor(3)])}
        assert len(names) == 1


def test_the_tables_hold_exceptions_only():
    table, rules = torch_names._NAMES, torch_rules.RULES
    assert not set(table) & set(rules)
    for function, name in table.items():
        space, _, last = function.rpartition(".")
        plain = last.removesuffix("_")
        default = torch_rules.backward(f"linalg_{plain}" if space == "linalg" else plain)
        assert name != default, function
    recorded = {call.partition("(")[0].removeprefix("nn.functional.") for call, _, _ in NAMES}
    for function in {*table, *rules}:
        known = {function, function.removeprefix("nn.functional."), f"{function}_"}
        assert known & recorded, f"no call of {function} is recorded"


KEYS = st.lists(
    st.one_of(
        st.integers(0, 1),
        st.none(),
        st.builds(slice, st.none() | st.integers(-3, 3), st.none() | st.integers(-3, 3)),
        st.lists(st.integers(0, 1), min_size=1, max_size=2),
    ),
    max_size=3,
)


@given(KEYS)
def test_a_key_is_read_as_with_the_axes_it_leaves_out(parts):
    x = tensor(2, 2, 2)
    name = grad_fn_name("getitem", [x, tuple(parts)], {})
    for more in ((*parts, ...), (..., *parts, *[slice(None)] * (3 - axes(parts)))):
        assert grad_fn_name("getitem", [x, more], {}) == name
    picks = any(isinstance(part, list) for part in parts)
    assert (name == "IndexBackward0") == picks


def axes(parts):
    return sum(part is not None for part in parts)
