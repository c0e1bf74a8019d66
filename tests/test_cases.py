"""`gradcli test`: what passes, what fails and how it is shown, what is recorded; docs/ci.md."""

import json
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from gradcli.cli.main import guarded

GOOD = """\
# our cases
rtol = 1e-6
inputs = { x = [3, 4, 10] }  # for all

[[case]]
name = "square"
expr = "sum(x**2)"
value = 125
grad = { x = [6, 8, 20] }
check = true

[[case]]
name = "two outputs"
expr = "(x, 1/x)"
inputs = { x = 0 }
outputs = [{ value = 0, grad = { x = 1 } }, { value = inf }]

[[case]]
name = "an error"
expr = "A @ x"
inputs.A = "1,2;3,4"
error = { kind = "shape", message = "cannot" }

[[case]]
name = "an assert"
expr = "assert x[0] > 3; x"
error = "assert"

[[case]]
name = "all of them"
expr = '''
y = x**3
sum(y)'''
inputs = { x = "1,2" }
hessian = { x = { x = [[6, 0], [0, 12]] } }
jacobian = { x = [3, 12] }
dtype = "float32"

[[case]]
name = "seeded"
expr = "x*x"
inputs.x = [1, 2]
seed = [1, 10]
grad.x = [2, 40]
"""


def run(capsys, *words):
    status = guarded(["test", *map(str, words)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.toml"
    path.write_text(GOOD)
    return path


def test_good_cases_pass(good, capsys):
    assert run(capsys, good) == (0, "6 passed\n", "")
    status, shown, _ = run(capsys, good, "-v", "-k", "SEED", "-k", "two")
    assert status == 0
    assert re.findall(r"pass  (.*?)  ", shown) == ["two outputs", "seeded"]
    lines = GOOD.splitlines()
    for name, line in re.findall(r"pass  (.*?)  .*:(\d+)", shown):
        assert lines[int(line) - 1] == "[[case]]"
        assert name in lines[int(line)]


def test_processes_give_the_same_in_the_same_order(good, capsys):
    bad = good.with_name("bad.jsonl")
    bad.write_text("".join(f'{{"expr": "x+{k}", "inputs": {{"x": 1}}, "value": {k + k % 2}}}\n'
                           for k in range(40)))  # fmt: skip
    one = run(capsys, good, bad, "--jobs", 1)
    assert one[0] == 1
    assert "20 failed, 26 passed" in one[1]
    assert run(capsys, good, bad, "--jobs", 2) == one


WRONG = [
    ('expr = "x*x"\ninputs.x = 3\nvalue = 8', ["value is 9, expected 8"]),
    ('expr = "x*x"\ninputs.x = [3, 4]\nseed = "ones"\ngrad.x = [6, 9]',
     ["grad x: 1 of 2 elements differ", "[1] is 8, expected 9"]),
    ('expr = "x*x"\ninputs.x = [3, 4]\nvalue = [9, 16, 25]', ["has shape (2,), expected (3,)"]),
    ('expr = "x*x"\ninputs.x = [3, 4]\ngrad.x = [6, 8]', ["seed error: output has shape (2,)"]),
    ('expr = "x*x"\ninputs.x = 3\ngrad.y = 6', ["no grad by `y`, but by x"]),
    ('expr = "x*x"\ninputs.x = 3\nerror = "shape"', ["expected an error, and there was none"]),
    ('expr = "x*q"\ninputs.x = 3\nerror = "shape"', ["expected the error: shape", "found name"]),
    ('expr = "x*q"\ninputs.x = 3\nvalue = 3', ["`q` has no value", "give it in the case"]),
    ('expr = "x*x"\ninputs.y = 3\nvalue = 3', ["does not use `y`"]),
    ('expr = "x*x"\ninputs.x = 3', ["it expects nothing", "--update"]),
    ('expr = "x*x"\ninputs.x = "@none.npy"\nvalue = 1', ["none.npy"]),
    ('expr = "(x, x)"\ninputs.x = 3\nvalue = 3', ["the program has 2 outputs, not 1"]),
    ('expr = "x*x"\ninputs.x = 3\nvalue = "many"', ["no number"]),
    ('expr = "x*x"\ninputs.x = 3\nvalue = 9\ndtype = "int8"', ["dtype must be"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "says"), WRONG, ids=lambda part: str(part)[:30])
def test_failures_say_what_differs(case, says, tmp_path, capsys):
    path = tmp_path / "bad.toml"
    path.write_text(f"[[case]]\n{case}\n")
    status, shown, _ = run(capsys, path)
    assert status == 1
    for text in says:
        assert text in shown
    assert f"{path}:1" in shown
    status, shown, _ = run(capsys, path, "--json")
    found = json.loads(shown)
    assert (status, found["ok"], found["failed"]) == (1, False, 1)
    assert found["cases"][0]["failures"]


def test_a_wrong_rule_fails_a_case_that_is_checked(good, capsys, monkeypatch):
    from gradcli.graph import OPS

    monkeypatch.setattr(OPS["cos"], "rules", [lambda g, y, x: g * 0.5])
    path = good.with_name("checked.toml")
    path.write_text('[[case]]\nexpr = "cos(x)"\ninputs.x = 1\ncheck = true\n')
    status, shown, _ = run(capsys, path)
    assert status == 1
    assert "check: differences differs for 1 elements of x" in shown


MALFORMED = [
    ("a.toml", "[[case]\nexpr = 1", 1, "this is no TOML"),
    ("a.toml", "", 1, "there is no case"),
    ("a.toml", '[[case]]\nexpr = "x"\nexpected = 3', 3, "has no field `expected`"),
    ("a.toml", '[[case]]\nexpr = "x"\n\n[[case]]\nvalue = 3', 4, "an `expr` or a `file`"),
    ("a.toml", '[[case]]\nexpr = "x"\ngrad = 3', 3, "`grad` is a table"),
    ("a.toml", 'rtoll = 1\n[[case]]\nexpr = "x"', 1, "has no field `rtoll`"),
    ("a.toml", '[[case]]\nexpr = "x"\nvalue = 1\nerror = "no"', 3, "that expects an error"),
    ("a.toml", '[[case]]\nexpr = "x"\noutputs = [3]', 3, "each of `outputs` has"),
    ("a.toml", '[[case]]\nexpr = "x"\nvalue = 1\noutputs = [{}]', 3, "stands within `outputs`"),
    ("a.jsonl", '{"expr": "x"}\n{"expr": ', 2, "no JSON"),
    ("a.jsonl", "[1]", 1, "a case is an object"),
    ("a.jsonl", "\n", 1, "there is no case"),
    ("a.txt", "", None, "no file of cases"),
]


@pytest.mark.parametrize(("name", "text", "line", "says"), MALFORMED)
def test_malformed_files_say_where(name, text, line, says, tmp_path, capsys):
    path = tmp_path / name
    path.write_text(text)
    status, shown, errors = run(capsys, path)
    assert (status, shown) == (2, "")
    assert says in errors
    assert line is None or f"{path}:{line}:" in errors


def test_odd_files(tmp_path, capsys):
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    assert "not UTF-8" in run(capsys, tmp_path / "latin.toml")[2]
    assert "there is no file" in run(capsys, tmp_path / "none.toml")[2]
    (tmp_path / "empty").mkdir()
    assert "has no .toml or .jsonl" in run(capsys, tmp_path / "empty")[2]
    assert "there is no file" in run(capsys)[2]
    assert "no option `--x`" in run(capsys, "a.toml", "--x", "3")[2]


def test_junit(good, tmp_path, capsys):
    with good.open("a") as file:
        file.write('\n[[case]]\nname = "odd \\u0007 <one>"\nexpr = "x"\ninputs.x = 1\nvalue = 2\n')
    report = tmp_path / "out.xml"
    assert run(capsys, good, "--junit", report)[0] == 1
    (suite,) = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("7", "1")
    assert suite[0].get("name") == "square"
    assert "value is 1, expected 2" in suite[-1][0].text


def test_update_records_and_keeps_what_it_can(good, capsys):
    text = GOOD.replace("[6, 8, 20]", "[6, 8, 21]  # hm").replace("value = 125", "value = 125.0001")
    text = text.replace("# hm }", "} # hm") + '\n[[case]]\nexpr = "sin(x[0])"\n'
    good.write_text(text)
    assert run(capsys, good)[0] == 1
    status, shown, _ = run(capsys, good, "--update")
    assert status == 0
    assert "grad x  [6, 8, 21] -> [6.0, 8.0, 20.0]" in shown
    assert "2 updated" in shown
    assert run(capsys, good) == (0, "7 passed\n", "")
    new = good.read_text()
    kept = [line for line in text.splitlines() if "[6, 8, 21]" not in line]
    assert [line for line in new.splitlines() if line in kept] == kept
    assert "# hm" in new
    assert run(capsys, good, "--update")[1] == "0 updated\n"
    assert good.read_text() == new


def test_update_of_json_lines_changes_their_lines_alone(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    first = '{"expr":"x*x","inputs":{"x":3},"value":9}'
    path.write_text(
        f'{first}\n\n{{"expr": "1/x", "inputs": {{"x": 0}}, "value": 1}}\n'
        '{"expr": "x^2", "inputs": {"x": 0}, "error": "nothing"}\n'
    )
    assert run(capsys, path, "--update")[0] == 0
    lines = path.read_text().split("\n")
    assert lines[0] == first
    assert json.loads(lines[2])["value"] == "Infinity"
    assert "is no power" in json.loads(lines[3])["error"]
    assert run(capsys, path)[0] == 0


def test_what_cannot_be_recorded_leaves_every_file_as_it_is(good, capsys):
    bad = good.with_name("z.toml")
    good.write_text(GOOD.replace("125", "124"))
    bad.write_text('[[case]]\nexpr = "x +"\nvalue = 3\n')
    status, shown, errors = run(capsys, good, bad, "--update")
    assert (status, shown) == (3, "")
    assert "nothing to record" in errors
    assert "124" in good.read_text()


# --- the page on CI ------------------------------------------------------------------------------


@pytest.fixture
def page(root):
    return (root / "docs" / "ci.md").read_text(encoding="utf-8")


def bash(lines, root, tmp_path):
    """Run lines as a CI server does, with the gradcli of this Python, in a copy of the examples."""
    shutil.copytree(root / "examples", tmp_path / "examples")
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines], env={**os.environ, "PATH": path},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_workflow_for_github_actions(page, root, tmp_path):
    (workflow,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    steps = re.findall(r"^ +(?:- )?run: (\|\n(?: {10}.*\n)+|.*\n)", workflow, re.MULTILINE)
    commands = [step.removeprefix("|\n") for step in steps if not step.startswith("pip install")]
    assert len(commands) == len(steps) - 1 == 3
    done = bash("".join(commands), root, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.xml").exists()
    wrong = "".join(commands).replace("2 * np", "3 * np")
    assert bash(wrong, root, tmp_path / "wrong").returncode == 1


def test_the_shell_script(page, root):
    (shown,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert (root / "examples" / "ci.sh").read_text() == f"#!/bin/bash\n{shown}"


def test_the_cases_shown(page, root):
    (shown,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert (root / "examples" / "cases.toml").read_text().startswith(shown)
