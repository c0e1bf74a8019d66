"""`gradcli vectors`: what is written is right, exact, the same again, and read by pytest."""

import json
import subprocess
import sys

import numpy as np
import pytest

import gradcli
from gradcli.cli.main import guarded
from gradcli.graph import OPS


def lines(capsys, *words):
    assert guarded(["vectors", *words]) == 0
    return capsys.readouterr().out.splitlines()


def array(held):
    flat = [float.fromhex(x) for x in held["hex"]] if "hex" in held else held["decimal"]
    return np.array(flat).reshape(held["shape"])


def test_vectors_hold_and_are_what_they_say(capsys, root):
    import jsonschema

    schema = json.loads((root / "docs" / "schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    found = [json.loads(line) for line in lines(capsys, "relu", "std", "maximum", "--count", "2")]
    assert {vector["region"] for vector in found} == {"middle", "edge", "kink", "large", "small"}
    for vector in found:
        validator.validate(vector)
        inputs = {name: array(held) for name, held in vector["inputs"].items()}
        for held in (vector["value"], *vector["inputs"].values()):
            if "hex" in held:
                assert array(held).ravel().tolist() == held["decimal"]
        result = gradcli.evaluate(vector["expr"], inputs, seed=array(vector["seed"]))
        np.testing.assert_array_equal(result.value, array(vector["value"]))
        for name, held in vector["vjp"].items():
            np.testing.assert_array_equal(result.grad[name], array(held))
        pairing = sum(
            (array(vector["vjp"][name]) * array(held)).sum()
            for name, held in vector["tangents"].items()
        )
        np.testing.assert_allclose((array(vector["seed"]) * array(vector["jvp"])).sum(), pairing)
    kinked = [vector for vector in found if vector["region"] == "kink"]
    assert kinked
    assert all(vector["convention"] for vector in kinked)


def test_equal_seeds_give_equal_vectors(capsys):
    first = lines(capsys, "tanh", "sinh", "--count", "1", "--random-seed", "5")
    assert lines(capsys, "sinh", "--count", "1", "--random-seed", "5") == [
        line for line in first if '"id": "sinh/' in line
    ]
    assert lines(capsys, "sinh", "--count", "1") != lines(
        capsys, "sinh", "--count", "1", "--random-seed", "6"
    )


def test_vectors_of_an_expression(capsys):
    found = [
        json.loads(line)
        for line in lines(capsys, "x*abs(y)", "--x", "1,2", "--y", "0.5", "--count", "2")
    ]
    first = found[0]
    assert (first["region"], array(first["inputs"]["x"]).tolist()) == ("middle", [1, 2])
    assert {vector["region"] for vector in found} >= {"middle", "kink", "large", "small"}


def test_what_is_wrong_is_not_written(capsys, monkeypatch):
    monkeypatch.setattr(OPS["sinh"], "rules", [lambda g, y, x: g * 1.001])
    assert guarded(["vectors", "sinh"]) == 2
    assert "nothing there has a derivative that could be verified" in capsys.readouterr().err


def test_the_file_for_pytest_runs(tmp_path, capsys):
    path = tmp_path / "test_reference.py"
    words = ["vectors", "log1p", "torch.nn.functional.softmax", "--count", "1", "-o", str(path)]
    assert guarded([*words, "--format", "pytest"]) == 0
    assert "wrote" in capsys.readouterr().err
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    # It fails where a library differs.
    path.write_text(path.read_text().replace("pushed.tolist()", "(pushed * 1.0001).tolist()"))
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "directional derivative" in done.stdout


WRONG = [
    (["softpluss"], "did you mean `softplus`"),
    ([], "name functions or an expression"),
    (["sin", "--all"], "one of them"),
    (["sin", "--x", "3"], "there is no option `--x`"),
    (["x*y", "--x", "3"], "`y` has no value"),
    (["floor(x) > 2", "--x", "3"], "nothing there has a derivative"),
]


@pytest.mark.parametrize(("words", "says"), WRONG)
def test_mistakes(words, says, capsys):
    assert guarded(["vectors", *words]) == 2
    assert says in capsys.readouterr().err


def test_far_out_values_are_right_to_many_digits(capsys):
    """Waves at arguments of 1e8 keep half of their digits: such points are left out."""
    import mpmath

    for line in lines(capsys, "scipy.special.y1", "--count", "4"):
        vector = json.loads(line)
        for x, y in zip(vector["inputs"]["x"]["decimal"], vector["value"]["decimal"], strict=True):
            assert abs(y - float(mpmath.bessely(1, x))) <= 1e-11 * max(abs(y), 1e-2)
