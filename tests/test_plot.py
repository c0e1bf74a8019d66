"""Plots: the numbers behind them, where curves break, charts in the terminal, files."""

import csv
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array
from test_cli import GRADCLI, at_terminal

import gradcli
from gradcli import session
from gradcli.cli.main import guarded
from gradcli.pictures import curves, plots
from gradcli.pictures.matrix import colour, reduced
from gradcli.pictures.plots import Range
from gradcli.pictures.ticks import tick_texts, ticks
from gradcli.sampling import Sampler
from gradcli.session import Program


def answered(capsys, *argv):
    assert guarded(["plot", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def drawn(source, low=-3.0, high=3.0, order=1, count=401, name="x", **inputs):
    if name.isidentifier():
        inputs[name] = low
    return plots.curves(Program(source), inputs, Range(name, low, high, count), order)


# --- numbers -----------------------------------------------------------------------------------


def test_function_and_derivatives(capsys):
    found = answered(
        capsys, "exp(-a*t)*sin(t)", "--range", "t=0:2*pi:50", "--a", "0.3", "--order", "2"
    )
    t = np.linspace(0, 2 * np.pi, 50)
    assert np.allclose(found["points"]["t"], t, rtol=1e-15)
    damped, s, c = np.exp(-0.3 * t), np.sin(t), np.cos(t)
    assert np.allclose(found["value"], damped * s, rtol=1e-14)
    assert np.allclose(found["derivatives"]["1"], damped * (c - 0.3 * s), rtol=1e-13, atol=1e-15)
    assert np.allclose(found["derivatives"]["2"], damped * (0.09 * s - 0.6 * c - s), atol=1e-14)
    assert list(found["derivatives"]) == ["1", "2"]


BRANCHES = """\
y = x
if x > 1:
    y = x**2
elif x < -1:
    y = sin(x)
while y < 0.5:
    y = y + 0.25 + x*x/10
y
"""


def test_every_point_takes_its_own_path(monkeypatch):
    made = []
    original = session.Traced.__init__
    monkeypatch.setattr(
        session.Traced, "__init__", lambda self, *args: made.append(1) or original(self, *args)
    )
    output = drawn(BRANCHES, count=97).outputs[0]
    assert len(made) < 60
    for x, value, slope in zip(
        output.points["x"], output.value, output.derivatives["1"], strict=True
    ):
        expected = gradcli.evaluate(BRANCHES, {"x": x})
        assert value == expected.value
        assert np.isclose(slope, expected.grad["x"], rtol=1e-13)


@pytest.mark.parametrize(
    ("source", "inputs"),
    [
        ("sum(exp(x*v)) + norm(v)**2 * softplus(x)", {"v": [0.5, -1.0, 2.0]}),
        ("solve(A + x*eye(2), v).sum()", {"A": [[4.0, 1.0], [0.5, 3.0]], "v": [1.0, 2.0]}),
        (
            "x if False else logsumexp(v * x) + A[0] @ v * x**3",
            {"A": [[1.0, 2.0]], "v": [1.0, 2.0]},
        ),
        ("grad(sin(x)**3, x) * x", {}),
    ],
)
def test_all_points_are_one_batch(monkeypatch, source, inputs):
    made = []
    original = session.Traced.__init__
    monkeypatch.setattr(
        session.Traced, "__init__", lambda self, *args: made.append(1) or original(self, *args)
    )
    output = drawn(source, count=21, order=2, **inputs).outputs[0]
    assert len(made) == 1
    for place in (0, 7, 20):
        at = {**inputs, "x": output.points["x"][place]}
        assert np.isclose(output.value[place], gradcli.evaluate(source, at).value, rtol=1e-13)
        for order in (1, 2):
            exact = Program(source).trace(at).derivative(order, ["x"]).derivative["x"]
            assert np.isclose(output.derivatives[str(order)][place], exact, rtol=1e-10, atol=1e-12)


def test_an_element_moves_and_the_others_stay():
    found = drawn("sum(v**2) * v[0]", name="v[1]", v=[2.0, 0.0, 1.0], order=2)
    t = found.outputs[0].points["v[1]"]
    assert np.allclose(found.outputs[0].value, 2 * (5 + t**2))
    assert np.allclose(found.outputs[0].derivatives["1"], 4 * t)
    assert np.allclose(found.outputs[0].derivatives["2"], 4)


def test_several_curves_and_outputs():
    found = drawn("(sin(a*x), x)", a=[1.0, 2.0], count=5)
    assert [curve.label for curve in found.curves] == [
        "f0[0]", "f0[1]", "f1", "f0[0]'", "f0[1]'", "f1'",
    ]  # fmt: skip
    x = found.outputs[0].points["x"]
    assert np.allclose(found.outputs[0].value, np.sin(np.outer(x, [1, 2])))
    assert np.allclose(found.outputs[0].derivatives["1"][:, 1], 2 * np.cos(2 * x))
    assert np.allclose(found.outputs[1].derivatives["1"], 1)


def test_two_ranges(capsys):
    found = answered(capsys, "x**2*sin(y)", "--range", "x=-1:1:5", "--range", "y=0:3:4")
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(0, 3, 4), indexing="ij")
    assert np.allclose(found["value"], x**2 * np.sin(y))
    assert np.allclose(found["grad"]["x"], 2 * x * np.sin(y))
    assert np.allclose(found["grad"]["y"], x**2 * np.cos(y))
    assert found["points"]["y"] == [0, 1, 2, 3]


def test_two_elements_of_one_input():
    over = [Range("v[0]", -1.0, 1.0, 3), Range("v[1]", 0.0, 1.0, 2)]
    output = plots.surface(Program("v[0]*v[1]*v[2]"), {"v": [0.0, 0.0, 5.0]}, over).outputs[0]
    assert output.value.tolist() == [[0, -5], [0, 0], [0, 5]]
    assert output.grad["v[0]"].tolist() == [[0, 5], [0, 5], [0, 5]]


def test_no_nan_where_a_zero_meets_an_infinite_slope():
    found = drawn("sum(where(v + x > 0, sqrt(abs(v + x)), 0))", -1.0, 1.0, count=3, v=[0.0, 0.5])
    assert np.isfinite(found.outputs[0].value).all()
    expected = gradcli.evaluate(
        "sum(where(v + x > 0, sqrt(abs(v + x)), 0))", {"v": [0.0, 0.5], "x": -1.0}, wrt=["x"]
    )
    assert found.outputs[0].derivatives["1"][0] == expected.grad["x"] == 0


def test_points_without_a_value_are_gaps():
    found = drawn("inv([[x, 1], [0, x - 1]])[0, 0]", -2.0, 2.0, count=9)
    value = found.outputs[0].value
    assert np.isnan(value).tolist() == [place in (4, 6) for place in range(9)]
    assert np.allclose(value[[0, 8]], [-0.5, 0.5])
    assert any("no value at x = 0 and 1 more" in note for note in found.notes)
    asserted = drawn("assert x > 0\nlog(x)", count=7)
    assert np.isnan(asserted.outputs[0].value).sum() == 4


def test_a_derivative_only_where_there_is_a_value():
    found = drawn("log(x)", count=7)
    assert np.isnan(found.outputs[0].derivatives["1"]).tolist() == [True] * 3 + [False] * 4


def test_no_value_at_all_is_an_error():
    with pytest.raises(gradcli.errors.ComputationError, match="singular"):
        drawn("inv(x*array([[1, 2], [0, 0]]))[0, 0]")


@given(st.floats(-2, 2), st.floats(-2, 2))
@settings(max_examples=20, deadline=None)
def test_a_point_is_what_evaluate_says(x, y):
    source = "tanh(x*y) + (x if x > y else y)**2"
    sampler = Sampler(Program(source), {"x": 0.0, "y": 0.0}, ["x", "y"])
    found = sampler.at(np.array([[x, y], [y, x], [x, y]]))
    expected = gradcli.evaluate(source, {"x": x, "y": y})
    assert found[0, 0, 0] == found[0, 2, 0] == expected.value
    assert np.isclose(found[1, 0, 0], expected.grad["x"], rtol=1e-12, atol=1e-15)
    assert np.isclose(found[2, 0, 0], expected.grad["y"], rtol=1e-12, atol=1e-15)


# --- where curves break ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "notes"),
    [
        ("x**3 - x", []),
        ("tanh(1000*x)", []),
        ("sin(100*x)", []),
        ("cos(x) + 1e-3*sin(50*x)", []),
        ("1/(x**2 + 1e-4)", []),
        ("x*0", []),
        ("exp(9*x)", []),
        ("log(x)", []),
        ("sqrt(x)", []),
        ("cbrt(x - 0.1)", ["f' has a pole near x = 0.1"]),
        ("abs(x)", ["f' jumps from -1 to 1 near x = 0"]),
        ("abs(x)*cos(2*x)", ["f' jumps from -1 to 1 near x = 0"]),
        ("maximum(x, 0.5)", ["f' jumps from 0 to 1 near x = 0.5"]),
        ("where(x > 0.3, x**2, -1)", ["f jumps from -1 to 0.09 near x = 0.3"]),
        ("sign(x)", ["f jumps from -1 to 1 near x = 0"]),
        ("1/x", ["f has a pole near x = 0"]),
        ("1/(x - 0.001)**2", ["f has a pole near x = 0.001"]),
        ("1/x**2", ["f has a pole near x = 0"]),
        ("where(x > 0, 1/x, 0)", ["f has a pole near x = 0"]),
        ("log(abs(x - 0.1))", ["f has a pole near x = 0.1"]),
        ("1/abs(x - 0.1)**0.5", ["f has a pole near x = 0.1"]),
        ("tan(x)", ["f has a pole near x = -1.5708", "f has a pole near x = 1.5708"]),
        (
            "1/(x - 1) - 1/(x - 1.3)",
            ["f has a pole near x = 1", "f has a pole near x = 1.3"],
        ),
        ("floor(x/2)", ["f jumps from -2 to -1 near x = -2", "f jumps from -1 to 0 near x = 0",
                        "f jumps from 0 to 1 near x = 2"]),
        ("sqrt(-1 - x**2)", ["f is not a finite number anywhere in the range"]),
        ("1/(x + 3.000001)", []),
        ("1/sin(x + 1e-16)", ["f has a pole near x = 0"]),
        ("sqrt(abs(x))", ["f' has a pole near x = 0"]),
        ("grad(sin(x)/x, x)", []),
        ("exp(1000*x)", []),
        ("grad((1 - cos(x))/x**2, x)", []),
        ("1/((x - 0.50003)**2 + 1e-14)", []),
        ("tanh(1e9*(x - 0.1))", []),
    ],
)  # fmt: skip
def test_breaks(source, notes):
    assert drawn(source).notes == notes


def test_where_each_point_has_a_path_of_its_own_the_search_ends(monkeypatch):
    monkeypatch.setattr(curves, "MOST_TRACES", 10)
    source = "y = x\nfor k in range(8):\n    y = y/2 if sin(1000*x*k) > 0 else y*2\ny"
    found = drawn(source, 0.0, 1.0, count=41)
    assert found.notes == ["nearly each point takes its own path: breaks are not looked for"]
    assert [len(curve.pieces) for curve in found.curves] == [1, 1]


def test_jumps_end_where_they_are():
    (curve,) = drawn("where(x > 0.3, x**2, -1)", order=0).curves
    (left, right) = curve.pieces
    assert left[0][-1] == pytest.approx(0.3, abs=1e-5)
    assert right[0][0] == pytest.approx(0.3, abs=1e-5)
    assert left[1][-1] == -1
    assert right[1][0] == pytest.approx(0.09, abs=1e-5)


def test_a_curve_reaches_the_edge_of_its_domain():
    (curve,) = drawn("sqrt(x - 0.1)", order=0).curves
    ((xs, ys),) = curve.pieces
    assert xs[0] == pytest.approx(0.1, abs=1e-5)
    assert ys[0] == pytest.approx(0, abs=1e-2)


def test_many_breaks_are_not_all_told():
    notes = drawn("floor(5*x)").notes
    assert len(notes) == 6
    assert notes[-1] == "and 25 more breaks"


# --- the terminal ------------------------------------------------------------------------------


def canvas(shown):
    """The dots of a chart as an array, rows from the top; its lines stand between `│` or `┤`."""
    rows = [
        re.split("[│┤]", line, maxsplit=1)[1]
        for line in shown.splitlines()
        if re.search("[│┤]", line)
    ]
    width = max(map(len, rows))
    dots = np.zeros((4 * len(rows), 2 * width), bool)
    places = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)]
    for row, line in enumerate(rows):
        for column, sign in enumerate(line):
            bits = ord(sign) - 0x2800 if 0x2800 <= ord(sign) < 0x2900 else 0
            for bit, (down, across) in enumerate(places):
                dots[4 * row + down, 2 * column + across] |= bool(bits >> bit & 1)
    return dots


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_chart_fits_and_follows_the_curve(monkeypatch, width):
    shown = at_terminal(
        monkeypatch,
        width,
        "plot",
        "x",
        "--range",
        "x=0:1",
        "--order",
        "0",
        NO_COLOR="1",
        LINES="30",
    )
    assert max(map(len, shown.splitlines())) <= width
    dots = canvas(shown)
    down, across = np.nonzero(dots)
    line = np.polyfit(across, down, 1)
    assert np.abs(np.polyval(line, across) - down).max() < 1.6
    assert line[0] == pytest.approx(-(dots.shape[0] / 1.06) / dots.shape[1], rel=0.06)
    assert set(across) == set(range(across.min(), across.max() + 1))


def test_a_pole_is_no_line_from_bottom_to_top(monkeypatch):
    shown = at_terminal(
        monkeypatch, 80, "plot", "1/x", "--range", "x=-2:2", "--order", "0", NO_COLOR="1"
    )
    dots = canvas(shown)
    assert dots.sum(axis=0).max() < dots.shape[0] / 2
    left, right = dots[:, : dots.shape[1] // 2], dots[:, dots.shape[1] // 2 :]
    middle = dots.shape[0] // 2
    assert not left[: middle - 4].any()
    assert not right[middle + 5 :, 4:].any()


def test_curves_of_other_scales_get_panels(capsys):
    assert guarded(["plot", "exp(4*x)", "--range", "x=-2:2", "--order", "3"]) == 0
    assert capsys.readouterr().out.count("└") == 4
    assert guarded(["plot", "sin(x)", "--range", "x=-2:2", "--order", "3"]) == 0
    assert capsys.readouterr().out.count("└") == 1


def test_ascii_terminals_get_ascii(monkeypatch):
    for argv in (
        ["plot", "sin(x)", "--range", "x=-2:2"],
        ["plot", "sin(x)*y", "--range", "x=-2:2", "--range", "y=0:1"],
        ["jacobian", "sin(x)*sum(x)", "--x", "1,2,3", "--plot"],
    ):
        stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        monkeypatch.setattr(sys, "stdout", stream)
        assert guarded(argv) == 0
        assert "\\" not in stream.buffer.getvalue().decode("ascii")


def test_colours_where_there_are_colours(monkeypatch):
    argv = ["plot", "sin(x)", "--range", "x=-2:2"]
    assert "\x1b[" in at_terminal(monkeypatch, 80, *argv)
    assert "\x1b[" not in at_terminal(monkeypatch, 80, *argv, NO_COLOR="1")
    assert "\x1b[" not in at_terminal(monkeypatch, 80, *argv, "--color", "never")
    matrix = ["jacobian", "x*sum(x)", "--x", "1,-2", "--plot"]
    shown = at_terminal(monkeypatch, 80, *matrix, COLORTERM="truecolor")
    assert "\x1b[48;2;" in shown
    assert "█" not in shown
    assert "█" in at_terminal(monkeypatch, 80, *matrix, NO_COLOR="1")


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (-3, 3, 7, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (0, 1, 4, ["0.0", "0.5", "1.0"]),
        (-1e-9, 1e-9, 3, ["-1e-09", "0", "1e-09"]),
        (0, 1e7, 3, ["0", "5e+06", "1e+07"]),
        (99.5, 100.5, 5, ["99.6", "99.8", "100.0", "100.2", "100.4"]),
        (2, 2, 3, ["2"]),
        (1, 1.000002, 3, ["1.000000", "1.000001", "1.000002"]),
        (0.1, 0.9, 1, ["0.5"]),
    ],
)  # fmt: skip
def test_ticks_are_round(low, high, most, texts):
    assert tick_texts(ticks(low, high, most)) == texts


# --- matrices ----------------------------------------------------------------------------------


def test_a_heat_map_shows_sign_and_strength(capsys):
    assert (
        guarded(["jacobian", "A @ x", "--A", "0,1;-4,0.01", "--x", "1,1", "--wrt", "x", "--plot"])
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "jacobian x  shape (2, 2)"
    assert lines[2].strip() == "│  ▒+│    · ■"
    assert lines[3].strip() == "│█-·+│    ■ ■"
    assert "3 of 4 entries are not zero (2 by 2)" in lines[6]


@given(
    arrays(np.float64, st.tuples(st.integers(1, 90), st.integers(1, 90)),
           elements=st.sampled_from([0.0, 0.0, 0.0, 1.0, -2.0])),
    st.integers(1, 30), st.integers(1, 30),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_reduced_matrices_lose_no_entry(matrix, rows, columns):
    small = reduced(matrix, rows, columns)
    assert small.shape[0] <= rows
    assert small.shape[1] <= columns
    assert (small != 0).any() == (matrix != 0).any()
    if matrix.size:
        assert np.abs(small).max() == np.abs(matrix).max()
    if matrix.shape[0] <= rows and matrix.shape[1] <= columns:
        assert np.array_equal(small, matrix)
    assert np.array_equal(reduced(csr_array(matrix), rows, columns), small)


def test_what_no_dense_matrix_could_hold_is_drawn(capsys):
    argv = ["--x", "linspace(0,3,300000)", "--plot"]
    assert guarded(["jacobian", "sin(x)", *argv]) == 0
    assert guarded(["hessian", "sum(sin(x))", *argv]) == 0
    shown = capsys.readouterr().out
    assert "300,000 of 90,000,000,000 entries are not zero" in shown
    assert "299,999 of 90,000,000,000 entries are not zero" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_large_jacobians_are_drawn_in_few_lines(capsys):
    assert guarded(["jacobian", "sin(x)", "--x", "linspace(0,3,400)", "--plot"]) == 0
    shown = capsys.readouterr().out
    assert "400 of 160,000 entries are not zero (400 by 400)" in shown
    assert len(shown.splitlines()) < 40
    assert max(map(len, shown.splitlines())) <= 80


def test_what_is_no_number_is_marked(capsys):
    assert guarded(["jacobian", "sqrt(x)", "--x", "0,-1,4", "--plot"]) == 0
    shown = capsys.readouterr().out
    assert "!!" in shown
    assert "?? nan" in shown


def test_colours_grow_from_grey():
    assert colour(1.0) == "rgb(214,40,40)"
    assert colour(-1.0) == "rgb(30,96,220)"
    assert colour(0.01) == "rgb(137,135,135)"


def test_hessian_blocks_are_all_drawn(capsys):
    assert guarded(["hessian", "sum(x**2)*y", "--x", "1,2", "--y", "3", "--plot"]) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if line.startswith("hessian")]
    assert [title.split("  ")[0] for title in titles] == [
        "hessian x x", "hessian x y", "hessian y x", "hessian y y",
    ]  # fmt: skip


# --- files and formats -------------------------------------------------------------------------


def test_tables(capsys):
    argv = ["plot", "x**2", "--range", "x=0:1:3", "--order", "2", "--format", "csv"]
    assert guarded(argv) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [
        ["x", "f", "f'", "f''"],
        ["0.0", "0.0", "0.0", "2.0"], ["0.5", "0.25", "1.0", "2.0"], ["1.0", "1.0", "2.0", "2.0"],
    ]  # fmt: skip


def test_arrays(tmp_path, capsys):
    target = tmp_path / "p.npz"
    assert guarded(["plot", "x**2", "--range", "x=0:1:3", "-o", str(target)]) == 0
    with np.load(target) as stored:
        assert {name: stored[name].tolist() for name in stored} == {
            "value": [0, 0.25, 1], "points.x": [0, 0.5, 1], "derivatives.1": [0, 1, 2],
        }  # fmt: skip
    capsys.readouterr()
    argv = ["plot", "x**2", "--range", "x=0:1:3", "--get", "derivatives.1"]
    assert guarded(argv) == 0
    assert capsys.readouterr().out == "0,1,2\n"


FILES = [
    ("svg", ["plot", "tan(x)*a # $\\frac{x$ </svg>", "--range", "x=-3:3", "--a", "1,2"]),
    ("pdf", ["plot", "sin(x)*y/(x - 0.5)", "--range", "x=-3:3:40", "--range", "y=0:1:20"]),
    ("png", ["jacobian", "sin(x)*y", "--x", "1,2,3", "--y", "2", "--plot"]),
    ("svg", ["jacobian", "sqrt(x)", "--x", "0,-1", "--plot", "--flat"]),
    ("png", ["hessian", "sum(x**3)*y", "--x", "1,2,3", "--y", "2", "--plot"]),
]
HEADS = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


@pytest.mark.parametrize(("ending", "argv"), FILES, ids=lambda a: a[1])
def test_picture_files(ending, argv, tmp_path):
    pytest.importorskip("matplotlib")
    target = tmp_path / f"p.{ending}"
    assert guarded([*argv, "-o", str(target)]) == 0
    content = target.read_bytes()
    assert content.startswith(HEADS[ending])
    if ending == "svg":
        ET.fromstring(content)


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_equal_pictures_are_equal_files(ending, tmp_path):
    pytest.importorskip("matplotlib")
    files = [tmp_path / f"{name}.{ending}" for name in "pq"]
    for file in files:
        assert guarded(["plot", "x**2", "--range", "x=0:1", "-o", str(file)]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for argv in (["plot", "x", "--range", "x=0:1"], ["jacobian", "x", "--x", "1", "--plot"]):
        assert guarded([*argv, "-o", str(tmp_path / "p.png")]) == 3
        assert "gradcli[plot]" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_chart_imports_no_matplotlib():
    code = (
        "import sys\n"
        "from gradcli.cli.main import guarded\n"
        "guarded(['plot', 'x**2', '--range', 'x=-1:1'])\n"
        "guarded(['jacobian', 'x**2', '--x', '1,2', '--plot'])\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"matplotlib", "rich", "scipy"} & set(done.stderr.split())


def test_a_chart_in_a_pipe_is_plain():
    done = subprocess.run(
        [*GRADCLI, "plot", "sin(x)", "--range", "x=0:6", "--color", "auto"],
        capture_output=True, check=True,
    )  # fmt: skip
    shown = done.stdout.decode()
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 80


# --- mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["x"], "as in `--range x=-3:3`"),
        (["x*y", "--x", "1"], "as in `--range y=-3:3`"),
        (["x", "--range", "x"], "`x` is no range"),
        (["x", "--range", "x=1"], "`x=1` is no range"),
        (["x", "--range", "x=1:2:3:4"], "is no range"),
        (["x", "--range", "x=2:1"], "from the lesser to the greater"),
        (["x", "--range", "x=1:inf"], "both finite"),
        (["x", "--range", "x=-1.7e308:1.7e308"], "both finite"),
        (["x", "--range", "x=1e15:1e15+1"], "not 401 numbers of float64"),
        (["x", "--range", "x=1:1.00001", "--dtype", "float32"], "not 401 numbers of float32"),
        (["x", "--range", "x=0:1:1"], "`1` is no number of points"),
        (["x", "--range", "x=0:ones(2)"], "are single numbers"),
        (["x", "--range", "x=0:b"], "means nothing in a constant expression"),
        (["x", "--range", "y=0:1"], "the program does not use `y`"),
        (["x", "--range", "x=0:1", "--x", "3"], "both a value and a range"),
        (["x*y", "--range", "x=0:1"], "`y` has no value"),
        (["x*y", "--range", "x=0:1", "--range", "x=0:1"], "`x` has two ranges"),
        (["x*y*z", *["--range", "x=0:1", "--range", "y=0:1", "--range", "z=0:1"]], "can be drawn"),
        (["x*y", "--range", "x=0:1", "--range", "y=0:1", "--order", "2"], "leave out --order"),
        (["x", "--range", "x[:2]=0:1", "--x", "1,2,3"], "a range is for a single number"),
        (["x", "--range", "x[5]=0:1", "--x", "1,2,3"], "5"),
        (["v*x", "--range", "x=0:1", "--v", "arange(9)"], "at most 8 curves"),
        (["v*x*y", "--range", "x=0:1", "--range", "y=0:1", "--v", "1,2"], "those of one"),
        (["x +", "--range", "x=0:1"], "ends too early"),
        (["x", "--range", "x=0:1", "-o", "p.gif"], ".png, .svg, .pdf"),
        (["x", "--range", "x=0:1:99999999999"], "more memory than the limit"),
    ],
)  # fmt: skip
def test_mistakes(argv, message, capsys):
    status = guarded(["plot", *argv])
    assert status == (3 if "memory" in message else 2)
    error = capsys.readouterr().err
    assert message in error
    assert "internal" not in error


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--plot", "--json"], "--plot and --format json exclude each other"),
        (["--plot", "--get", "value"], "--plot and --get exclude each other"),
        (["--plot", "-o", "j.npy"], "--plot and -o j.npy exclude each other"),
        (["--plot", "--diag"], "--plot and --diag exclude each other"),
        (["-o", "j.png"], "--plot -o j.png draws the result"),
    ],
)
def test_options_that_exclude_each_other(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert guarded(["jacobian", "x**2", "--x", "1,2", *argv]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
