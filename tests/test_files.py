"""Files and standard input: every format reads back what NumPy and json wrote, to the bit."""

import io
import json
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
    names += ["a.json", "b.json:grad.x"]
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
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_named(name, tmp_path, capsys):
    content, message = BAD[name]
    (tmp_path / name).write_bytes(content)
    assert guarded(["eval", "x", "--x", f"@{tmp_path / name}"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert name in error


def test_pickles_are_never_read(tmp_path, capsys):
    np.savez(tmp_path / "p.npz", x=np.array([{}], dtype=object))
    assert guarded(["eval", "x", "--x", f"@{tmp_path / 'p.npz'}:x"]) == 2
    assert "gradcli" not in capsys.readouterr().out
