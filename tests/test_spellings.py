"""Names: each exists in its library, means what it means there, and means it from the start."""

import ast
import math
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import rowcheck
import scipy.integrate
import scipy.special
import scipy.stats

import gradcli
from gradcli.errors import GradcliError, NameProblem
from gradcli.graph import OPS, Trace, building
from gradcli.language.names import free_names
from gradcli.language.parser import parse
from gradcli.language.tensors import Tensor
from gradcli.language.values import attribute_of
from gradcli.ops.binding import SPELLED, find, find_bare, load_all

load_all()
LIBRARIES = {"np": np, "scipy": scipy, "math": math}
OLD = np.lib.NumpyVersion(np.__version__) < "2.1.0"
# Spelled for Tensor methods of the same name, which are found by it.
METHODS = set()


def resolved(spelling):
    """What a dotted name is in its library, or None."""
    found = LIBRARIES[spelling.partition(".")[0]]
    for part in spelling.split(".")[1:]:
        found = getattr(found, part, None)
    return found


THEIRS = sorted(name for name in SPELLED if name.partition(".")[0] in LIBRARIES and "." in name)


@pytest.mark.skipif(OLD, reason="names that NumPy has since 2.1 are spelled too")
@pytest.mark.parametrize("spelling", THEIRS)
def test_the_library_has_the_name(spelling):
    assert spelling in METHODS or resolved(spelling) is not None


def plain(number):
    return number.item() if isinstance(number, np.generic) else number


class AsArrays(ast.NodeTransformer):
    """Lists of numbers as arrays: some of NumPy's functions take nothing else."""

    def visit_List(self, node):
        if rowcheck.literal(node) is None:
            return self.generic_visit(node)
        return ast.Call(ast.Name("asarray", ast.Load()), [node], [])


def called_by_library(found, spelling):
    """The example of a function, evaluated with the library's own function in its place."""
    call = AsArrays().visit(ast.parse(found.example, mode="eval"))
    function = resolved(spelling)
    call.body.func = ast.Name("theirs", ast.Load())
    names = {"theirs": function, "asarray": np.asarray, "nan": np.nan, "inf": np.inf}
    code = compile(ast.fix_missing_locations(call), "", "eval")
    try:
        return eval(code, names)
    except TypeError:
        # Functions of `math` take Python's numbers.
        names["theirs"] = np.vectorize(lambda *items: function(*map(plain, items)))
        return eval(code, names)


def examples():
    for spelling in THEIRS:
        found = SPELLED[spelling]
        if ".random." in spelling:
            continue
        if found.example and "order" not in (getattr(found.row, "box", ()) or ()):
            yield pytest.param(found, spelling, id=spelling)


@pytest.mark.skipif(OLD, reason="names that NumPy has since 2.1 are spelled too")
@pytest.mark.parametrize(("found", "spelling"), list(examples()))
def test_the_value_is_the_librarys(found, spelling):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = called_by_library(found, spelling)
    head = found.example.partition("(")[0]
    ours = gradcli.evaluate(found.example.replace(head, spelling, 1), grad=False)
    expected = expected if isinstance(expected, (tuple, list)) else (expected,)
    assert len(expected) == len(ours.outputs)
    for output, value in zip(ours.outputs, expected, strict=True):
        assert np.shape(output.value) == np.shape(value)
        np.testing.assert_allclose(output.value, value, rtol=1e-12, atol=1e-14)


def test_a_bare_name_is_numpys():
    for name, found in SPELLED.items():
        if "." not in name and f"np.{name}" in SPELLED:
            assert found is SPELLED[f"np.{name}"], name


def test_every_function_has_an_example_and_words():
    for found in rowcheck.calls():
        assert found.example, found.spellings[0]
        assert found.build.__doc__, found.spellings[0]


# --- tiers ---------------------------------------------------------------------------------------

BEFORE_AND_AFTER = """
from gradcli.language.values import attribute_of
from gradcli.ops import functions
from gradcli.ops.binding import SPELLED, find, load_all

before = dict(SPELLED)
short = {name.rpartition(".")[2] for name in before}
orders = (("np", "Tensor", "torch"), ("Tensor", "torch", "np"))
methods = {}
for name in short:
    for order in orders:
        names = [f"{library}.{name}" for library in order]
        if any(spelling in SPELLED for spelling in names):
            methods[name, order] = find(*names)
assert SPELLED == before, "a name of the first tier brought in the second"
load_all()
assert len(SPELLED) > len(before)
for name, found in before.items():
    assert SPELLED[name] is found, name
for (name, order), found in methods.items():
    assert find(*[f"{library}.{name}" for library in order]) is found, (name, order)
"""


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_names_mean_the_same_before_and_after_the_second_tier():
    run(BEFORE_AND_AFTER)


@pytest.mark.parametrize(
    ("expr", "inputs", "loads"),
    [
        ("sum(x**2) + max(x)", {"x": [1.0, 2.0]}, False),
        ("gamma*x + beta", {"x": 1.0, "gamma": 2.0, "beta": 3.0}, False),
        ("y0 = 2*x; y0", {"x": 1.0}, False),
        ("gelu(x)", {"x": 1.0}, True),
        ("torch.special.erfcx(x)", {"x": 1.0}, True),
    ],
)
def test_the_second_tier_is_read_when_a_name_asks_for_it(expr, inputs, loads):
    code = (
        "import sys, gradcli\n"
        f"gradcli.evaluate({expr!r}, {inputs!r}, seed='ones')\n"
        "print('gradcli.ops.rows.more' in sys.modules, 'scipy' in sys.modules)"
    )
    assert run(code).split() == [str(loads), str(loads)]


def test_the_table_finds_rows_of_the_second_tier():
    assert run("from gradcli.ops import functions\nfrom gradcli.graph import OPS\n"
               "print(OPS['erf'].name)").strip() == "erf"  # fmt: skip
    with pytest.raises(KeyError):
        OPS["no such row"]


# --- keywords ------------------------------------------------------------------------------------

V = {"x": [1.0, -2.0], "y": [0.5, 3.0]}
KEYWORDS = [
    ("torch.where(x > 0, input=x, other=y)", [1, 3]),
    ("torch.add(input=x, other=y)", [1.5, 1]),
    ("torch.add(x, y, alpha=2)", [2, 4]),
    ("torch.sub(x, other=y, alpha=2)", [0, -8]),
    ("torch.div(x, y, rounding_mode='trunc')", [2, 0]),
    ("torch.div(x, y, rounding_mode='floor')", [2, -1]),
    ("x.add(y, alpha=2)", [2, 4]),
    ("x.div(y, rounding_mode='floor')", [2, -1]),
    ("np.maximum(x1=x, x2=y)", [1, 3]),
    ("torch.atan2(input=x, other=y)", np.arctan2([1, -2], [0.5, 3])),
    ("np.clip(x, a_min=-1, a_max=None)", [1, -1]),
    ("torch.clamp(x, max=0)", [0, -2]),
    ("torch.lerp(input=x, end=y, weight=0.5)", [0.75, 0.5]),
    ("torch.pow(input=x, exponent=2)", [1, 4]),
    ("torch.heaviside(x, values=y)", [1, 0]),
    ("F.leaky_relu(x, negative_slope=0.5)", [1, -1]),
    ("F.hardtanh(x, min_val=-0.5, max_val=0.5)", [0.5, -0.5]),
    ("x.std(correction=0)", 1.5),
    ("np.mean(x, where=[True, False])", 1),
    ("np.max(x, initial=5)", 5),
    ("torch.quantile(x, q=0.5, dim=0, interpolation='lower')", -2),
]


@pytest.mark.parametrize(("expr", "expected"), KEYWORDS)
def test_keywords(expr, expected):
    given = {name: value for name, value in V.items() if name in free_names(parse(expr))}
    np.testing.assert_allclose(gradcli.evaluate(expr, given, grad=False).value, expected)


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("np.sum(x, 0, True)", r"sum\(x, axis=None, \*, keepdims=False"),
        ("np.add(x, y=1, other=2)", "twice"),
        ("torch.erf(x, x)", "takes one argument, not 2"),
        ("np.hypot(x)", "needs a value for `y`"),
        ("np.quantile(x, 1.5)", "between 0 and 1"),
        ("np.quantile(x, 0.5, method='cubic')", "method is one of"),
        ("np.max(x, where=[True, False])", "initial"),
        ("torch.polygamma(-1, x)", "between 0 and 150"),
        ("F.gelu(x, approximate='erf')", "'none' or 'tanh'"),
        ("F.mse_loss(x, x, reduction='average')", "'mean', 'sum' or 'none'"),
        ("F.cross_entropy(x, 2)", "none of them"),
        ("F.cross_entropy(x, 0.5)", "none of them"),
        ("torch.sum(x, dim=1)", "out of range"),
        ("linalg.norm(x, 'nuc')", "takes a number as ord"),
        ("linalg.matrix_norm([x, x], ord=3)", "takes ord 1, -1"),
    ],
)
def test_mistakes_are_explained(expr, said):
    with pytest.raises(GradcliError) as caught:
        gradcli.evaluate(expr, {"x": [1.0, 2.0]}, grad=False)
    text = f"{caught.value} {caught.value.hint}"
    assert re.search(said, text), text


def test_a_name_belongs_to_the_libraries_that_have_it():
    for name in ("np.relu", "np.erf", "torch.median_unbiased", "jnp.relu", "torch.special.beta"):
        with pytest.raises(NameProblem):
            gradcli.evaluate(f"{name}(x)", {"x": 1.0})


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "prod", "logsumexp", "cumsum", "cumprod"])
def test_a_scalar_has_one_dim_in_pytorch(name):
    for dim in (0, -1):
        result = gradcli.evaluate(f"torch.{name}(x, dim={dim})", {"x": 3.0})
        assert (result.value.shape, float(result.grad["x"])) == ((), 1)
    with pytest.raises(GradcliError):
        gradcli.evaluate(f"torch.{name}(x, dim=1)", {"x": 3.0})


def test_a_scalar_has_a_position_in_pytorch():
    first, second = gradcli.evaluate("torch.max(x, dim=0)", {"x": 3.0}, grad=False).outputs
    assert (float(first.value), float(second.value)) == (3, 0)


# --- what people look for ------------------------------------------------------------------------

EXPECTED = (Path(__file__).parent / "data" / "functions.txt").read_text("utf-8").split()


@pytest.mark.parametrize("name", EXPECTED)
def test_what_people_look_for_is_there(name):
    if name.startswith("x."):
        with building(Trace()):
            assert attribute_of(Tensor(rowcheck.leaf((2, 2))), name[2:], True)
    else:
        assert find(name) if "." in name else find_bare(name)
