"""The language: Python's grammar, NumPy's shapes and indexing, each library's own meaning."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradcli
from gradcli.errors import GradcliError, LimitError, SyntaxProblem
from gradcli.language.names import free_names
from gradcli.language.parser import parse


@pytest.mark.parametrize(
    ("source", "value"),
    [("-2**2", -4), ("2**3**2", 512), ("-7//2", -4), ("7 % -3", -2), ("2**-1", 0.5)],
)
def test_precedence(source, value):
    assert gradcli.evaluate(source).value == value


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        alphabet="xyαsum()[]{}.,:;=+-*/@%<>!&|^~ \n\t\\'\"#0123456789ei_ifornotd²×", max_size=60
    )
)
def test_no_text_is_worse_than_an_error(source):
    with contextlib.suppress(GradcliError):
        gradcli.evaluate(source, {}, seed="ones", max_memory=10**6)


@pytest.mark.parametrize("source", ["(" * 100_000, "-" * 100_000 + "1", "not " * 50_000 + "1"])
def test_deep_nesting_is_an_error_message(source):
    with pytest.raises((LimitError, SyntaxProblem)):
        gradcli.evaluate(source)


def test_long_expressions_are_read_without_recursion():
    count = 20_000
    result = gradcli.evaluate("+".join(["x"] * count), {"x": 2.0})
    assert (result.value, result.grad["x"]) == (2.0 * count, count)
    assert gradcli.evaluate("x" + ".T" * 5_000, {"x": 2.0}).value == 2
    assert gradcli.evaluate("sum(x)" + "*1" * 5_000, {"x": [2.0]}).value == 2


# --- indexing ------------------------------------------------------------------------------------

SHAPE = (3, 4, 2)
ITEM = st.one_of(
    st.integers(-2, 1).map(str),
    st.sampled_from(
        [":", "::-1", "1:", ":-1", "::2", "5:", "None", "[0, 1]", "[[1], [0]]", "[-1]"]
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ITEM, min_size=1, max_size=5), st.integers(0, 5))
def test_indexing_is_numpys(items, dots):
    if dots < len(items):
        items = [*items[:dots], "...", *items[dots:]]
    key = ", ".join(items)
    x = np.arange(24.0).reshape(SHAPE)
    try:
        expected = eval(f"x[{key}]", {"x": x})
    except IndexError:
        with pytest.raises(GradcliError):
            gradcli.evaluate(f"x[{key}]", {"x": x}, grad=False)
        return
    result = gradcli.evaluate(f"x[{key}]", {"x": x}, seed=np.asarray(expected) + 1)
    assert np.array_equal(result.value, expected)
    counted = np.zeros(24)
    np.add.at(counted, np.asarray(expected, int).ravel(), np.asarray(expected + 1).ravel())
    assert np.array_equal(result.grad["x"].ravel(), counted)


def test_masks():
    x = np.array([[1.0, -2.0], [3.0, -4.0]])
    result = gradcli.evaluate("sum(x[x > 0]**2) + sum(x[[True, False]])", {"x": x})
    assert result.value == 9
    assert result.grad["x"].tolist() == [[3, 1], [6, 0]]


# --- names and libraries -------------------------------------------------------------------------

X = [1.0, 2.0, 4.0, 7.0]
MEANINGS = [
    ("std([1,2,4,7])", np.std(X)),
    ("np.std(x)", np.std(X)),
    ("torch.std(x)", np.std(X, ddof=1)),
    ("torch.std(x, correction=0)", np.std(X)),
    ("torch.std(x, unbiased=False)", np.std(X)),
    ("x.std()", np.std(X)),
    ("import torch; x.std()", np.std(X, ddof=1)),
    ("torch.var(x)", np.var(X, ddof=1)),
    ("np.var(x, ddof=1)", np.var(X, ddof=1)),
    ("np.sum(x, axis=0)", 14),
    ("torch.sum(x, dim=0)", 14),
    ("sum(x, dim=-1, keepdim=True)", [14]),
    ("jnp.sum(x, keepdims=True)", [14]),
    ("F.softmax(x, dim=0)[0]", np.exp(1) / np.exp(X).sum()),
    ("torch.softmax(x, 0)[0]", np.exp(1) / np.exp(X).sum()),
    ("jax.nn.softmax(x)[0]", np.exp(1) / np.exp(X).sum()),
    ("torch.max(x, 0)[1]", 3),
    ("torch.max(x)", 7),
    ("torch.max(x, torch.tensor([2., 2., 2., 9.]))", [2, 2, 4, 9]),
    ("torch.cat([x, x], dim=0)", X + X),
    ("x.view(2, 2)", [[1, 2], [4, 7]]),
    ("x.reshape(2, -1).t()", [[1, 4], [2, 7]]),
    ("np.linalg.norm(x)", np.linalg.norm(X)),
    ("linalg.norm(x, 1)", 14),
    ("norm(x, inf)", 7),
    ("torch.transpose(x.reshape(1, 4), 0, 1).shape[0]", 4),
    ("from torch.nn import functional as G; G.relu(-x)", [0, 0, 0, 0]),
    ("import numpy; numpy.pi", np.pi),
    ("np.e", np.e),
    ("math.sqrt(4)", 2),
    ("np.newaxis is None", True),
    ("x[np.newaxis].shape", [1, 4]),
    ("gamma = 2; gamma*x", [2, 4, 8, 14]),
    ("sum = 3; sum*x", [3, 6, 12, 21]),
    ("len(x) + x.shape[0] + x.ndim + x.size", 13),
    ("2 if x[0] < 1.5 else 3", 2),
    ("0 < x[0] < 2 and not x[1] < 0", True),
    ("(x > 1) & ~(x > 4)", [False, True, True, False]),
    ("1 < x", [False, True, True, True]),
    ("1 <= x[1] <= 3", True),
    ("float(x[2]) + int(x[0])", 5),
    ("a, (b, c) = 1, (2, 3); a + b*c", 7),
    ("y = x; y += 1; y *= 2; y", [4, 6, 10, 16]),
    ("{'w': x}['w']", X),
    ("ones((2,)) + full(2, 3)", [4, 4]),
    ("linspace(0, 1, 3)", [0, 0.5, 1]),
    ("arange(2, 8, 3)", [2, 5]),
    ("eye(2)[::-1]", [[0, 1], [1, 0]]),
    ("zeros_like(x) + ones_like(x)", [1, 1, 1, 1]),
    ("tensordot(x, x, 0).shape", [4, 4]),
    ("einsum('i,i', x, x)", 70),
    ("logsumexp([1000., 1000.])", 1000 + np.log(2)),
    ("F.softplus(x, threshold=1)", [1 + np.log1p(np.exp(-1)), 2, 4, 7]),
]


@pytest.mark.parametrize(("expr", "expected"), MEANINGS)
def test_meanings(expr, expected):
    given_ = {"x": X} if "x" in free_names(parse(expr)) else {}
    result = gradcli.evaluate(expr, given_, grad=False)
    value = [output.value for output in result.outputs]
    np.testing.assert_allclose(value if len(value) > 1 else value[0], expected, rtol=1e-13)


def test_every_spelling_resolves():
    from gradcli.language.values import Namespace
    from gradcli.ops.binding import SPELLED, Function

    for name in SPELLED:
        library, _, rest = name.partition(".")
        value = Namespace(library)
        for part in rest.split(".") if rest else []:
            value = value.get(part)
        assert isinstance(value, Function) or not rest
        assert SPELLED[name].signature()


def test_guards_make_a_compiled_program_trace_again():
    program = gradcli.compile("x**2 if sum(x) > 0 else x[k]")
    assert program.inputs == ["x", "k"]
    first = program.evaluate({"x": [1.0, 2.0], "k": 0}, seed="ones")
    assert first.grad["x"].tolist() == [2, 4]
    again = program.evaluate({"x": [3.0, 2.0], "k": 0}, seed="ones")
    assert again.grad["x"].tolist() == [6, 4]
    other = program.evaluate({"x": [-3.0, 2.0], "k": 1})
    assert other.grad["x"].tolist() == [0, 1]
    third = program.evaluate({"x": [-3.0, 2.0], "k": 0})
    assert third.grad["x"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("expr", "changes"),
    [("sum(x[:n])", "n"), ("x[n]", "n"), ("sum(x[m])", "m"), ("x[0] if m[0] else x[1]", "m")],
)
def test_guards_hold_when_arrays_change_in_place(expr, changes):
    arrays = {
        "x": np.array([1.0, 2.0, 4.0]),
        "n": np.array(2.0),
        "m": np.array([True, False, True]),
    }
    given = {name: array for name, array in arrays.items() if name in ("x", changes)}
    program = gradcli.compile(expr)
    program.evaluate(given)
    arrays["n"][...] = 1
    arrays["m"][0] = False
    assert program.evaluate(given).value == gradcli.evaluate(expr, given).value


def test_free_names_are_the_inputs():
    tree = parse("u = x*W; z = [i*k for i in range(3)]; v += u; sin(u) + torch.exp(v) + z[0]")
    assert [n for n in free_names(tree) if n not in ("range", "sin", "torch")] == [
        "x",
        "W",
        "k",
        "v",
    ]


def test_static_numbers_stay_bounded():
    for source in ("2**100000", "10**10**10", "10**400", "x = 2**1000; x*x*x", "9" * 350):
        assert gradcli.evaluate(source).value == np.inf


@pytest.mark.parametrize(
    "source",
    [
        "[i for i in range(10**9)]",
        "[[j for j in range(10**4)] for i in range(10**4)]",
        "u, v = ones(10**30)",
        "[r for r in ones(10**8)]",
        "(1,)*10**10",
        "'a'*10**10",
        "a = (1, 2)" + "; a = a + a" * 40 + "; a",
        "a = [1]" + "; a = [a, a]" * 25 + "; array(a)",
        "a = (1,)" + "; a = (a, a)" * 60 + "; b = (1,)" + "; b = (b, b)" * 60 + "; a == b",
        "zeros(1e308)",
        "ones(0, 10**30)",
        "arange(0, 1e308, 1e-308)",
        "[" * 65 + "]" * 65,
        "x = ones(1)" + "; x = x[None]" * 40 + "; x",
    ],
)
def test_nothing_small_asks_for_too_much(source):
    with pytest.raises(GradcliError):
        gradcli.evaluate(source, max_memory=10**8)
