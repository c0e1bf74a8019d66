"""The same program at many points: to the bit what a loop gives."""

import io
import json
import time

import numpy as np
import pytest
import rowcheck

import gradcli
from gradcli import mapped as mapped_module
from gradcli import seeds
from gradcli.cli import map as map_module
from gradcli.cli.main import guarded
from gradcli.engine import Plan
from gradcli.errors import GradcliError
from gradcli.mapped import mapped
from gradcli.ops.rowwise import rowwise
from gradcli.render import progress as progress_module
from gradcli.seeds import watching
from gradcli.session import Program

RANDOM = np.random.default_rng(5)


def same(found, expected):
    """Equal to the bit, NaN and the signs of zeros included."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.view(np.int64), expected.view(np.int64))


CASES = [
    pytest.param(op, sample, id=f"{op.name}-{place}")
    for op in rowcheck.rows()
    for place, sample in enumerate(rowcheck.samples(op))
]


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_every_row_of_the_table(op, sample):
    """Values and VJPs of many rows, against a plan that runs each alone."""
    together([rowcheck.Case(op, sample, seed) for seed in range(3)])


CALLS = [pytest.param(f, id=f.spellings[0]) for f in rowcheck.calls() if f.example][1::3]


@pytest.mark.parametrize("found", CALLS)
def test_functions_as_their_examples_call_them(found):
    if rowcheck.Call(found, found.example).leaves:
        together([rowcheck.Call(found, found.example, seed) for seed in range(2)])


def together(cases):
    case = cases[0]
    nodes = [*case.outputs, *[part for part in case.vjp_nodes() if part is not None]]
    bound = [*case.leaves, *case.seed_leaves]
    values = {leaf.serial: seed for leaf, seed in zip(case.seed_leaves, case.seeds, strict=True)}
    stacked = [
        np.concatenate([np.stack(arrays)] * 7)
        for arrays in zip(*[one.arrays for one in cases], strict=True)
    ]
    for moving in (case.leaves, case.leaves[:1]):
        if not moving:
            continue
        still = dict(zip([leaf.serial for leaf in case.leaves], case.arrays, strict=True))
        rows, _ = rowwise(nodes, moving)
        many = {leaf.serial: a for leaf, a in zip(moving, stacked, strict=False)}
        plan = Plan(rows, bound, moving)
        found = plan.run({**values, **still, **many})
        alone = Plan(nodes, bound)
        for row in range(7 * len(cases)):
            one = {leaf.serial: a[row] for leaf, a in zip(moving, stacked, strict=False)}
            for expected, got, each in zip(
                alone.run({**values, **still, **one}), found, plan.output_batched, strict=True
            ):
                same(got[row] if each else got, expected)


def loop(expr, inputs, over, count, **options):
    """Outputs of one evaluation after another."""
    compiled = gradcli.compile(expr)
    options.setdefault("wrt", over)
    results = [
        compiled.evaluate({**inputs, **{name: inputs[name][row] for name in over}}, **options)
        for row in range(count)
    ]
    return [result.outputs for result in results]


W, B = RANDOM.normal(size=(5, 7)), RANDOM.normal(size=5)
POINTS = RANDOM.normal(size=(203, 7))
PROGRAMS = [
    "sum(sin(x)*exp(-x**2) + tanh(x))",
    "sum(tanh(W @ x + b)**2)",
    "logsumexp(W @ x)",
    "x @ W.T @ W @ x",
    "norm(x[1:] - x[:-1]) * max(x)",
    "sum(x**3 / (1 + abs(x)))",
    "prod(x) + std(x) + sum(sort(x) * b[0])",
    "sum(cumsum(x)**2) + det(outer(x[:3], x[1:4]) + 3*eye(3))",
    "sum(solve(outer(x, x) + 9*eye(7), x))",
    "sum(sqrt(abs(x[::2])) * x[1::2][:3].sum())",
    "softmax(x.reshape(7, 1) * ones(2), axis=0)[0, 0]",
    "einsum('i,i->', x, x) + sum(einsum('i,j->ij', x, x).T**2)",
]


@pytest.mark.parametrize("expr", PROGRAMS)
def test_rows_are_those_of_a_loop(expr):
    inputs = {"x": POINTS} | {n: v for n, v in (("W", W), ("b", B)) if n in expr.replace("abs", "")}
    found = mapped(Program(expr), inputs, ["x"])
    expected = loop(expr, inputs, ["x"], len(POINTS))
    same(found.value, [one.value for (one,) in expected])
    same(found.grad["x"], [one.grad["x"] for (one,) in expected])


def test_several_inputs_outputs_and_seeds():
    inputs = {"x": POINTS, "y": RANDOM.normal(size=(203, 5)), "W": W, "c": 2.0}
    expr = "(W @ x * y, c * sum(x))"
    seed = [RANDOM.normal(size=5), 3.0]
    found = mapped(Program(expr), inputs, ["x", "y"], seed=seed, wrt=["x[2:4]", "y", "c", "W"])
    expected = loop(expr, inputs, ["x", "y"], 203, seed=seed, wrt=["x[2:4]", "y", "c", "W"])
    for place, output in enumerate(found.outputs):
        same(output.value, [one[place].value for one in expected])
        for name, part in output.grad.items():
            same(part, [one[place].grad[name] for one in expected])


def test_rows_part_where_values_decide():
    expr = "y = x\nwhile sum(y**2) < 100:\n    y = y * 2\nsum(y) if y[0] > 0 else prod(y)"
    found = mapped(Program(expr), {"x": POINTS}, ["x"])
    expected = loop(expr, {"x": POINTS}, ["x"], len(POINTS))
    same(found.value, [one.value for (one,) in expected])
    same(found.grad["x"], [one.grad["x"] for (one,) in expected])


def test_infinite_derivatives_and_nan_are_those_of_a_loop():
    x = np.array([[0.0, 4.0], [1.0, 0.0], [np.nan, 1.0], [-1.0, 4.0], [np.inf, 0.0]] * 5)
    for expr in ("sqrt(x)[0] * 2", "where(x > 0, sqrt(x), 0).sum()", "norm(x) * x[0]"):
        found = mapped(Program(expr), {"x": x}, ["x"])
        expected = loop(expr, {"x": x}, ["x"], len(x))
        np.testing.assert_array_equal(found.value, [one.value for (one,) in expected])
        np.testing.assert_array_equal(found.grad["x"], [one.grad["x"] for (one,) in expected])


def test_large_rows_run_alone():
    x = RANDOM.normal(size=(3, 40_000))
    expr = "sum(sin(x.reshape(200, 200).T * 2)) + mean(x)"
    found = mapped(Program(expr), {"x": x}, ["x"])
    expected = loop(expr, {"x": x}, ["x"], 3)
    same(found.value, [one.value for (one,) in expected])
    same(found.grad["x"], [one.grad["x"] for (one,) in expected])


# --- files ---------------------------------------------------------------------------------------


def run(capsys, *words):
    status = guarded(["map", *map(str, words)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


EXPR = "sum(tanh(W @ x)**2)"


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "x.npy", POINTS)
    np.save(tmp_path / "W.npy", W)
    header = ",".join(f"c{place}" for place in range(7))
    np.savetxt(tmp_path / "x.csv", POINTS, delimiter=",", header=header, comments="", fmt="%.17g")
    return tmp_path


@pytest.fixture
def expected():
    outputs = loop(EXPR, {"x": POINTS, "W": W}, ["x"], len(POINTS))
    return [one.value for (one,) in outputs], [one.grad["x"] for (one,) in outputs]


@pytest.mark.parametrize("source", ["npy", "csv"])
@pytest.mark.parametrize("target", ["npy", "npz", "csv", "jsonl", "json"])
def test_files_in_and_out(files, expected, capsys, monkeypatch, source, target):
    monkeypatch.setattr(mapped_module, "BLOCK", 64 * 80)
    monkeypatch.setattr(map_module, "PART", 50)
    out = files / f"out.{target}"
    arguments = [EXPR, "--over", "x", "--x", f"@{files}/x.{source}", "--W", f"@{files}/W.npy"]
    status, printed, said = run(capsys, *arguments, "-o", out)
    assert (status, printed) == (0, "")
    assert "wrote 203 rows of" in said
    value, grad = expected
    if target == "npy":
        table = np.load(out, mmap_mode="r")
        found = table[:, 0], table[:, 1:]
    elif target == "npz":
        archive = np.load(out)
        found = archive["value"], archive["grad.x"]
    elif target == "csv":
        lines = out.read_text().splitlines()
        assert lines[0] == "value," + ",".join(f"grad.x[{place}]" for place in range(7))
        table = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
        found = table[:, 0], table[:, 1:]
    elif target == "jsonl":
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        found = [row["value"] for row in rows], [row["grad"]["x"] for row in rows]
    else:
        whole = json.loads(out.read_text())
        found = whole["value"], whole["grad"]["x"]
    same(found[0], value)
    same(found[1], grad)


def test_one_of_the_results(files, expected, capsys):
    out = files / "grad.npy"
    arguments = [EXPR, "--over", "x", "--x", f"@{files}/x.npy", "--W", f"@{files}/W.npy"]
    assert run(capsys, *arguments, "--get", "grad.x", "-o", out)[0] == 0
    same(np.load(out), expected[1])


def test_nothing_is_left_where_a_row_fails(files, capsys, monkeypatch):
    """The rows before it were computed, and written beside the target."""
    monkeypatch.setattr(mapped_module, "BLOCK", 64)
    x = POINTS[:, 0].copy()
    x[150] = -1e9
    np.save(files / "y.npy", x)
    out = files / "out.npy"
    arguments = ["assert y > -1e6\nsin(y)", "--over", "y", "--y", f"@{files}/y.npy", "-o", out]
    status, _, said = run(capsys, *arguments)
    assert status == 1
    assert "in row 150: " in said

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(mapped_module.Mapper, "rows", stopped)
    assert run(capsys, *arguments)[0] == 130
    assert sorted(path.name for path in files.iterdir()) == ["W.npy", "x.csv", "x.npy", "y.npy"]


def test_standard_input_is_read_as_it_comes(monkeypatch, capsys):
    """A stream of lines: the first rows are answered before the last ones are there."""
    seen = []

    class Lines(io.RawIOBase):
        def __init__(self):
            self.left = [f"{place},1\n".encode() for place in range(40_000)]

        def readable(self):
            return True

        def readinto(self, buffer):
            part = b"".join(self.left[:500])
            del self.left[:500]
            buffer[: len(part)] = part
            seen.append(len(self.left))
            return len(part)

    class Input:
        buffer = Lines()

    monkeypatch.setattr("sys.stdin", Input())
    monkeypatch.setattr(map_module, "PART", 1000)
    progress = []
    with watching(lambda done, total: progress.append((done, seen[-1]))):
        status, printed, _ = run(capsys, "x[0]*x[1]", "--over", "x", "--x", "@-", "--no-grad")
    assert status == 0
    assert printed.splitlines()[-1] == "39999.0"
    assert any(0 < done <= 1000 and left > 20_000 for done, left in progress)


def test_the_python_interface():
    found = gradcli.map(EXPR, {"x": POINTS, "W": W}, "x")
    outputs = loop(EXPR, {"x": POINTS, "W": W}, ["x"], len(POINTS))
    same(found.value, [one.value for (one,) in outputs])
    same(found.grad["x"], [one.grad["x"] for (one,) in outputs])
    values = gradcli.compile("x > 0").map({"x": POINTS[:, 0]}, ["x"], grad=False).value
    np.testing.assert_array_equal(values, POINTS[:, 0] > 0)
    for inputs, over, message in [
        ({"x": 1.0}, ["x"], "`x` is a single number"),
        ({"x": [1.0]}, [], "at least one"),
        ({"x": [1.0]}, ["y"], "`y` has no rows"),
        ({"x": [1.0, 2.0], "y": [1.0]}, ["x", "y"], "`x` has 2, `y` has 1"),
    ]:
        with pytest.raises(GradcliError, match=message):
            gradcli.map("x*y" if "y" in inputs else "x", inputs, over)


def test_float32_rows():
    x = POINTS.astype(np.float32)
    found = gradcli.map("sum(exp(x)*x)", {"x": x}, "x", dtype="float32")
    assert found.value.dtype == found.grad["x"].dtype == np.float32
    compiled = gradcli.compile("sum(exp(x)*x)", dtype="float32")
    expected = [compiled.evaluate({"x": row}) for row in x]
    same(found.value, [one.value for one in expected])
    same(found.grad["x"], [one.grad["x"] for one in expected])


# --- the bar -------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_shows_on_terminals_alone_and_late(monkeypatch):
    """It appears while the work goes on, and is taken away when that is done."""
    for stream, patience, shown in [
        (Terminal(), 0.0, True),
        (Terminal(), 60.0, False),
        (io.StringIO(), 0.0, False),
    ]:
        monkeypatch.setattr("sys.stderr", stream)
        monkeypatch.setattr(progress_module, "PATIENCE", patience)
        with progress_module.progress_bar("rows"):
            seeds.progress(3, 10)
            time.sleep(0.3 if shown else 0.01)
            seeds.progress(4, 10)
        assert ("rows" in stream.getvalue()) == shown
    seeds.progress(1, 1)
