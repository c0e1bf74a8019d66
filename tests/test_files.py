"""Files and standard input: every format reads back what NumPy and json wrote, to the bit."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcli.cli.main import guarded

VALUES = np.array([[1.0, 0.1, 1e-300], [-0.0, 1 / 3, 1e300]])


class Input:
    """Stands in for standard input."""

    def __init__(self, content):
        self.buffer = io.BytesIO(content)


def value_of(capsys, *argv):
    assert guarded(["eval", "x", "--no-grad", "--json", *argv]) == 0
    return json.loads(capsys.readouterr().out)["value"]


def written(tmp_path):
    """The same values in every format: (reference after the @, bytes of the file)."""
    np.save(tmp_path / "a.npy", VALUES)
    np.savez(tmp_path / "a.npz", x=VALUES)
    np.savez_compressed(tmp_path / "b.npz", x=VALUES, y=[1.0])
    rows = [[repr(float(cell)) for cell in row] for row in VALUES]
    (tmp_path / "a.csv").write_text("p,q,r\n" + "\n".join(map(",".join, rows)) + "\n")
    (tmp_path / "a.tsv").write_text("\n".join(map("\t".join, rows)))
    (tmp_path / "a.txt").write_text("# three columns\n\n" + "\n".join(map("  ".join, rows)) + "\n")
    (tmp_path / "b.txt").write_text("\n".join(map(";".join, rows)) + "\n")
    (tmp_path / "a.json").write_text(json.dumps(VALUES.tolist()))
    (tmp_path / "b.json").write_text(json.dumps({"grad": {"x": VALUES.tolist()}, "y": 1}))
    names = ["a.npy", "a.npz", "b.npz:x", "a.csv", "a.csv:p,q,r", "a.tsv", "a.txt", "b.txt"]
    (tmp_path / "c.csv").write_text("p;q;r\n" + "\n".join(map(";".join, rows)) + "\n")
    names += ["a.json", "b.json:grad.x", "c.csv", "c.csv:p,q,r"]
    return [f"{tmp_path}/{name}" for name in names]


def test_every_format_reads_the_same_bits(tmp_path, capsys, monkeypatch):
    for reference in written(tmp_path):
        found = value_of(capsys, "--x", f"@{reference}")
        assert np.array(found).tobytes() == VALUES.tobytes(), reference
        path, _, part = reference.partition(":")
        monkeypatch.setattr(sys, "stdin", Input(Path(path).read_bytes()))
        stdin = "@-" + (f":{part}" if part else "")
        found = value_of(capsys, "--x", stdin)
        assert np.array(found).tobytes() == VALUES.tobytes(), f"{reference} on standard input"


def test_results_are_inputs(tmp_path, capsys):
    target = tmp_path / "r.npz"
    assert guarded(["eval", "sum(x**3)", "--x", "1,2", "-o", str(target)]) == 0
    assert value_of(capsys, "--x", f"@{target}:grad.x") == [3, 12]
    target = tmp_path / "r.json"
    assert guarded(["eval", "log(x)", "--x", "0,-1", "--seed", "ones", "-o", str(target)]) == 0
    assert value_of(capsys, "--x", f"@{target}:value") == ["-Infinity", "NaN"]


def test_many_inputs_at_once(tmp_path, capsys):
    np.savez(tmp_path / "in.npz", x=[1.0, 2.0], unused=[1.0])
    argv = ["eval", "sum(x)*y", "--inputs", str(tmp_path / "in.npz"), "--y", "3", "--json"]
    assert guarded(argv) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["value"] == 9
    assert "unused" in found["warnings"][0]
    (tmp_path / "in.json").write_text('{"x": [1, "NaN"], "y": "Infinity"}')
    assert guarded(["eval", "x*y", "--inputs", str(tmp_path / "in.json"), "--no-grad"]) == 0
    assert capsys.readouterr().out == "value  [inf, nan]\n"


def test_lines_of_a_program(capsys):
    assert guarded(["eval", "-e", "u = x*x", "--line", "sum(u)", "--x", "1,2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["grad"] == {"x": [2, 4]}
    assert guarded(["eval", "x", "-e", "x", "--x", "1"]) == 2


BAD = {
    "t.npz": (b"PK\x03\x04 truncated", "not a whole one"),
    "r.json": (b'{"a": [[1, 2], [3]]}', "ragged"),
    "s.json": (b"[1, 2", "line 1"),
    "n.json": (b"[1, null]", "null"),
    "o.json": (b'{"a": 1, "b": 2}', "holds `a`, `b`"),
    "u.json": (b"\xff\xff", "UTF-8"),
    "d.json": (b"[" * 100_000, "too deeply"),
    "c.tsv": (b"a\tb\n1\tx\n", "line 2, column b"),
    "h.csv": (b"a,b\n", "no rows"),
    "w.txt": (b"1 2\n3\n", "line 2"),
    "m.csv": (b'a\n"1\n2"\nx\n', "column a"),
    "x.xls": (b"", "not a kind of file"),
    "q.csv": (b'a,b\n1,"2\n', "not a table"),
    "i.json": (b"[" + b"9" * 5000 + b"]", "i.json"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_named(name, tmp_path, capsys):
    content, message = BAD[name]
    (tmp_path / name).write_bytes(content)
    assert guarded(["eval", "x", "--x", f"@{tmp_path / name}"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert name in error


def test_one_bad_entry_does_not_hide_the_others(tmp_path, capsys):
    np.savez(tmp_path / "p.npz", good=[1.0], bad=np.array([{}], dtype=object))
    assert value_of(capsys, "--x", f"@{tmp_path / 'p.npz'}:good") == [1]


def test_columns_of_one_name(tmp_path, capsys):
    (tmp_path / "d.csv").write_text("a,a\n1,2\n")
    assert guarded(["eval", "x", "--x", f"@{tmp_path / 'd.csv'}:a"]) == 2
    assert "2 columns" in capsys.readouterr().err


def test_pickles_are_never_read(tmp_path, capsys):
    np.savez(tmp_path / "p.npz", x=np.array([{}], dtype=object))
    assert guarded(["eval", "x", "--x", f"@{tmp_path / 'p.npz'}:x"]) == 2
    assert "gradcli" not in capsys.readouterr().out


# --- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("ending", ["npy", "npz", "csv", "json"])
def test_what_is_written_reads_back(ending, special, tmp_path, capsys, monkeypatch):
    """A file, or standard output, in each format, back to the same bits."""
    np.save(tmp_path / "x.npy", VALUES)
    argv = ["eval", "x*1", "--x", f"@{tmp_path / 'x.npy'}", "--seed", "ones", "--get", "value"]
    if special:
        np.save(tmp_path / "x.npy", [[np.nan, np.inf], [-np.inf, -0.0]])
    target = tmp_path / f"r.{ending}"
    assert guarded([*argv, "-o", str(target)]) == 0
    with_stdout = subprocess.run(
        [sys.executable, "-P", "-m", "gradcli", *argv, "--format", ending],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    capsys.readouterr()
    if ending != "npz":
        assert with_stdout == target.read_bytes()
    expected = ["NaN", "Infinity", "-Infinity", -0.0] if special else VALUES.ravel().tolist()
    monkeypatch.setattr(sys, "stdin", Input(with_stdout))
    for reference in (f"@{target}", "@-"):
        found = [item for row in value_of(capsys, "--x", reference) for item in row]
        assert [str(item) for item in found] == [str(item) for item in expected]


@pytest.mark.parametrize(
    ("expr", "get", "expected"),
    [
        ("sum(x**2)", "value", "125"),
        ("sum(x**2)", "grad.x", "6,8,20"),
        ("(sum(x), prod(x))", "1.grad.x", "40,30,12"),
        ("sum(x)/0", "value", "inf"),
    ],
)
def test_get_gives_one_bare_result(expr, get, expected, capsys):
    assert guarded(["eval", expr, "--x", "3,4,10", "--get", get]) == 0
    assert capsys.readouterr().out == expected + "\n"
    assert guarded(["eval", expr, "--x", "3,4,10", "--get", get, "--json"]) == 0
    bare = json.loads(capsys.readouterr().out)
    assert np.array_equal(np.array(bare, dtype=object), _parsed(expected))


def _parsed(text):
    numbers = [{"inf": "Infinity"}.get(cell, cell) for cell in text.split(",")]
    numbers = [cell if cell.isalpha() else float(cell) for cell in numbers]
    return np.array(numbers if len(numbers) > 1 else numbers[0], dtype=object)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 1), (2, 3), (3, 1), (2, 1, 3), (0,)])
def test_bare_results_are_values(shape, capsys):
    array = np.random.default_rng(0).normal(size=shape)
    expr = f"array({array.tolist()})" if array.size else f"zeros({shape})"
    assert guarded(["eval", expr, "--get", "value"]) == 0
    text = capsys.readouterr().out.strip()
    assert np.array(value_of(capsys, "--x", text)).tobytes() == array.tobytes()


def test_get_of_a_jacobian(capsys):
    argv = ["jacobian", "W @ x", "--W", "1,2;3,4", "--x", "5,6", "--wrt", "x,W[:,0]"]
    assert guarded([*argv, "--get", "jacobian.x"]) == 0
    assert capsys.readouterr().out == "1,2;3,4\n"
    assert guarded([*argv, "--get", "jacobian.W[:,0]"]) == 0
    assert capsys.readouterr().out == "5,0;0,5\n"
    assert guarded([*argv, "--get", "jacobian.y"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_flat_jacobians_name_their_columns(capsys):
    argv = ["jacobian", "W @ x", "--W", "1,2;3,4", "--x", "5,6", "--flat"]
    assert guarded([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["columns"] == ["W[0,0]", "W[0,1]", "W[1,0]", "W[1,1]", "x[0]", "x[1]"]
    assert found["rows"] == ["out[0]", "out[1]"]
    assert found["jacobian"] == [[5, 6, 0, 0, 1, 2], [0, 0, 5, 6, 3, 4]]
    assert guarded([*argv, "--format", "csv"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0] == '"W[0,0]","W[0,1]","W[1,0]","W[1,1]",x[0],x[1]'
    assert table[1:] == [
        "5.0,6.0,0.0,0.0,1.0,2.0",
        "0.0,0.0,5.0,6.0,3.0,4.0",
    ]


def test_parts_of_inputs(capsys):
    argv = ["--W", "1,2;3,4", "--x", "5,6", "--json", "--wrt", "x[0], W[:,1]", "--wrt", "x"]
    assert guarded(["eval", "sum(W @ x)", *argv]) == 0
    assert json.loads(capsys.readouterr().out)["grad"] == {"x[0]": 4, "W[:,1]": [6, 6], "x": [4, 6]}
    assert guarded(["eval", "sum(x)", "--x", "1,2", "--wrt", "none", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["grad"] == {}
    for mode in ("forward", "reverse"):
        argv = ["jacobian", "x**2", "--x", "1,2,3", "--wrt", "x[[2, 0]]", "--mode", mode]
        assert guarded([*argv, "--get", "jacobian.x[[2, 0]]"]) == 0
        assert capsys.readouterr().out == "0,2;0,0;6,0\n"
    for bad in ("y[0]", "x[7]", "x+1", "sin(x)", "x[", "3", "x[x > 1]", "x[argmax(x)]", "x[x[0]]",
                "x[rand(1) > 0]", "", ","):  # fmt: skip
        assert guarded(["eval", "sum(x)", "--x", "1,2", "--wrt", bad]) == 2
    capsys.readouterr()


def test_colours_when_asked_for(capsys):
    assert guarded(["eval", "x", "--x", "1", "--color", "always"]) == 0
    assert "\x1b[" in capsys.readouterr().out
    assert guarded(["eval", "x", "--x", "1", "--color", "never"]) == 0
    assert "\x1b[" not in capsys.readouterr().out


def test_a_table_has_two_axes(capsys):
    argv = ["jacobian", "outer(x, x)", "--x", "1,2", "--format", "csv"]
    assert guarded(argv) == 2
    assert "--flat" in capsys.readouterr().err
    assert guarded([*argv, "--flat"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_signs_that_the_output_cannot_show():
    """Greek names on an ASCII stream: escaped, whole, and valid JSON."""
    for style in ("text", "json"):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "gradcli", "eval", "α", "--α", "3", "--format", style],
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True, check=True,
        )  # fmt: skip
        assert done.stdout.isascii()
        if style == "json":
            assert json.loads(done.stdout)["grad"] == {"α": 1}
        else:
            assert b"\\u03b1" in done.stdout


def test_a_mapped_file_is_not_read_twice(tmp_path, monkeypatch):
    """A large .npy stays where it is: the run sees the mapping itself."""
    from gradcli.inputs import read_value
    from gradcli.settings import Settings

    np.save(tmp_path / "x.npy", np.ones(1000))
    value = read_value("x", f"@{tmp_path / 'x.npy'}", Settings())
    assert isinstance(value.base, np.memmap) or isinstance(value, np.memmap)
