"""`gradcli batch`: every line is answered, in order, and nothing ends the requests that follow."""

import io
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.batch import COMMANDS, COMMON, Server
from gradcli.cli.main import guarded

FIELDS = sorted({*COMMON, *[field for _, own in COMMANDS.values() for field in own]})
BATCH = [sys.executable, "-P", "-m", "gradcli", "batch"]


def answers(*requests, **options):
    """The answers of one server to requests (objects, or lines as bytes)."""
    server = Server({"max_memory": 10**8}, **options)
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in requests]
    return [json.loads(server.answer(line)) for line in lines]


def test_the_protocol():
    first, second = answers(
        {"id": 1, "command": "eval", "expr": "sum(x**2)", "inputs": {"x": [3, 4, 10]}},
        {"id": "b", "command": "jacobian", "expr": "x*y", "inputs": {"x": [1, 2], "y": 3}},
    )
    assert first == {
        "id": 1, "ok": True, "value": 125, "grad": {"x": [6, 8, 20]}, "warnings": [], "notes": [],
    }  # fmt: skip
    assert second["jacobian"] == {"x": [[3, 0], [0, 3]], "y": [1, 2]}
    assert (second["id"], second["mode"], second["passes"]) == ("b", "reverse", 2)


def test_every_command_has_its_answer():
    from gradcli.cli.main import COMMANDS as KNOWN

    assert {"eval", "jacobian", "hessian", "jvp", "hvp"} <= set(COMMANDS) <= set(KNOWN)


@pytest.mark.parametrize(
    ("request_", "check"),
    [
        ({"seed": "ones"}, lambda a: a["grad"]["x"] == [2, 4]),
        ({"seed": [1, 0]}, lambda a: a["grad"]["x"] == [2, 0]),
        ({"seed": "ones", "wrt": ["x[1]"]}, lambda a: a["grad"] == {"x[1]": 4}),
        ({"no_grad": True}, lambda a: "grad" not in a and a["value"] == [1, 4]),
        ({"command": "jacobian", "flat": True}, lambda a: a["columns"] == ["x[0]", "x[1]"]),
        ({"command": "jacobian", "mode": "forward"}, lambda a: a["mode"] == "forward"),
        ({"dtype": "float32", "no_grad": True}, lambda a: a["value"] == [1, 4]),
        ({"order": 2}, lambda a: a["derivative"] == {"x": [2, 2]} and a["order"] == 2),
        ({"command": "jacobian", "diag": True}, lambda a: a["diagonal"] == {"x": [2, 4]}),
        (
            {"command": "hessian", "seed": [1, 3]},
            lambda a: a["hessian"]["x"]["x"] == [[2, 0], [0, 6]],
        ),
        ({"command": "jvp", "tangent": {"x": [1, 2]}}, lambda a: a["tangent"] == [2, 8]),
        ({"command": "jvp", "tangent": {"x[1]": 1}}, lambda a: a["tangent"] == [0, 4]),
        (
            {"command": "hvp", "tangent": {"x": "ones"}, "seed": "ones"},
            lambda a: a["hvp"]["x"] == [2, 2],
        ),
        ({"inputs": {"x": "NaN"}}, lambda a: a["value"] == "NaN"),
        ({"inputs": {"x": "linspace(0, 1, 3)"}, "no_grad": True}, lambda a: a["value"][1] == 0.25),
        ({"inputs": {"x": 1, "z": 2}}, lambda a: "`z`" in a["warnings"][0]),
    ],
)
def test_what_a_request_may_say(request_, check):
    (answer,) = answers({"id": 0, "expr": "x**2", "inputs": {"x": [1, 2]}, **request_})
    assert answer["ok"], answer
    assert check(answer)


BAD = [
    (b"", "usage"),
    (b"{", "usage"),
    (b"\xff", "usage"),
    (b"[]", "usage"),
    (b"[" * 100_000, "usage"),
    ({"expr": 3}, "usage"),
    ({"expr": "x", "extra": 1}, "usage"),
    ({"expr": "x", "command": "run"}, "usage"),
    ({"expr": "x", "command": ["eval"]}, "usage"),
    ({"expr": "x", "inputs": [1]}, "usage"),
    ({"expr": "x", "wrt": 3, "inputs": {"x": 1}}, "usage"),
    ({"expr": "x", "wrt": ["y"], "inputs": {"x": 1}}, "name"),
    ({"expr": "x+", "inputs": {"x": 1}}, "syntax"),
    ({"expr": "x+y", "inputs": {"x": 1}}, "name"),
    ({"expr": "x", "inputs": {"x": {"a": 1}}}, "input"),
    ({"expr": "x", "inputs": {"x": [1, [2]]}}, "input"),
    ({"expr": "x", "inputs": {"x": None}}, "input"),
    ({"expr": "x", "inputs": {"x": "@a.npy"}}, "input"),
    ({"expr": "x", "inputs": {"x": " @a.npy"}}, "input"),
    ({"expr": "x", "inputs": {"x": [1, 2]}}, "seed"),
    ({"expr": "x", "inputs": {"x": [1, 2]}, "seed": [1]}, "seed"),
    ({"expr": "ones(10**5, 10**5)"}, "limit"),
    ({"expr": "ones(2*10**6)"}, "limit"),
    ({"expr": "inv(zeros(2, 2))"}, "computation"),
    ({"expr": "x", "dtype": "float16", "inputs": {"x": 1}}, "argument"),
    ({"expr": "rand()", "random_seed": "a"}, "usage"),
    ({"expr": "rand()", "random_seed": -1}, "argument"),
    ({"expr": "x", "command": "jacobian", "mode": "up", "inputs": {"x": 1}}, "usage"),
    ({"expr": "x", "inputs": {"x": 10**400}}, "input"),
    (b'{"id": 1e400, "expr": "1"}', "usage"),
    ({"expr": "x", "inputs": {"x": "@-"}}, "input"),
    ({"expr": "x", "inputs": {"x": 1}, "no_grad": "false"}, "usage"),
    ({"expr": "x", "inputs": {"x": 1}, "order": 0}, "usage"),
    ({"expr": "x", "inputs": {"x": 1}, "order": True}, "usage"),
    ({"expr": "x", "inputs": {"x": 1}, "order": 2, "seed": 1}, "usage"),
    ({"expr": "x", "inputs": {"x": 1}, "tangent": {"x": 1}}, "usage"),
    ({"expr": "x", "inputs": {"x": 1}, "command": "jvp"}, "seed"),
    ({"expr": "x", "inputs": {"x": 1}, "command": "jvp", "tangent": [1]}, "usage"),
    ({"expr": "x", "inputs": {"x": 1}, "command": "jvp", "tangent": {"x": [1]}}, "seed"),
    ({"expr": "x", "inputs": {"x": 1}, "command": "jvp", "tangent": {"y": 1}}, "name"),
    ({"expr": "x", "inputs": {"x": [1, 2]}, "command": "hessian"}, "seed"),
    ({"expr": "x", "inputs": {"x": 1}, "command": "jacobian", "diag": 1}, "usage"),
    ({"expr": "x", "inputs": {"x": 1}, "command": "jacobian", "diag": True, "flat": True}, "usage"),
    ({"expr": "cumsum(x)", "inputs": {"x": [1, 2]}, "order": 1}, "argument"),
    ({"expr": "x", "inputs": {"x": 1}, "wrt": "x[rand(1) > 0]"}, "name"),
]


@pytest.mark.parametrize(("request_", "kind"), BAD, ids=str)
def test_a_bad_request_is_answered_and_the_next_served(request_, kind):
    good = {"id": 2, "expr": "1+1"}
    answer, after = answers(request_, good)
    assert not answer["ok"]
    assert answer["error"]["kind"] == kind
    assert after["value"] == 2


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["x", "y", "id"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.booleans())
def test_no_request_is_worse_than_an_error(fields, named):
    request = {"expr": "sum(x*y)", **fields} if named else fields
    (answer,) = answers(json.dumps(request).encode())
    assert answer["ok"] or "internal" not in answer["error"]["message"]


def test_files_are_read_when_that_is_allowed(tmp_path):
    np.save(tmp_path / "x.npy", [1.0, 2.0])
    request = {"expr": "sum(x)", "inputs": {"x": f"@{tmp_path / 'x.npy'}"}}
    assert answers(request, allow_files=True)[0]["value"] == 3


def test_equal_programs_are_traced_once(monkeypatch):
    from gradcli import session

    made = []
    original = session.Traced.__init__
    monkeypatch.setattr(
        session.Traced, "__init__", lambda self, *args: made.append(1) or original(self, *args)
    )
    found = answers(*[{"expr": "sum(x**2)", "inputs": {"x": [k, 1]}} for k in range(20)])
    assert [answer["value"] for answer in found] == [k * k + 1 for k in range(20)]
    assert len(made) == 1


def lines_of(count):
    return [
        json.dumps({"id": k, "expr": f"x**2 + {k % 7}", "inputs": {"x": k}}) for k in range(count)
    ]


@pytest.mark.parametrize("jobs", [1, 3])
def test_answers_keep_their_order(jobs):
    text = "\n".join([*lines_of(200), "nonsense", *lines_of(3)])
    done = subprocess.run(
        [*BATCH, "--jobs", str(jobs), "--progress"], input=text, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in found] == [*range(200), None, *range(3)]
    assert [answer["value"] for answer in found[:200]] == [k * k + k % 7 for k in range(200)]
    assert "204 requests, 1 errors" in done.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_answer_is_there_before_the_next_request(jobs):
    process = subprocess.Popen(
        [*BATCH, "--jobs", str(jobs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        for line in lines_of(5):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["ok"]
        process.stdin.close()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("jobs", [1, 2])
def test_interruption_is_quiet(jobs):
    process = subprocess.Popen(
        [*BATCH, "--jobs", str(jobs)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        process.stdin.write(lines_of(1)[0] + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["ok"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_closed_pipe_is_quiet(jobs, tmp_path):
    path = tmp_path / "requests"
    path.write_text("\n".join(lines_of(20_000)))
    command = f'"{sys.executable}" -P -m gradcli batch --jobs {jobs} < "{path}" | head -n 1'
    done = subprocess.run(
        ["bash", "-c", command + "; echo ${PIPESTATUS[0]}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "141"


def test_no_inputs_on_the_command_line(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert guarded(["batch", "--x", "3"]) == 2


def test_draws_without_a_seed_are_new_ones():
    request = {"expr": "rand()"}
    first, second = answers(request, request)
    assert first["value"] != second["value"]
    assert "--random-seed" in first["notes"][0]
    first, second = answers(*[{**request, "random_seed": 3}] * 2)
    assert first["value"] == second["value"]


@pytest.mark.parametrize("command", ["jacobian", "hessian"])
def test_sparse_answers(command):
    expr = "x[1:]*x[:-1]" if command == "jacobian" else "sum(x[1:]*x[:-1])"
    request = {"command": command, "expr": expr, "inputs": {"x": [1, 2, 3]}, "sparse": True}
    answer = json.loads(Server({}).answer(json.dumps(request).encode()))
    found = answer[command]["x"] if command == "jacobian" else answer[command]["x"]["x"]
    rows = {"jacobian": [0, 0, 1, 1], "hessian": [0, 1, 1, 2]}[command]
    assert (found["format"], found["rows"]) == ("coo", rows)
    assert len(found["values"]) == 4
    request["sparse"] = 1
    answer = json.loads(Server({}).answer(json.dumps(request).encode()))
    assert answer["error"]["message"] == "`sparse` is true or false"


def test_a_request_has_its_time(capsys, monkeypatch):
    server = Server({"max_iterations": 10**9}, timeout=0.2)
    for _ in range(2):
        answer = json.loads(server.answer(b'{"id": 1, "expr": "while True: pass"}'))
        assert answer["error"]["kind"] == "limit"
        assert "--timeout" in answer["error"]["hint"]
        assert json.loads(server.answer(lines_of(1)[0].encode()))["ok"]
