"""Sessions: without a terminal, from a pipe, and at the prompt."""

import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from gradcli.cli.main import guarded
from gradcli.errors import GradcliError
from gradcli.interactive import prompt
from gradcli.interactive.blocks import entries, needs_more
from gradcli.interactive.session import Session
from gradcli.settings import Settings


@pytest.fixture
def session():
    return Session(Settings())


def enter(session, *texts):
    """The values of all that is entered."""
    found = []
    for text in texts:
        for result in session.enter(text):
            found += [np.asarray(output.value).tolist() for output in result.outputs]
    return found


# --- a session -----------------------------------------------------------------------------------


def test_inputs_variables_and_derivatives(session):
    assert enter(session, "x = 3,4,10", "y = x**2", "sum(y)", "grad(sum(y), x)") == [
        125, [6, 8, 20],
    ]  # fmt: skip
    assert list(session.inputs) == ["x"]
    assert enter(session, "A = 1,2;3,4", "A @ x[:2]") == [[11, 25]]
    assert enter(session, "t = 0.5; sin(t) - sin(0.5)", "x; y") == [
        0, [3, 4, 10], [9, 16, 100],
    ]  # fmt: skip


def test_what_is_bound_anew_leaves_earlier_values(session):
    """As in Python: what was made of the earlier value keeps its own."""
    enter(session, "x = 1,2", "y = x*10", "def f(a):\n    return a*x", "z = y + x", "x = 5,6")
    assert enter(session, "y", "z", "x", "f(2)") == [[10, 20], [11, 22], [5, 6], [10, 12]]
    assert enter(session, "x = x + 1", "x", "x = 7", "x") == [[6, 7], 7]
    assert enter(session, "d = {'a': x}", "x = 8", "d['a']", "x") == [7, 8]


def test_statements_that_write_in_place(session):
    enter(session, "x = 2", "y = zeros(3)", "y[0] = x", "y[1] = y[0]*x")
    assert enter(session, "y", "grad(sum(y*y), x)") == [[2, 4, 0], 36]
    assert enter(session, "x = 3", "y") == [[2, 4, 0]]
    enter(session, "L = []", "L.append(x)", "L.append(x*x)")
    assert enter(session, "L[1]") == [9]
    enter(session, "for i in range(3):\n    x = x*2")
    assert enter(session, "x") == [24]


def test_only_what_an_expression_needs_is_in_its_program(session):
    enter(session, "x = 1,2", "w = 5", "y = x*x", "z = w*w", "import numpy as np")
    assert session.source("sum(y)") == "y = x*x\nsum(y)"
    assert session.source("np.sum(z)") == "z = w*w\nimport numpy as np\nnp.sum(z)"


def test_random_draws_stay(session):
    assert enter(session, "x = randn(3)", "x - x", "y = x + randn(3)", "y - y") == [[0.0] * 3] * 2
    assert enter(session, "a = y", "y - a") == [[0.0] * 3]


def test_prints_are_told_once(session):
    enter(session, "x = 1,2", "for i in range(2):\n    print(i)\n    y = x*i", "y", "print(sum(y))")
    assert session.notes == ["printed: 0", "printed: 1", "printed: 3.0"]


def test_errors_take_nothing_in(session):
    enter(session, "x = 1,2")
    for text in ("y = x @ [1,2,3]", "y = q + 1", "x = [1,2;3]", "def f(:", "assert sum(x) > 9",
                 "if = 3", "None = 2", "x = nope.npy", "x = @nope.npy"):  # fmt: skip
        with pytest.raises(GradcliError):
            session.enter(text)
    assert not session.statements
    assert session.names == ["x"]


def test_places_of_errors_are_in_what_was_entered(session):
    enter(session, "x = 1,2", "def f(a):\n    return a[5]", "y = x*2")
    with pytest.raises(GradcliError) as caught:
        session.enter("y +\\\n  y[7]")
    assert (caught.value.span.line, caught.value.source) == (2, "y +\\\n  y[7]")
    with pytest.raises(GradcliError) as caught:
        session.enter("f(y)")
    assert caught.value.source.split("\n")[caught.value.span.line - 1] == "    return a[5]"


def test_saved_text_enters_again_to_the_bit(session):
    enter(session, "x = [0.1, nan, -inf, 1e-300]", "m = x > 0", "e = zeros((0, 3))", "k = 3",
          "def f(a):\n    b = a*2\n    return b", "y = f(x)")  # fmt: skip
    other = Session(Settings())
    for entry in entries(session.text().splitlines()):
        other.enter(entry)
    assert other.text() == session.text()
    for name in ("x", "e", "k", "y"):
        (mine,), (theirs,) = session.enter(name), other.enter(name)
        assert mine.value.tobytes() == theirs.value.tobytes()


# --- lines ---------------------------------------------------------------------------------------


def test_where_entries_end():
    text = """\
x = (1,
  2)
if x:
    y = 1

    z = 2
else:
    y = 3
@jit
def f(a):
    '''a
text'''
    return a
f(1)  # note (
s = "(["
g(

:help
last"""
    found = list(entries(text.split("\n")))
    assert [entry.split("\n")[0] for entry in found] == [
        "x = (1,", "if x:", "@jit", "f(1)  # note (", 's = "(["', "g(",
        ":help", "last",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("x", False), ("f(", True), ("f(')'", True), ("f('(')", False), ("def f(x):", True),
        ("def f(x):\n    return x", True), ("def f(x):\n    return x\n", False), ("x = \\", True),
        (":explain f(", False), ("'''a", True), ("# if:", False), ("x  # (", False), ("@jit", True),
    ],
)  # fmt: skip
def test_what_goes_on(text, more):
    assert needs_more(text) is more


# --- from a pipe ---------------------------------------------------------------------------------


class Input(io.StringIO):
    @property
    def buffer(self):
        return io.BytesIO(self.getvalue().encode())


@pytest.fixture
def answered(capsys, monkeypatch):
    def answer(text, *options):
        monkeypatch.setattr(sys, "stdin", Input(text))
        status = guarded(["repl", *options])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return answer


def test_the_session_of_the_guide(answered, root):
    shown = re.findall(r"```text\n(.*?)```", (root / "docs" / "guide.md").read_text(), re.S)
    (text,) = [block for block in shown if ":jacobian" in block]
    lines = [line.removeprefix(">>> ") for line in text.splitlines() if line.startswith(">>> ")]
    expected = [line for line in text.splitlines() if not line.startswith(">>> ")]
    status, out, _ = answered("\n".join(lines))
    assert status == 0
    assert out.splitlines() == expected


def test_colon_commands_are_the_commands(answered, capsys):
    assert guarded(["explain", "x - sum(x)", "--x", "3,4", "--seed", "ones"]) == 0
    expected = capsys.readouterr().out
    status, out, err = answered("x = 3,4\n:explain x - sum(x) --seed ones\n")
    assert (status, out, err) == (0, expected, "")
    status, out, err = answered("x = 3,4\ny = x*x\nsum(y)\n:eval\n:eval sum(y) --x 1,1\n")
    assert out == "25\nvalue  25\ngrad x  [6, 8]\nvalue  2\ngrad x  [2, 2]\n"


def test_what_does_not_hold_is_the_status(answered):
    status, out, _ = answered("x = 2\n:check x**2 --claim x=5\nx\n")
    assert status == 1
    assert out.endswith("\n2\n")


def test_options_of_the_session_hold_in_commands(answered):
    _, out, _ = answered("x = 1\nx/3\n:eval x/3 --json\n", "--precision", "3", "--dtype", "float32")
    assert out.startswith('0.333\n{"schema": 1')
    assert '"value": 0.33333334,' in out


def test_errors_are_those_of_everywhere(answered):
    status, _, err = answered(
        "x = 3,4\n:eval x\nq + 1\n:frob\n:eval\nx + [1,2,3]\n:jvp x 'a --b '\n"
    )
    assert status == 2
    assert "try:  :eval x --seed ones" in err
    assert "hint: bind it first: q = 1,2,3" in err
    assert "there is no command `:frob`" in err
    assert "cannot combine shapes" in err
    assert "Traceback" not in err


def test_save_load_list_vars_reset(answered, tmp_path):
    work, data = tmp_path / "work.py", tmp_path / "data.npz"
    np.savez(data, u=np.arange(3.0))
    status, out, err = answered(
        f"x = 1,2\ny = x*2\n:save {work}\n:reset\n:vars\n:load {work}\n:load {data}\n:list\n"
        "u + 1\ny\n:vars\n"
    )
    assert status == 0, err
    assert work.read_text() == "x = [1.0, 2.0]\ny = x*2\n"
    assert out == (
        "nothing yet\nx = [1.0, 2.0]\nu = [0.0, 1.0, 2.0]\ny = x*2\n[1, 2, 3]\n[2, 4]\n"
        "x = [1, 2]  shape (2,)\nu = [0, 1, 2]  shape (3,)\ny = x*2\n"
    )
    assert answered(f":load {tmp_path}/no.py\n:save {tmp_path}/no/x.py\n:save\n:load\n")[0] == 2


def test_help(answered):
    _, out, _ = answered(":help\n:help logsumexp\n:help np.exp\n:help grad\n:help pi\n")
    assert ":explain" in out
    assert "logsumexp(x" in out
    assert "domain" in out
    status, _, err = answered(":help sinn\n")
    assert status == 2
    assert "did you mean" in err


def test_quit_and_options_that_are_none(answered):
    assert answered("1\n:quit\n2\n")[1] == "1\n"
    status, _, err = answered("1\n", "--x", "3")
    assert status == 2
    assert "in the session: x = ..." in err


def test_a_process(tmp_path):
    """Standard input as a pipe; nothing of the prompt is imported."""
    code = (
        "import sys\nfrom gradcli.cli.main import guarded\nguarded(['repl'])\n"
        "assert 'prompt_toolkit' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="x = 2\nx**3\n", text=True, capture_output=True,
        check=True, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("8\n", "")
    assert not list(tmp_path.iterdir())


def test_a_program_at_the_other_end_is_answered_at_once():
    with subprocess.Popen(
        [sys.executable, "-m", "gradcli", "repl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, bufsize=1,
    ) as process:  # fmt: skip
        for line, answer in (("x = 2\nx**3\n", "8\n"), ("grad(x**3, x)\n", "12\n")):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == answer
        process.stdin.close()
        assert process.wait() == 0


# --- at the prompt -------------------------------------------------------------------------------


def typed(keys, tmp_path, monkeypatch, reads=1):
    """What the prompt gives for some keys."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with create_pipe_input() as source:
        asked = prompt.Prompt(lambda: ["xylophone"], {"explain": ""}, True, source=source,
                              screen=DummyOutput())  # fmt: skip
        source.send_text(keys)
        return [asked.read() for _ in range(reads)]


def test_typing(tmp_path, monkeypatch):
    assert typed("sum(x)\r", tmp_path, monkeypatch) == ["sum(x)"]
    assert typed("def f(x):\rreturn x\r\r", tmp_path, monkeypatch) == [
        "def f(x):\n    return x\n    "
    ]
    assert typed("f(1,\r2)\r", tmp_path, monkeypatch) == ["f(1,\n2)"]
    assert typed("a\rb\r", tmp_path, monkeypatch, 2) == ["a", "b"]
    assert "+sum(x)" in (tmp_path / "gradcli" / "history").read_text()
    with pytest.raises(EOFError):
        typed("\x04", tmp_path, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        typed("abc\x03", tmp_path, monkeypatch)


def test_a_home_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    assert typed("1\r", tmp_path / "file", monkeypatch) == ["1"]
    kept = prompt._Kept(str(tmp_path / "no" / "history"))
    kept.store_string("x")
    assert list(kept.load_history_strings()) == []


def test_colours_keep_the_text():
    for text in ("x = sin(3.5e-3) + 'a' # c", "def f(x): return x", ":explain f(x)", "", "'open"):
        pieces = list(prompt.coloured(text))
        assert "".join([piece for _, piece in pieces]) == text
    styles = {piece: style for style, piece in prompt.coloured("def f(x): return 2")}
    assert styles["def"] == styles["return"] == "class:keyword"
    assert styles["f"] == "class:function"
    assert styles["2"] == "class:number"


def test_completion_of_commands_and_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.npy").touch()
    names = prompt.Names(lambda: ["size"], {"explain": "", "eval": ""})

    def completed(text):
        return [one.text for one in names.get_completions(Document(text), None)]

    assert completed(":e") == ["explain", "eval"]
    assert completed("x = @da") == completed(":load da") == ["data.npy"]
    assert completed("si")[0] == "size"
    assert completed("") == []
