"""Formulas against numbers: what is printed, read back, is the derivative.

tests/formulas.txt holds the formulas, a block each: `derive SOURCE` with options, then a line for
each derivative. GOLDEN_UPDATE=1 writes them anew from what is printed now.
"""

import os
import re
import shlex
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from formulacheck import close
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradcli
from gradcli.cli.main import guarded
from gradcli.derivation import Derivation
from gradcli.emit.latex import Latex, name_text
from gradcli.graph import ancestors
from gradcli.session import Program

FORMULAS = Path(__file__).parent / "formulas.txt"
SIZES = {"n": 4, "m": 3, "k": 2}
"""What named sizes are when formulas are evaluated."""


class Entry:
    """A line of the file of formulas: a source, options, and the formulas by their names."""

    def __init__(self, line, formulas):
        self.line = line
        self.formulas = formulas
        words = shlex.split(line)
        self.source, options = words[0], words[1:]
        self.jacobian = "--jacobian" in options
        self.order = int(options[options.index("--order") + 1]) if "--order" in options else 1
        self.wrt = options[options.index("--wrt") + 1] if "--wrt" in options else None
        self.shapes = {}
        for word in options:
            name, equals, sizes = word.partition("=")
            if equals:
                self.shapes[name] = sizes

    @cache  # noqa: B019  entries live as long as the tests
    def derived(self, style="text"):
        return gradcli.derive(
            self.source,
            shapes=self.shapes,
            wrt=self.wrt,
            order=self.order,
            jacobian=self.jacobian,
            style=style,
        )


def entries():
    text = FORMULAS.read_text(encoding="utf-8")
    for block in re.finditer(r"^derive (.*)\n((?:  .*\n)*)", text, re.MULTILINE):
        lines = [line.strip().split(": ", 1) for line in block[2].splitlines()]
        yield Entry(block[1], {key: formula for key, formula in lines})


ENTRIES = list(entries())


def draw(result, seed=1):
    """Positive numbers, and matrices near the unit matrix, for the inputs of a result."""
    found = {}
    for name, shape in result.shapes.items():
        random = np.random.default_rng([seed, *name.encode()])
        extents = [SIZES.get(size, size) for size in shape]
        low, high = (0.1, 0.9) if name == "p" else (1.1, 1.9)  # a probability
        found[name] = random.uniform(low, high, extents)
        if len(extents) == 2 and extents[0] == extents[1]:
            found[name] = random.uniform(-0.3, 0.3, extents) + 1.5 * np.eye(extents[0])
    return found


def evaluate(text, inputs):
    """The value of a formula, with numbers for its named sizes."""
    known = {**{name: float(size) for name, size in SIZES.items()}, **inputs}
    reads = Program(text).reads
    return gradcli.evaluate(text, {k: v for k, v in known.items() if k in reads}, grad=False).value


def differences(function, x, step=1e-3):
    """The Jacobian of a function by six-point central differences."""
    x = np.asarray(x, float)
    columns = []
    for place in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[place] = step
        total = 0.0
        for k, weight in ((1, 45.0), (2, -9.0), (3, 1.0)):
            total = total + weight * (function(x + k * unit) - function(x - k * unit))
        columns.append(np.asarray(total) / (60 * step))
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape(stacked.shape[:-1] + x.shape)


def value_of(source, inputs, name):
    return lambda x: gradcli.evaluate(source, {**inputs, name: x}, grad=False).value


def check_numbers(entry, result, inputs):
    """Every formula of an entry against the engine and against differences."""
    value = gradcli.evaluate(entry.source, inputs, grad=False).value
    seed = np.random.default_rng(7).uniform(0.5, 1.5, np.shape(value))
    known = {**inputs, **dict.fromkeys(result.seeds, seed)}
    for label, formula in result.formulas().items():
        found = evaluate(formula, known)
        _, first, *second = label.split()
        if entry.order == 2:
            close(found, second_derivative(entry.source, inputs, first, second[0]), 1e-6)
            continue
        numeric = differences(value_of(entry.source, inputs, first), inputs[first])
        if entry.jacobian:
            exact = gradcli.jacobian(entry.source, inputs, wrt=first).jacobian[first]
        else:
            given_seed = seed if result.seeds else None
            exact = gradcli.evaluate(entry.source, inputs, wrt=first, seed=given_seed).grad[first]
            if result.seeds:
                numeric = np.tensordot(seed, numeric, np.ndim(value))
        close(found, exact, 1e-10)
        close(found, numeric, 1e-8)


def second_derivative(source, inputs, first, second):
    """Differences of the engine's gradient."""

    def gradient(x):
        return gradcli.evaluate(source, {**inputs, second: x}, wrt=first).grad[first]

    return differences(gradient, inputs[second])


def test_the_file_of_formulas():
    """The formulas are as they stand in the file; nothing in it is there twice."""
    made = FORMULAS.read_text(encoding="utf-8")
    count = 0
    for entry in ENTRIES:
        found = entry.derived().formulas()
        count += len(found)
        lines = [f"  {label}: {formula}" for label, formula in found.items()]
        old = re.escape(f"derive {entry.line}\n") + r"(?:  .*\n)*"
        new = "\n".join([f"derive {entry.line}", *lines]) + "\n"
        made = re.sub(old, lambda _, new=new: new, made, count=1)
    if os.environ.get("GOLDEN_UPDATE"):
        FORMULAS.write_text(made, encoding="utf-8")
    assert made == FORMULAS.read_text(encoding="utf-8")
    assert count >= 200
    assert len({entry.line for entry in ENTRIES}) == len(ENTRIES) >= 150


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.line)
def test_formula(entry):
    """It fits on a line, and its numbers are those of the engine and of differences."""
    result = entry.derived()
    for formula in result.formulas().values():
        assert "\n" not in formula
        assert len(formula) <= 160
    check_numbers(entry, result, draw(result))


# --- code ----------------------------------------------------------------------------------------


def run_code(code, inputs, convert=np.asarray):
    names = {}
    exec(code, names)
    (function,) = [item for name, item in names.items() if name.startswith("value_and_")]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        value, found = function(**{name: convert(array) for name, array in inputs.items()})
    parts = found if isinstance(found, tuple) else (found,)
    return np.asarray(value), [np.asarray(part) for part in parts]


def check_code(entry, style, convert=np.asarray):
    """A generated function against the formulas, which are checked against the engine."""
    result = entry.derived(style)
    inputs = draw(result)
    value = gradcli.evaluate(entry.source, inputs, grad=False).value
    random = np.random.default_rng(7)
    seeds = {name: random.uniform(0.5, 1.5, np.shape(value)) for name in result.seeds}
    given_value, parts = run_code(result.code, {**inputs, **seeds}, convert)
    close(given_value, value, 1e-10)
    texts = entry.derived().formulas().values()
    for part, text in zip(parts, texts, strict=True):
        close(part, evaluate(text, {**inputs, **seeds}), 1e-9)


@pytest.mark.parametrize("entry", ENTRIES[0::2], ids=lambda entry: entry.line)
def test_numpy_code(entry):
    check_code(entry, "numpy")


@pytest.mark.parametrize("entry", ENTRIES[0::2], ids=lambda entry: entry.line)
def test_torch_code(entry):
    torch = pytest.importorskip("torch")
    check_code(entry, "torch", lambda array: torch.tensor(array, dtype=torch.float64))


@pytest.mark.parametrize("entry", ENTRIES[0::2], ids=lambda entry: entry.line)
def test_jax_code(entry):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    check_code(entry, "jax", jax.numpy.asarray)


def test_code_computes_nothing_twice():
    code = gradcli.derive("sum(exp(A @ x)) + norm(x)", style="numpy", wrt="x").code
    assert code.count("A @ x") == 2  # in the docstring, and once
    assert code.count("np.exp") == 1
    assert "n = x.shape" not in code


def test_code_keeps_conventions():
    """Where text leaves out a point, code has it."""
    zeros = {"x": np.zeros(3)}
    _, (found,) = run_code(gradcli.derive("norm(x)", style="numpy").code, zeros)
    assert found.tolist() == [0, 0, 0]
    holes = {"x": np.array([0.0, 2.0, 3.0])}
    _, (found,) = run_code(gradcli.derive("prod(x)", style="numpy").code, holes)
    assert found.tolist() == [6, 0, 0]
    _, (found,) = run_code(gradcli.derive("sum(maximum(x, 2))", style="numpy").code, holes)
    assert found.tolist() == [0, 0.5, 1]
    singular = {"X": np.array([[1.0, 2.0], [2.0, 4.0]])}
    _, (found,) = run_code(gradcli.derive("det(X)", style="numpy").code, singular)
    close(found, [[4, -2], [-2, 1]])
    guarded_root = gradcli.derive("sum(where(x > 0, sqrt(x), 0))", style="numpy").code
    _, (found,) = run_code(guarded_root, {"x": np.array([-1.0, 4.0])})
    assert found.tolist() == [0, 0.25]


@pytest.mark.parametrize("entry", ENTRIES[::6], ids=lambda entry: entry.line)
def test_no_node_stands_twice_in_a_derivative(entry, monkeypatch):
    found = []
    simple = Derivation.simple

    def noted(self, node):
        found.append(simple(self, node))
        return found[-1]

    monkeypatch.setattr(Derivation, "simple", noted)
    gradcli.derive(
        entry.source,
        shapes=entry.shapes,
        wrt=entry.wrt,
        order=entry.order,
        jacobian=entry.jacobian,
    )
    assert found
    for node in found:
        keys = [
            (part.op.name, tuple(x.serial for x in part.inputs), part.op.key(part.params))
            for part in ancestors([node])
        ]
        assert len(keys) == len(set(keys))


def test_names_in_code():
    """Results give way to inputs of their names; parts of inputs make names too."""
    code = gradcli.derive("value*grad_value", style="numpy").code
    assert "value_ = value*grad_value" in code
    code = gradcli.derive("sum(W**2)", wrt="W[:, 1]", shapes={"W": "n,m"}, style="numpy").code
    assert "grad_W_1 = 2*W[:, 1]" in code


# --- LaTeX ---------------------------------------------------------------------------------------


def check_latex(text):
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    # An underscore stands before a brace, or is escaped.
    for place in re.finditer("_", text):
        assert text[place.start() + 1] == "{" or text[place.start() - 1] == "\\"
    assert not re.search(r"\\(operatorname|frac|mathbf|mathrm)(?!\{)", text)
    assert "**" not in text
    assert "@" not in text
    assert "#" not in text


@pytest.mark.parametrize("entry", ENTRIES[1::3], ids=lambda entry: entry.line)
def test_latex(entry):
    for formula in entry.derived("latex").formulas().values():
        check_latex(formula)


LATEX = {
    "sum(x**2)": "2 x",
    "log(det(X))": r"{X}^{-\top}",
    "x @ A @ x": r"\left(A + {A}^{\top}\right) x",
    "sqrt(t_0)": r"\frac{1}{2 \sqrt{t_{0}}}",
    "exp(-beta*t)": r"-\beta e^{-\beta t}",
    "sum((A @ x - b)**2)": r"2 {A}^{\top} \left(A x - b\right)",
    "norm(x)": r"\frac{x}{\left\lVert x \right\rVert}",
    "sum(x*log(x))": r"\log\left(x\right) + 1",
    "relu(x)": r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
    "tan(x)": r"1 + \tan^{2}\left(x\right)",
    "x**3": "3 {x}^{2}",
    "sum(x**3)": r"3 {x}^{\circ 2}",
    "learning_rate*x": r"\mathrm{learning\_rate}",
}


@pytest.mark.parametrize(("source", "expected"), LATEX.items(), ids=LATEX)
def test_latex_of_textbooks(source, expected):
    names = {"exp(-beta*t)": "t", "learning_rate*x": "x", "x @ A @ x": "x"}
    result = gradcli.derive(source, wrt=names.get(source), style="latex")
    formula = list(result.formulas().values())[-1 if "A @ x -" not in source else 1]
    assert formula == expected
    check_latex(formula)


NAMES = {
    "x": "x", "x1": "x_{1}", "x_1": "x_{1}", "alpha": r"\alpha", "Sigma": r"\Sigma",
    "W_in": r"W_{\mathrm{in}}", "learning_rate_2": r"\mathrm{learning\_rate\_2}",
    "μ": r"\mu", "Ω": r"\Omega", "loss": r"\mathrm{loss}",
    "lam": r"\lambda", "lam_1": r"\lambda_{1}",
    "theta_0": r"\theta_{0}", "_x": r"\mathrm{\_x}", "Alpha": r"\mathrm{Alpha}",
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=NAMES)
def test_names_in_latex(name, expected):
    assert name_text(name) == expected
    check_latex(name_text(name))


def test_latex_of_long_formulas():
    lines = "; ".join(["u = exp(x)"] + ["u = sin(u)*u + u"] * 6 + ["u"])
    text = gradcli.derive(lines, style="latex").grad["x"]
    check_latex(text)
    assert text.startswith("\\begin{aligned}\nt_{1} &= ")


def test_latex_sizes():
    printer = Latex({13: "n", 12: "n-1"})
    assert printer.size(13) == "n"
    assert printer.size(gradcli.graph.Dim(26, "2*n")) == "2 n"


# --- generated programs --------------------------------------------------------------------------

SCALARS, VECTORS, MATRICES = ("s", "t"), ("x", "y"), ("A", "B")
UNARY = ("sin", "cos", "exp", "tanh", "sigmoid", "softplus", "square", "abs", "atan", "relu")


def sources(kind, depth):
    """Programs whose value is a scalar, a vector or a matrix."""
    leaves = {"s": SCALARS, "v": VECTORS, "m": MATRICES}[kind]
    if depth == 0:
        return st.sampled_from(leaves)
    same, scalar = sources(kind, depth - 1), sources("s", depth - 1)
    vector, matrix = sources("v", depth - 1), sources("m", depth - 1)
    options = [
        st.sampled_from(leaves),
        st.builds("({} {} {})".format, same, st.sampled_from("+-*"), same),
        st.builds("({}*{})".format, scalar, same),
        st.builds("({}/(1.5 + {}**2))".format, same, same),
        st.builds("{}({})".format, st.sampled_from(UNARY), same),
        st.builds("where({} > {}, {}, {})".format, same, scalar, same, same),
        st.builds("maximum({}, {})".format, same, scalar),
    ]
    if kind == "s":
        options += [
            st.builds("{}({})".format, st.sampled_from(["sum", "mean", "norm", "var"]), vector),
            st.builds("{}({})".format, st.sampled_from(["sum", "trace", "det", "norm"]), matrix),
            st.builds("({} @ {})".format, vector, vector),
            st.builds("({} @ {} @ {})".format, vector, matrix, vector),
            st.builds("({})[{}]".format, vector, st.sampled_from(["0", "-1"])),
            st.builds("logsumexp({})".format, vector),
        ]
    elif kind == "v":
        options += [
            st.builds("({} @ {})".format, matrix, vector),
            st.builds("({} @ {})".format, vector, matrix),
            st.builds("softmax({})".format, vector),
            st.builds("sum({}, axis={})".format, matrix, st.sampled_from("01")),
            st.builds("diag({})".format, matrix),
            st.builds("cumsum({})".format, vector),
        ]
    else:
        options += [
            st.builds("({} @ {})".format, matrix, matrix),
            st.builds("({}).T".format, matrix),
            st.builds("outer({}, {})".format, vector, vector),
            st.builds("inv({} + 9*eye(3))".format, matrix),
            st.builds("({}[:, None]*{})".format, vector, matrix),
            st.builds("softmax({}, axis=0)".format, matrix),
        ]
    return st.one_of(options)


def generated_inputs(source):
    """Values for the names in a generated program."""
    shapes = {**dict.fromkeys(SCALARS, ()), **dict.fromkeys(VECTORS, (3,)),
              **dict.fromkeys(MATRICES, (3, 3))}  # fmt: skip
    found = {}
    for name in Program(source).reads:
        if name in shapes:
            found[name] = np.random.default_rng([3, *name.encode()]).uniform(-1, 1, shapes[name])
    return found


def holds(result, known):
    """Whether the points are among those that the formulas are for."""
    conditions = [text.removeprefix("valid where ") for text in result.conditions]
    return all(np.all(evaluate(text, known)) for text in conditions)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from("ssvm").flatmap(lambda kind: sources(kind, 3)), st.booleans())
def test_generated_programs(source, code):
    """Text reads back, and code runs, to the engine's gradient."""
    inputs = generated_inputs(source)
    if not inputs:
        return
    value = gradcli.evaluate(source, inputs, grad=False).value
    seed = np.random.default_rng(1).uniform(0.5, 1.5, np.shape(value)) if np.ndim(value) else None
    exact = gradcli.evaluate(source, inputs, seed=seed).grad
    result = gradcli.derive(source, inputs, style="numpy" if code else "text")
    known = {**inputs, **dict.fromkeys(result.seeds, seed)}
    if code:
        names = {name: known[name] for name in [*result.shapes, *result.seeds]}
        found = dict(zip(exact, run_code(result.code, names)[1], strict=True))
    elif not holds(result, known):
        return
    else:
        found = {name: evaluate(text, known) for name, text in result.grad.items()}
    for name, gradient in exact.items():
        assert np.shape(found[name]) == gradient.shape
        scale = 1 + np.abs(gradient).max()
        np.testing.assert_allclose(found[name], gradient, rtol=1e-7, atol=1e-8 * scale)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from("vvs").flatmap(lambda kind: sources(kind, 2)))
def test_generated_jacobians(source):
    inputs = generated_inputs(source)
    if not inputs:
        return
    result = gradcli.derive(source, inputs, jacobian=True)
    if not holds(result, inputs):
        return
    exact = gradcli.jacobian(source, inputs).jacobian
    for name, text in result.jacobian.items():
        scale = 1 + np.abs(exact[name]).max()
        found = evaluate(text, inputs)
        assert np.shape(found) == exact[name].shape
        np.testing.assert_allclose(found, exact[name], rtol=1e-7, atol=1e-8 * scale)


# --- what is taken for granted -------------------------------------------------------------------


def test_shapes_that_follow_from_use():
    for source, shapes in {
        "x**2 + a": {"x": [], "a": []},
        "sum(a*x)": {"a": ["n"], "x": ["n"]},
        "u = x*y; sum(u)": {"x": ["n"], "y": ["n"]},
        "x[0] + c": {"x": ["n"], "c": []},
        "log(det(X)) + trace(Y @ X)": {"X": ["n", "n"], "Y": ["n", "n"]},
        "norm(A @ x - b)": {"A": ["n", "n"], "x": ["n"], "b": ["n"]},
        "dot(x, y)*n": {"x": ["m"], "y": ["m"], "n": []},
        "A[0, 1]": {"A": ["n", "n"]},
        "x.sum()": {"x": ["n"]},
        "solve(A, b)[0]": {"A": ["n", "n"], "b": ["n"]},
        "t*x": {"t": [], "x": []},
        "sum(A, axis=1)[0]": {"A": ["n", "n"]},
        "np.mean(x)": {"x": ["n"]},
    }.items():
        result = gradcli.derive(source)
        assert result.shapes == shapes, source
        assert result.assumptions
        assert "--shape" in result.notes[0]


def test_declared_and_given_shapes():
    result = gradcli.derive("sum(A @ x)", {"x": [1.0, 2.0]}, shapes={"A": ("m", 2)}, wrt="x")
    assert result.shapes == {"x": [2], "A": ["m", 2]}
    assert str(result) == "sum(A, axis=0)"
    assert result.assumptions == []
    assert gradcli.derive("sum(x)/n", shapes={"x": "n"}).grad == {"x": "ones(n)/n"}


def test_undeclared_sizes_fit_the_known_ones():
    result = gradcli.derive("sum((A @ x - b)**2)", shapes={"A": "m,n"}, wrt="x")
    assert result.shapes == {"A": ["m", "n"], "x": ["n"], "b": ["m"]}
    assert result.assumptions == ["`x` is taken as a vector of size n, `b` as a vector of size m"]
    result = gradcli.derive("A @ x", {"A": [[1.0, 2.0, 3.0]]}, wrt="x", jacobian=True)
    assert result.shapes["x"] == [3]
    network = "sum((W3 @ tanh(W2 @ tanh(W1 @ x + b1) + b2) + b3 - y)**2)"
    result = gradcli.derive(network, shapes={"W1": "h,d", "W2": "k,h", "W3": "m,k"}, wrt="b1")
    assert [result.shapes[name] for name in ("x", "b1", "b2", "b3", "y")] == [
        ["d"], ["h"], ["k"], ["m"], ["m"],
    ]  # fmt: skip
    with pytest.raises(gradcli.GradcliError, match="cannot combine"):
        gradcli.derive("A @ x", shapes={"A": "m,n", "x": "k"})


def test_a_size_that_loses_its_name_is_an_error():
    for source in (
        "x[len(x) // 2]*float(len(x))",
        "sum(x)*float(len(x))",
    ):
        with pytest.raises(gradcli.GradcliError, match="no one formula holds"):
            gradcli.derive(source, shapes={"x": "n"})
    assert gradcli.derive("sum(x)*len(x)/2", shapes={"x": "n"}).grad == {"x": "0.5*n*ones(n)"}
    assert gradcli.derive("sum(x)/len(x)**0.5", shapes={"x": "n"}).grad["x"] == "ones(n)/sqrt(n)"


def test_conditions():
    result = gradcli.derive("x**2 if x > 0 else -x", {"x": -1.0})
    assert str(result) == "-1"
    assert result.conditions == ["valid while not (x > 0)"]
    result = gradcli.derive("x[0]*x[1] if sum(x) > 1 else x[0]", {"x": [1.0, 2.0]})
    assert str(result) == "[x[1], x[0]]"
    assert result.conditions == ["valid while sum(x) > 1"]
    assert gradcli.derive("norm(x)").conditions == ["valid where norm(x) != 0"]
    assert gradcli.derive("norm(x)**2").conditions == []
    assert gradcli.derive("maximum(x, y)").conditions == ["valid where x != y"]
    assert gradcli.derive("maximum(x*y, y*x)").conditions == []
    with pytest.raises(gradcli.GradcliError, match="asks for the value of `x`"):
        gradcli.derive("x**2 if x > 0 else -x")


def test_a_condition_a_person_wrote_stays():
    """Only the rules' own cases at single points are left out: labels may well be 0."""
    result = gradcli.derive("sum(where(y == 0, x, x**2))", wrt="x")
    assert str(result) == "where(y == 0, 1, 2*x)"
    assert result.conditions == []


def test_seeds():
    result = gradcli.derive("A @ x", shapes={"A": "m,n", "x": "n"}, wrt="x")
    assert str(result) == "A.T @ v"
    assert result.seeds == ["v"]
    assert "--jacobian" in result.notes[0]
    assert gradcli.derive("v*x", shapes={"x": "n", "v": "n"}, wrt="x").grad == {"x": "v*seed"}
    several = gradcli.derive("(2*x, sum(x))", shapes={"x": "n"})
    assert several.formulas() == {"grad 0 x": "2*v0", "grad 1 x": "ones(n)"}


def test_detached_values():
    """The formula of detach(x) is x; its derivative is 0, to any order."""
    assert gradcli.derive("sum(detach(x)*x)").grad == {"x": "x"}
    assert gradcli.derive("sum(detach(x)*x)", order=2).hessian["x"]["x"] == "zeros((n, n))"
    assert gradcli.derive("sum(detach(x)*x**2)", order=2).hessian["x"]["x"] == "2*diag(x)"


def test_random_draws_are_named():
    result = gradcli.derive("sum(x*randn(3))", {"x": [1.0, 2.0, 3.0]}, random_seed=1)
    assert result.grad == {"x": "randn_1"}
    assert "`randn_1` stands for a random draw" in result.notes


def test_parts_of_inputs():
    assert gradcli.derive("x[0]*x[1]", wrt="x[0]").grad == {"x[0]": "x[1]"}
    assert gradcli.derive("a @ X @ b", wrt="X[:, 1]").grad == {"X[:, 1]": "b[1]*a"}
    assert gradcli.derive("A @ x", wrt="x[0]", jacobian=True).jacobian == {"x[0]": "A[:, 0]"}


def test_orders():
    assert gradcli.derive("sin(x)", order=4).formulas() == {"derivative x": "sin(x)"}
    assert gradcli.derive("x**5", order=3).formulas() == {"derivative x": "60*x**2"}
    with pytest.raises(gradcli.GradcliError, match="by one input"):
        gradcli.derive("x*y", order=3)
    for wrong in ({"order": 0}, {"order": 2, "jacobian": True}, {"style": "matlab"}):
        with pytest.raises(gradcli.GradcliError):
            gradcli.derive("x", **wrong)


def test_what_is_not_connected():
    result = gradcli.derive("sum(x) + 0*sum(floor_divide(y, 2))", wrt="y")
    assert result.grad == {"y": "zeros(n)"}
    assert "not connected" in result.warnings[0]


def test_long_derivatives_take_bounded_effort():
    lines = "; ".join(["u = x"] + ["u = sin(u)*u + exp(-u)"] * 60 + ["u"])
    result = gradcli.derive(lines)
    text = result.grad["x"]
    assert len(text) < 10_000
    exact = gradcli.evaluate(lines, {"x": 0.3}).grad["x"]
    close(gradcli.evaluate(text, {"x": 0.3}, grad=False).value, exact, 1e-9)


def test_result_object():
    result = gradcli.derive("x*y")
    assert str(result) == "grad x  y\ngrad y  x"
    assert repr(result) == "Derived({'grad x': 'y', 'grad y': 'x'})"
    assert (result.value, result.grad) == ("x*y", {"x": "y", "y": "x"})
    with pytest.raises(gradcli.GradcliError, match="no hessian"):
        result.hessian  # noqa: B018
    with pytest.raises(gradcli.GradcliError, match="2 outputs"):
        gradcli.derive("(x, y)").grad  # noqa: B018


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["x*y", "--order", "2"],
        ["(x, y*2)"],
        ["sum(x**2)", "--format", "numpy"],
        ["sin(x)", "--shape", "x=n", "--jacobian", "--format", "latex"],
        ["x**4", "--order", "3"],
        ["norm(x)", "--format", "json"],
        ["x +"],
        ["x", "--shape", "y=n"],
        ["x", "--shape", "x=n", "--x", "1,2"],
    ],
    ids=str,
)
def test_json(words, capsys):
    import json

    import jsonschema

    schema = json.loads((Path(__file__).parent.parent / "docs" / "schema.json").read_text())
    status = guarded(["derive", *words, *(["--json"] if "json" not in words else [])])
    found = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(schema).validate(found)
    assert ("error" in found) == (status != 0)


def test_one_formula_and_files(capsys, tmp_path):
    assert guarded(["derive", "x*y", "--order", "2", "--get", "hessian.x.y"]) == 0
    assert capsys.readouterr().out == "1\n"
    assert guarded(["derive", "(x, y*2)", "--get", "1.grad.y"]) == 0
    assert capsys.readouterr().out == "2\n"
    assert guarded(["derive", "x", "--get", "grad.z"]) == 2
    target = tmp_path / "f.py"
    assert guarded(["derive", "sum(x**2)", "--format", "numpy", "-o", str(target)]) == 0
    assert "grad_x = 2*x" in target.read_text(encoding="utf-8")
    assert "wrote the formula" in capsys.readouterr().err


def test_in_batch():
    from test_batch import answers

    first, second, third = answers(
        {"id": 1, "command": "derive", "expr": "mean(x**2)", "shapes": {"x": ["n"]}},
        {"id": 2, "command": "derive", "expr": "mean(x**2)", "shapes": {"x": [1.5]}},
        {"id": 3, "command": "derive", "expr": "x**3", "order": 2, "format": "latex"},
    )
    assert first["grad"] == {"x": "2*x/n"}
    assert second["error"]["kind"] == "usage"
    assert third["hessian"] == {"x": {"x": "6 x"}}
