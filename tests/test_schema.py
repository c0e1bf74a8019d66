"""Every JSON output matches the published schema."""

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest

from gradcli.batch import Server
from gradcli.cli.main import guarded

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


SHOWN = ("eval", "jacobian", "hessian", "jvp", "hvp", "explain", "graph", "plot", "map")


def golden_commands():
    for path in sorted((ROOT / "tests" / "golden").glob("*.txt")):
        for line in re.findall(r"^\$ gradcli (.*)$", path.read_text(encoding="utf-8"), re.M):
            if line.startswith(SHOWN) and "\n" not in line:
                yield line


def words_of(line):
    try:
        return shlex.split(line)
    except ValueError:
        return None


COMMANDS = [line for line in golden_commands() if words_of(line)]


@pytest.mark.parametrize("line", COMMANDS)
def test_golden_commands_as_json(line, validator, capsys, monkeypatch):
    """All that the golden files try, results and errors alike."""
    monkeypatch.chdir(ROOT)
    words = [word for word in words_of(line) if word != "--json"]
    if {"-o", "--format", "--help", "--get"} & set(words):
        return
    status = guarded([*words[:1], "--json", *words[1:]])
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    validator.validate(found)
    failed = "error" in found or found.get("ok") is False
    assert failed == (status != 0)


def test_flat_and_several(validator, capsys):
    for argv in (
        ["jacobian", "(x**2, sum(x))", "--x", "1,2", "--flat"],
        ["jacobian", "x", "--x", "nan,inf"],
        ["eval", "(x, x>1)", "--x", "1"],
        ["eval", "3"],
        ["eval", "-f", "examples/branches.py", "--a", "0.37"],
        ["run", "examples/rows.py"],
        ["ops"],
        ["ops", "losses"],
        ["ops", "torch.std"],
        ["eval", "(sin(x), x**2)", "--x", "1,2", "--order", "3"],
        ["jacobian", "(sin(x), x**2)", "--x", "1,2", "--diag"],
        ["hessian", "(x@x, prod(x)*y)", "--x", "1,2", "--y", "3"],
        ["jvp", "(x@x, x)", "--x", "1,2", "--tangent", "x=ones"],
        ["hvp", "(x@x, prod(x))", "--x", "1,2", "--tangent", "x=ones"],
    ):
        assert guarded([*argv, "--json"]) == 0
        validator.validate(json.loads(capsys.readouterr().out))


def test_batch_answers(validator):
    from test_batch import BAD

    server = Server({"max_memory": 10**8})
    good = [{"id": k, "expr": "(x, 1/x)", "inputs": {"x": 0}, "command": c} for k, c in
            enumerate(("eval", "jacobian"))]  # fmt: skip
    x = {"inputs": {"x": [1, 2]}, "expr": "sum(x**3)"}
    good += [
        {"command": "hessian", **x},
        {"command": "hvp", "tangent": {"x": [1, 0]}, **x},
        {"command": "jvp", "tangent": {"x": "ones"}, **x},
        {"command": "jacobian", "diag": True, **x, "expr": "x**3"},
        {"order": 2, **x, "expr": "x**3"},
    ]
    for request in [*good, *[request for request, _ in BAD]]:
        line = request if isinstance(request, bytes) else json.dumps(request).encode()
        validator.validate(json.loads(server.answer(line)))


def test_the_schema_refuses_what_is_none(validator):
    for wrong in (
        {"schema": 1, "command": "eval", "expr": "x", "value": "nan", "warnings": [], "notes": []},
        {"schema": 2, "command": "eval", "expr": "x", "value": 1, "warnings": [], "notes": []},
        {"id": 1, "ok": False},
        {"schema": 1, "command": "jvp", "expr": "x", "value": 1, "warnings": [], "notes": []},
        {"schema": 1, "command": "eval", "error": {"kind": "odd", "message": "m"}},
    ):
        assert not validator.is_valid(wrong)
