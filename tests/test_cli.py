"""The command line beyond golden files: files, pipes, terminals, statuses, limits."""

import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from gradcli.cli.main import guarded

# -P: the installed package, not whatever lies in the working directory.
GRADCLI = [sys.executable, "-P", "-m", "gradcli"]


def call(*argv):
    """Run as a process of its own."""
    return subprocess.run([*GRADCLI, *argv], capture_output=True, text=True, check=False)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def at_terminal(monkeypatch, width, *argv, **environment):
    """What a terminal of that width shows."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert guarded(list(argv)) == 0
    return stream.getvalue()


def test_a_jacobian_in_a_file(tmp_path, capsys):
    target = tmp_path / "j.npy"
    assert guarded(["jacobian", "sin(x)", "--x", "linspace(0,1,1001)", "-o", str(target)]) == 0
    assert np.array_equal(np.load(target), np.diag(np.cos(np.linspace(0, 1, 1001))))
    assert "wrote jacobian.x" in capsys.readouterr().err


def test_npz_holds_everything_by_name(tmp_path):
    target = tmp_path / "r.npz"
    assert guarded(["eval", "sum(x*y)", "--x", "1,2", "--y", "3,4", "-o", str(target)]) == 0
    with np.load(target) as stored:
        assert {k: stored[k].tolist() for k in stored} == {
            "value": 11,
            "grad.x": [3, 4],
            "grad.y": [1, 2],
        }


def test_json_file_is_the_json_output(tmp_path, capsys):
    target = tmp_path / "r.json"
    assert guarded(["eval", "x*2", "--x", "3", "-o", str(target)]) == 0
    capsys.readouterr()
    assert guarded(["eval", "x*2", "--x", "3", "--json"]) == 0
    assert target.read_text() == capsys.readouterr().out


def test_an_existing_file_survives_a_failure(tmp_path):
    target = tmp_path / "r.npz"
    target.write_text("mine")
    assert guarded(["eval", "inv(x)", "--x", "1,2;2,4", "--seed", "ones", "-o", str(target)]) == 3
    assert target.read_text() == "mine"
    assert guarded(["eval", "x", "--x", "1", "-o", str(target / "below.npz")]) == 2
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_status_3(tmp_path):
    link = tmp_path / "full.npy"
    link.symlink_to("/dev/full")
    assert guarded(["jacobian", "x", "--x", "1,2", "-o", str(link)]) == 3
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*GRADCLI, "eval", "x", "--x", "1"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 2], [3, 4]]),
        np.array([[1, 2], [3, 4]], dtype=">f4"),
        np.asfortranarray(np.array([[1.0, 2.0], [3.0, 4.0]])),
        np.array([[True, False], [True, True]]),
    ],
    ids=["int", "big-endian", "fortran", "bool"],
)
def test_npy_inputs(tmp_path, array, capsys):
    np.save(tmp_path / "a.npy", array)
    path = f"@{tmp_path / 'a.npy'}"
    assert guarded(["eval", "x*1.0", "--x", path, "--no-grad", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == array.astype(float).tolist()


def test_csv_inputs(tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"first, one", b ,c\r\n1,2,3\r\n\r\n4,5,6e1\r\n')
    for columns, expected in [
        ("", [[1, 2, 3], [4, 5, 60]]),
        (":b", [2, 5]),
        (":c,b", [[3, 2], [60, 5]]),
    ]:
        assert guarded(["eval", "x", "--x", f"@{path}{columns}", "--no-grad", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["value"] == expected
    path.write_text("1,2\n3,4\n")
    assert guarded(["eval", "x", "--x", f"@{path}:1", "--no-grad", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == [2, 4]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a\0b,1\n", b"\x93NUMPY"])
def test_hostile_files(tmp_path, content, capsys):
    for name in ("h.csv", "h.npy"):
        path = tmp_path / name
        path.write_bytes(content)
        assert guarded(["eval", "x", "--x", f"@{path}"]) == 2
        assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("form", [["--x", "-1,2"], ["--x=-1,2"], ["--let", "x=-1,2"]])
def test_values_with_a_minus(form, capsys):
    assert guarded(["eval", "-sum(x)", *form, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == -1


@pytest.mark.parametrize("value", ["-inf", "-Infinity", "-pi", "-1e-3"])
def test_more_values_with_a_minus(value, capsys):
    assert guarded(["eval", "x", "--x", value, "--json", "--no-grad"]) == 0
    found = json.loads(capsys.readouterr().out)["value"]
    expected = {"-inf": "-Infinity", "-Infinity": "-Infinity", "-pi": -np.pi, "-1e-3": -1e-3}
    assert found == expected[value]


def test_one_letter_names_are_inputs(capsys):
    assert guarded(["eval", "f*o*e", "--f", "2", "--o", "3", "--e", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["grad"] == {"f": 12, "o": 8, "e": 6}


def test_json_is_valid_and_numbers_read_back(capsys):
    assert guarded(["eval", "x/3", "--x", "1,0.1,1e300,nan,-inf", "--seed", "ones", "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["value"] == [1 / 3, 0.1 / 3, 1e300 / 3, "NaN", "-Infinity"]


def test_programs_from_files_and_standard_input(tmp_path, capsys):
    path = tmp_path / "p.py"
    path.write_bytes(b"\xef\xbb\xbf# a comment\r\nu = x*x\r\n\r\nsum(u)  # the value\r\n")
    assert guarded(["eval", "-f", str(path), "--x", "1,2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 5
    done = subprocess.run(
        [*GRADCLI, "eval", "-f", "-", "--x", "3"],
        input="y = x*x\ny + 1\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("value  10\n")


def test_a_closed_pipe_ends_quietly():
    command = f'"{sys.executable}" -P -m gradcli eval "arange(200000)" | head -c 1'
    done = subprocess.run(
        ["bash", "-c", command + "; echo ${PIPESTATUS[0]}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].endswith("141")


def test_interruption_is_status_130():
    process = subprocess.Popen(
        [*GRADCLI, "eval", "-f", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        process.stdin.write("x")
        process.stdin.flush()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.communicate()


def test_no_escape_codes_in_a_pipe():
    done = call("jacobian", "x*x", "--x", "1,2")
    assert "\x1b" not in done.stdout + done.stderr
    assert done.returncode == 0


def test_colours_on_a_terminal(monkeypatch):
    shown = at_terminal(monkeypatch, 80, "eval", "sum(x**2)", "--x", "3,4,10")
    assert "\x1b[" in shown
    plain = at_terminal(monkeypatch, 80, "eval", "sum(x**2)", "--x", "3,4,10", NO_COLOR="1")
    assert plain == "value  125\ngrad x  [6, 8, 20]\n"


@pytest.mark.parametrize("width", [30, 80, 160])
def test_long_arrays_are_elided_to_the_width(monkeypatch, width):
    shown = at_terminal(
        monkeypatch, width, "jacobian", "sin(x)", "--x", "linspace(0,1,500)", NO_COLOR="1"
    )
    lines = shown.splitlines()
    assert "…" in shown
    assert "(500,)" in shown
    assert "(500, 500)" in shown
    assert len(lines) < 40
    assert max(map(len, lines)) <= max(width, 80)
    matrix = at_terminal(monkeypatch, width, "eval", "zeros(300, 40) + pi", NO_COLOR="1")
    assert len(matrix.splitlines()) < 30


def test_nothing_is_elided_in_a_pipe(capsys):
    assert guarded(["eval", "arange(2000)"]) == 0
    assert capsys.readouterr().out.count(",") == 1999


def test_matrices_can_be_pasted_back(capsys):
    assert guarded(["eval", "randn(2,3,2)", "--random-seed", "1"]) == 0
    body = capsys.readouterr().out.split("\n", 1)[1]
    text = " ".join(body.split())
    assert guarded(["eval", "x", "--x", text, "--no-grad", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["value"]
    assert guarded(["eval", "randn(2,3,2)", "--random-seed", "1", "--json"]) == 0
    assert first == json.loads(capsys.readouterr().out)["value"]


def test_help_and_version(capsys):
    import gradcli

    assert guarded(["--version"]) == 0
    assert capsys.readouterr().out == f"gradcli {gradcli.__version__}\n"
    for argv in (["--help"], ["eval", "--help"], ["jacobian", "--help"]):
        assert guarded(argv) == 0
        assert "Usage" in capsys.readouterr().out


def test_a_random_run_reports_its_seed(capsys):
    assert guarded(["eval", "sum(x)", "--x", "randn(3)"]) == 0
    printed = capsys.readouterr()
    assert "--random-seed" in printed.err
    seed = printed.err.split("--random-seed ")[1].split()[0]
    assert guarded(["eval", "sum(x)", "--x", "randn(3)", "--random-seed", seed]) == 0
    assert capsys.readouterr().out == printed.out
