"""Where numbers that are not finite were born, and the rewrites that cure them."""

import ast
import json

import numpy as np
import pytest

import gradcli
from gradcli.cli.main import guarded
from gradcli.doctor.cures import CURES, leaf, patterns_at, traced
from gradcli.session import Program
from gradcli.trust.examining import examine
from gradcli.trust.kinks import CONVENTIONS

PATTERNS = [pytest.param(cure, pattern, id=pattern) for cure in CURES for pattern in cure.patterns]


def found_in(pattern, shape):
    root = traced(pattern, {"x": leaf("x", shape), "y": leaf("y", shape)})
    names = {found.cure.patterns: found for found in patterns_at(root)}
    return root, names


def at(source, point, names="xy"):
    inputs = {name: np.asarray(value, float) for name, value in zip(names, point, strict=False)}
    used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    given = {name: value for name, value in inputs.items() if name in used}
    return gradcli.evaluate(source, given, seed="ones", wrt=list(given))


def written(cure, pattern, shape):
    _, names = found_in(pattern, shape)
    assert cure.patterns in names, "the pattern is not found"
    return names[cure.patterns].text({"x": "x", "y": "y"})


@pytest.mark.parametrize(("cure", "pattern"), PATTERNS)
def test_a_cure_equals_what_it_replaces(cure, pattern):
    """Value and gradient, where both are at ease, for vectors of two sizes and for matrices."""
    for shape in [(2,), (5,)]:
        random = np.random.default_rng(1)
        point = [random.uniform(0.5, 1.5, shape), random.uniform(0.2, 0.4, shape)]
        new = at(written(cure, pattern, shape), point)
        old = at(pattern, point)
        np.testing.assert_allclose(new.value, old.value, rtol=1e-9, atol=1e-12)
        for name, part in old.grad.items():
            np.testing.assert_allclose(new.grad[name], part, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("cure", "pattern"), PATTERNS)
def test_a_cure_is_right_where_the_pattern_is_not(cure, pattern):
    shape = np.shape(cure.bad[0])
    new = at(written(cure, pattern, shape), cure.bad)
    old = at(pattern, cure.bad)
    everything = [new.value, *new.grad.values()]
    assert all(np.isfinite(part).all() for part in everything)
    before = [old.value, *[old.grad[name] for name in new.grad]]
    if not cure.loses:
        assert not all(np.isfinite(part).all() for part in before)
        assert any("in place of" in text for text in old.warnings)
    else:
        worst = max(
            np.abs(np.nan_to_num(a, nan=np.inf) - b).max() / max(np.abs(b).max(), 1e-300)
            for a, b in zip(before, everything, strict=True)
        )
        assert worst > 1e-9


BIRTHS = [
    ("log(sum(exp(x)))", [1000.0, 999.0],
     ["the value is inf: born in `exp(x)` (column 9), where `x` is 1000 at [0]",
      "`logsumexp(x)` in place of `log(sum(exp(x)))`"]),
    ("sqrt(sum(x**2))", [0.0, 0.0],
     ["the gradient is nan: born on the way back through `sqrt(sum(x ** 2))` (column 1)",
      "where `sum(x ** 2)` is 0", "`norm(x)` in place of"]),
    ("sum(log(1 + exp(x)))", [1.0, 1000.0], ["`exp(x)` (column 13)", "`softplus(x)` in place"]),
    ("sum(sqrt(sum(W**2, axis=1)))", [[0.0, 0.0], [3.0, 4.0]],
     ["`norm(W, axis=1)` in place of `sqrt(sum(W ** 2, axis=1))`"]),
    ("a = exp(x)\nb = sum(a, axis=1, keepdims=True)\nsum(log(b))", [[1000.0, 2.0]],
     ["(line 1, column 5)", "`logsumexp(x, axis=1, keepdims=True)` in place of `log(b)`"]),
    ("sum(log(x - 1))", [1.0, 2.0], ["`log(x - 1)`", "where `x - 1` is 0 at [0]"]),
    ("sum(1/x)", [0.0, 2.0], ["`1 / x`", "where `x` is 0 at [0]"]),
    ("sum(x)", [1.0, np.nan], ["the input `x` holds nan"]),
    ("sum(x)", [1.0, np.inf], ["the value is inf: the input `x` holds inf"]),
    ("x[0]*inf", [1.0], ["the value is inf", "constant that is not finite"]),
    ("grad(sqrt(x), x)", 0.0, ["the value is inf: born in"]),
    ("f = lambda t: log(t); sum(f(x))", [-1.0, 1.0], ["born in `log(t)` (column 15)"]),
    ("where(x > 0, log(x), 0)[0] + 1/x[1]", [-1.0, 0.0], ["born in `1 / x[1]`"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "x", "says"), BIRTHS, ids=lambda part: str(part)[:40])
def test_births(source, x, says):
    (name,) = Program(source).missing([])
    warnings = gradcli.evaluate(source, {name: x}).warnings
    for text in says:
        assert any(text in warning for warning in warnings), warnings


def test_every_derivative_says_where():
    x = {"x": [0.0, 1.0]}
    root = "born on the way back through `sqrt(x)`"
    assert root in gradcli.jacobian("sqrt(x)", x).warnings[0]
    assert root in gradcli.compile("sum(sqrt(x))").jvp(x, tangents={"x": "ones"}).warnings[0]
    second = gradcli.hessian("sum(x**1.5)", x).warnings
    assert second == [
        "the second derivative is inf: born on the way back through `x ** 1.5` (column 5), "
        "where `x` is 0 at [0]"
    ]


def test_nothing_is_said_where_all_is_finite():
    for source in ("sum(where(x > 0, sqrt(x), 0))", "sum(x**2)", "max(x)"):
        assert gradcli.evaluate(source, {"x": [-1.0, 4]}).warnings == []


def test_a_choice_that_hides_what_is_not_finite_is_no_birth():
    """Of two numbers that are not finite, only the one that the result depends on is told."""
    warnings = gradcli.evaluate("y = log(x); where(x > 0, y, 0) + 1/(x+1)", {"x": -1.0}).warnings
    assert "1 / (x + 1)" in warnings[0]
    assert not any("log" in text for text in warnings)


def test_elements_are_followed():
    """The element that is finite again, 1/inf, is not to blame for the one that is not."""
    (warning,) = gradcli.evaluate("1/x", {"x": [np.inf, 0.0]}, seed="ones").warnings
    assert "born in `1 / x`" in warning
    assert "`x` is 0 at [1]" in warning


FINITE = [
    ("sqrt(x)", ["--x", "-1"], 3, "born in `sqrt(x)`"),
    ("sqrt(x)", ["--x", "0"], 3, "born on the way back through `sqrt(x)`"),
    ("sqrt(x)", ["--x", "0", "--no-grad"], 0, ""),
    ("sqrt(x)", ["--x", "4"], 0, ""),
    ("x", ["--x", "nan"], 3, "the input `x` holds nan"),
]


@pytest.mark.parametrize(("source", "words", "status", "says"), FINITE)
def test_finite_makes_an_error(source, words, status, says, capsys):
    assert guarded(["eval", source, *words, "--finite"]) == status
    shown = capsys.readouterr()
    assert says in shown.err
    assert (shown.out == "") == (status != 0)
    assert guarded(["jacobian", source, "--x", "0", "--finite", "--json"]) == (source[0] == "s") * 3
    found = json.loads(capsys.readouterr().out)
    assert ("error" in found) == (source[0] == "s")


# --- kinks and digits ----------------------------------------------------------------------------


def examined(source, **inputs):
    return examine(Program(source).trace({k: np.asarray(v, float) for k, v in inputs.items()}))


KINKED = [
    ("abs(x)", 0.0, [("x", (), -1, 1, 0)]),
    ("sum(relu(x - 1))", [1.0, 5], [("x - 1", (0,), 0, 1, 0)]),
    ("sum(clip(x, 0, 1))", [0, 0.5, 1], [("x", (0,), 0, 1, 1), ("x", (2,), 1, 0, 1)]),
    ("max(x)", [1.0, 3, 3], [("x", (1,), 0, 1, 0.5), ("x", (2,), 0, 1, 0.5)]),
    ("norm(x)", [0.0, 0], [("x", (0,), -1, 1, 0), ("x", (1,), -1, 1, 0)]),
    ("sum(maximum(x, 2))", [2.0, 1], [("x", (0,), 0, 1, 0.5)]),
    ("sum(x**2) + sqrt(x[1])", [0.0, 4], []),
    ("0*abs(x)", 0.0, []),
    ("detach(abs(x)) * x", 0.0, []),
    ("where(x > -1, x, abs(x))", 0.0, []),
    ("sum(abs(x))", [1e-9, 3], []),
]


@pytest.mark.parametrize(("source", "x", "kinks"), KINKED, ids=lambda part: str(part)[:30])
def test_kinks_that_a_gradient_passes_through(source, x, kinks):
    found = examined(source, x=x).kinks
    shown = [(k.operand, k.index, round(k.left, 6), round(k.right, 6), k.used) for k in found]
    assert shown == kinks


def test_what_other_libraries_have_is_told(capsys):
    assert guarded(["eval", "abs(x)", "--x", "0"]) == 0
    assert "0 is used; PyTorch has 0, JAX has 1" in capsys.readouterr().err
    (kink,) = examined("abs(x)", x=0).kinks
    recorded = json.loads(CONVENTIONS.read_text())["derivatives"]["abs(0.0,)"]
    assert kink.peers == {name: str(int(parts[0])) for name, parts in recorded.items()}
    assert "max(x) at [1, 3, 3]" in examined("max(x)", x=[2, 2]).kinks[0].note()


wide = pytest.mark.skipif(
    np.finfo(np.longdouble).eps >= np.finfo(float).eps, reason="long doubles are doubles here"
)


@wide
@pytest.mark.parametrize(("cure", "pattern"), [p for p in PATTERNS if p.values[0].loses])
def test_lost_digits_and_what_keeps_them(cure, pattern):
    names = dict(zip("xy", cure.bad, strict=False))
    found = examined(pattern, **names)
    last = found.steps[-1]
    worst = max(found.steps, key=lambda step: step.lost)
    if found.grad_digits["x"] is None or last.digits is None:
        return  # a function of it has no extended precision
    if "mean" not in pattern:
        assert worst.lost > 2
        assert "keeps them" in worst.cure


@wide
def test_digits_are_those_that_are_right():
    """Beside the exact value, by arithmetic on whole numbers."""
    found = examined("a = x + 1e8; b = a - 1e8; b**3", x=0.1)
    steps = {step.text: step for step in found.steps}
    held = (0.1 + 1e8) - 1e8
    right = -np.log10(abs(held - 0.1) / 0.1)
    assert steps["a - 100000000.0"].digits == int(right)
    assert steps["a - 100000000.0"].lost == 16 - int(right)
    assert steps["x + 100000000.0"].digits == 16
    assert examined("sum(sin(x)*exp(x))", x=[0.3, 2]).grad_digits["x"] >= 15
