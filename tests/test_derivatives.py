"""Products, Hessians and elementwise derivatives of runs: Python, command line, files."""

import json

import numpy as np
import pytest

import gradcli
from gradcli.cli.main import guarded
from gradcli.errors import ArgumentError, LimitError, NameProblem, SeedError

RANDOM = np.random.default_rng(2)
W = RANDOM.normal(size=(2, 3))
X = RANDOM.normal(size=3)
MLP = "sum(tanh(W @ x + b)**2)*c"
INPUTS = {"W": W, "x": X, "b": RANDOM.normal(size=2), "c": 1.5}


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def numeric_hessian(expr, inputs, a, b, step=1e-6):
    """Central differences of the gradient by a, in the directions of b."""
    columns = []
    for place in range(np.size(inputs[b])):
        unit = np.zeros(np.shape(inputs[b]))
        unit.flat[place] = step
        up, down = [
            gradcli.evaluate(expr, {**inputs, b: inputs[b] + sign * unit}).grad[a]
            for sign in (1, -1)
        ]
        columns.append((up - down) / (2 * step))
    shape = np.shape(inputs[a]) + np.shape(inputs[b])
    return np.stack(columns, -1).reshape(shape)


def test_all_blocks_of_all_inputs():
    hessian = gradcli.hessian(MLP, INPUTS).hessian
    assert list(hessian) == list(INPUTS)
    for a in INPUTS:
        assert list(hessian[a]) == list(INPUTS)
        for b in INPUTS:
            block = hessian[a][b]
            assert block.shape == np.shape(INPUTS[a]) + np.shape(INPUTS[b])
            close(block, numeric_hessian(MLP, INPUTS, a, b), 1e-7)
            rank = np.ndim(INPUTS[a])
            turned = np.moveaxis(
                hessian[b][a], range(np.ndim(INPUTS[b])), range(-np.ndim(INPUTS[b]), 0)
            )
            close(block, turned)
            assert rank + np.ndim(INPUTS[b]) == block.ndim


def test_products_with_the_hessian():
    tangents = {name: RANDOM.normal(size=np.shape(value)) for name, value in INPUTS.items()}
    hessian = gradcli.hessian(MLP, INPUTS).hessian
    found = gradcli.hvp(MLP, INPUTS, tangents).hvp
    for a in INPUTS:
        expected = sum(
            np.tensordot(hessian[a][b], tangents[b], np.ndim(tangents[b])) for b in INPUTS
        )
        close(found[a], expected)
    part = gradcli.hvp(MLP, INPUTS, {"W[0]": tangents["W"][0]}, wrt=["x", "W[:, 1]"]).hvp
    close(part["x"], np.tensordot(hessian["x"]["W"][:, 0], tangents["W"][0], 1))
    close(part["W[:, 1]"], np.tensordot(hessian["W"]["W"][:, 1, 0], tangents["W"][0], 1))


def test_products_with_the_jacobian():
    expr = "(tanh(W @ x + b), sum(x*c))"
    tangents = {name: RANDOM.normal(size=np.shape(value)) for name, value in INPUTS.items()}
    blocks = gradcli.jacobian(expr, INPUTS)
    found = gradcli.jvp(expr, INPUTS, tangents)
    for output, block in zip(found.outputs, blocks.outputs, strict=True):
        expected = sum(
            np.tensordot(block.jacobian[n], tangents[n], np.ndim(tangents[n])) for n in INPUTS
        )
        close(output.tangent, expected)
    twice = gradcli.jvp("x**2", {"x": X}, {"x[0]": 1.0, "x[:2]": [1.0, 3.0]}).tangent
    close(twice, 2 * X * [2, 3, 0])


def test_seeds_make_one_number():
    expr = "x**3*c"
    inputs = {"x": X, "c": 2.0}
    hessian = gradcli.hessian(expr, inputs, seed=[1, 0, 3]).hessian
    close(hessian["x"]["x"], np.diag(12 * X * [1, 0, 3]))
    close(hessian["x"]["c"], 3 * X**2 * [1, 0, 3])
    total = gradcli.hessian(f"sum({expr})", inputs).hessian
    close(gradcli.hessian(expr, inputs, seed="ones").hessian["x"]["x"], total["x"]["x"])
    product = gradcli.hvp(expr, inputs, {"x": "ones"}, seed=[1, 0, 3]).hvp
    close(product["x"], 12 * X * [1, 0, 3])
    several = gradcli.hessian(f"({expr}, x @ x)", inputs, seed=([1, 0, 3], 2.0), wrt="x")
    close(several.outputs[1].hessian["x"]["x"], 4 * np.eye(3))


def test_zero_seeds_keep_infinities_out():
    inputs = {"x": [0.0, 1.0]}
    found = gradcli.hessian("sqrt(x)", inputs, seed=[0, 1]).hessian["x"]["x"]
    assert found.tolist() == [[0, 0], [0, -0.25]]
    assert gradcli.hvp("sqrt(x)", inputs, {"x": [0, 1]}, seed=[0, 1]).hvp["x"].tolist() == [
        0,
        -0.25,
    ]


def test_results_of_several_outputs():
    for result in (
        gradcli.derivative("(x, x**2)", {"x": X}, order=2),
        gradcli.jacobian("(x, x**2)", {"x": X}, diag=True),
        gradcli.hessian("(sum(x), x @ x)", {"x": X}),
        gradcli.jvp("(x, x**2)", {"x": X}, {"x": X}),
        gradcli.hvp("(sum(x), x @ x)", {"x": X}, {"x": X}),
    ):
        assert len(result.outputs) == 2
        assert type(result).__name__ in repr(result)
        with pytest.raises(ArgumentError, match="2 outputs"):
            _ = result.value


def test_a_compiled_program_answers_everything():
    program = gradcli.compile("x**3")
    for x in ([1.0, 2.0], [3.0, 4.0]):
        x = np.array(x)
        inputs = {"x": x}
        close(program.derivative(inputs, order=2).derivative["x"], 6 * x)
        close(program.jacobian(inputs, diag=True).diagonal["x"], 3 * x**2)
        close(program.jvp(inputs, {"x": [1, 0]}).tangent, 3 * x**2 * [1, 0])
        close(program.hessian(inputs, seed=[1, 2]).hessian["x"]["x"], np.diag(6 * x * [1, 2]))
        close(program.hvp(inputs, {"x": [1, 0]}, seed="ones").hvp["x"], 6 * x * [1, 0])


def test_what_is_not_connected_is_zeros_and_said():
    inputs = {"x": X, "y": 2.0}
    for result, found in (
        (r := gradcli.hessian("x @ x + 0*stop_gradient(y)", inputs), r.hessian["y"]["x"]),
        (r := gradcli.hvp("x @ x + 0*stop_gradient(y)", inputs, {"y": 1.0}), r.hvp["x"]),
        (r := gradcli.jvp("x @ x + 0*stop_gradient(y)", inputs, {"y": 1.0}), r.tangent),
        (r := gradcli.derivative("sin(x) + 0*stop_gradient(y)", inputs), r.derivative["y"]),
    ):
        assert not np.any(found)
        assert any("`y` is not connected" in warning for warning in result.warnings)


def test_mistakes():
    with pytest.raises(SeedError, match="needs a tangent"):
        gradcli.jvp("x", {"x": X}, {})
    with pytest.raises(SeedError, match=r"tangent of `x` has shape \(2,\)"):
        gradcli.jvp("x", {"x": X}, {"x": [1, 2]})
    with pytest.raises(NameProblem, match="not an input"):
        gradcli.hvp("x @ x", {"x": X}, {"y": 1})
    with pytest.raises(SeedError, match="its Hessian needs a seed"):
        gradcli.hessian("x", {"x": X})
    with pytest.raises(ArgumentError, match="at least 1"):
        gradcli.derivative("x", {"x": X}, order=0)
    with pytest.raises(ArgumentError, match="no mode"):
        gradcli.jacobian("x", {"x": X}, mode="forward", diag=True)
    with pytest.raises(LimitError, match="Hessian alone"):
        gradcli.hessian("x @ x", {"x": np.ones(10_000)}, max_memory=10**8)


def test_the_memory_of_a_hessian_is_bounded():
    x = np.linspace(0, 1, 200)
    expr = "sum(x)**2*sum(sin(x))"
    whole = gradcli.hessian(expr, {"x": x}).hessian["x"]["x"]
    tight = gradcli.hessian(expr, {"x": x}, max_memory=900_000).hessian["x"]["x"]
    assert np.array_equal(whole, tight)


FILES = [
    (["eval", "sin(x)", "--x", "1,2", "--order", "2"], "derivative.x"),
    (["jacobian", "sin(x)", "--x", "1,2", "--diag"], "diagonal.x"),
    (["hessian", "prod(x)", "--x", "1,2"], "hessian.x.x"),
    (["jvp", "x**2", "--x", "1,2", "--tangent", "x=1,1"], "tangent"),
    (["hvp", "prod(x)", "--x", "1,2", "--tangent", "x=1,1"], "hvp.x"),
]


@pytest.mark.parametrize(("argv", "name"), FILES)
def test_every_format(argv, name, tmp_path, capsys):
    assert guarded([*argv, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    expected = whole
    for part in name.split("."):
        expected = expected[part]
    assert guarded([*argv, "--json", "--get", name]) == 0
    assert json.loads(capsys.readouterr().out) == expected
    for ending in ("npy", "npz", "csv", "json"):
        target = tmp_path / f"r.{ending}"
        assert guarded([*argv, "-o", str(target)]) == 0
        assert "wrote" in capsys.readouterr().err
    assert np.load(tmp_path / "r.npy").tolist() == expected
    with np.load(tmp_path / "r.npz") as stored:
        assert set(stored) == {"value", name}
        assert stored[name].tolist() == expected
    rows = (tmp_path / "r.csv").read_text().splitlines()[1:]
    assert [[float(cell) for cell in row.split(",")] for row in rows] == (
        expected if "hessian" in name else [[value] for value in expected]
    )
    assert json.loads((tmp_path / "r.json").read_text())["value"] == whole["value"]


@pytest.mark.parametrize("command", ["hessian", "jvp", "hvp"])
def test_help_shows_what_works(command, capsys):
    import re
    import shlex

    assert guarded([command, "--help"]) == 0
    shown = capsys.readouterr().out
    examples = re.findall(r"^ *gradcli (.*)$", shown, re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        words = shlex.split(example)
        if "-o" in words:
            words = words[: words.index("-o") - 2]
        assert guarded(words) == 0
