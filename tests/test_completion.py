"""Completion of command lines, as the shells ask for it, and the guide of bare `gradcli`."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest

from gradcli.cli.main import GUIDE, guarded
from gradcli.cli.shells import answers, words_of
from gradcli.interactive.completion import files_for, names_for


def found(line, shell="fish"):
    return [text.partition("\t")[0] for text in answers(line, shell)]


def test_words():
    shown = [(w.text, w.raw, w.quote) for w in words_of('gradcli eval \'a b\'  "x \\" y" c\\ d" e')]
    assert shown == [
        ("gradcli", "gradcli", ""), ("eval", "eval", ""), ("a b", "'a b'", ""),
        ('x " y', '"x \\" y"', ""), ("c d e", 'c\\ d" e', '"'),
    ]  # fmt: skip
    assert [word.text for word in words_of("gradcli eval ")] == ["gradcli", "eval", ""]
    assert [word.text for word in words_of("gradcli '' x")] == ["gradcli", "", "x"]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("gradcli ev", ["eval"]),
        ("gradcli frob", []),
        ("gradcli frob x", []),
        ("gradcli eval 'sum(arctanh", ["sum(arctanh(", "sum(arctanh(x)"]),
        ("gradcli eval 'np.linalg.no", ["np.linalg.norm("]),
        ("gradcli eval 'np.lina", ["np.linalg."]),
        ("gradcli eval 'x.resh", ["x.reshape("]),
        ("gradcli eval cumpr", [r"cumprod\("]),
        ("gradcli eval 'x*yy' --", ["--x", "--yy", "--file"]),
        ("gradcli eval 'x*yy' --x 1 --", ["--yy", "--file"]),
        ("gradcli eval 'x*yy' --wrt x,y", ["x,yy"]),
        ("gradcli eval 'x*(' --pre", ["--precision"]),
        ("gradcli eval -f examples/logistic.py --", ["--data", "--w", "--b", "--l2"]),
        ("gradcli eval -f examples/logi", ["examples/logistic.py"]),
        ("gradcli eval x --x @examples/data/iri", ["@examples/data/iris.csv"]),
        ("gradcli eval x --x=@examples/data/iri", ["--x=@examples/data/iris.csv"]),
        ("gradcli eval x --x", ["--x"]),
        ("gradcli eval x --x ", ["@"]),
        ("gradcli eval x --x linsp", [r"linspace\("]),
        ("gradcli eval x --seed o", ["ones"]),
        ("gradcli eval x --format j", ["json"]),
        ("gradcli eval x --format=j", ["--format=json"]),
        ("gradcli eval x --precision ", []),
        ("gradcli eval x --inputs exam", ["examples/"]),
        ("gradcli jvp x*y --tangent ", ["x=", "y="]),
        ("gradcli jvp x*y --tangent x=o", ["x=ones"]),
        ("gradcli explain 'h = x*x; h+x' --only ", ["x", "h"]),
        ("gradcli ops np.linalg.no", ["np.linalg.norm"]),
        ("gradcli run examples/row", ["examples/rows.py"]),
        ("gradcli completion z", ["zsh"]),
    ],
)
def test_candidates(line, first, root, monkeypatch):
    monkeypatch.chdir(root)
    shown = found(line)
    assert shown[: len(first)] == first
    assert bool(shown) == bool(first)


def test_files_with_spaces(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.npy").touch()
    (tmp_path / "a(c").mkdir()
    (tmp_path / ".hidden").touch()
    assert found("gradcli eval x --x @") == [r"@a\ b.npy", r"@a\(c/"]
    assert found("gradcli eval x --x '@a") == ["@a b.npy", "@a(c/"]
    assert files_for("nowhere/x") == []
    assert [one.text for one in files_for(".h")] == [".hidden"]


def test_names_of_the_program_come_first():
    shown = [one.text for one in names_for("sum(si", ["side", "sigma"])]
    assert shown[:2] == ["side", "sigma"]
    assert "sin(" in shown
    assert names_for("") == []
    assert names_for("3 + ") == []


def bash(line, shells):
    """What COMPREPLY holds in bash, where the line is split as readline splits it."""
    script = (
        f'gradcli() {{ {shlex.quote(sys.executable)} -m gradcli "$@"; }}\n'
        "compopt() { :; }\n"
        f"{shells}\n"
        f"COMP_LINE={shlex.quote(line)}; COMP_POINT=${{#COMP_LINE}}\n"
        f"COMP_WORDS=({' '.join([shlex.quote(word) for word in split(line)])})\n"
        "COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))\n"
        '_gradcli; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def split(line):
    """Words as bash has them: also broken at `@` and `=`."""
    head, _, last = line.rpartition(" ")
    return [*head.split(), *re.findall(r"[@=:]|[^@=:]+", last)] if last else [*line.split(), ""]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_in_bash(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    assert guarded(["completion", "bash"]) == 0
    shells = capsys.readouterr().out
    for line, expected in [
        ("gradcli jac", ["jacobian "]),
        ("gradcli eval x --x @examples/data/iri", ["@examples/data/iris.csv "]),
        ("gradcli eval x --format=j", ["json "]),
        ("gradcli eval -f examples/logi", ["examples/logistic.py "]),
        ('gradcli eval "arctan', ["arctan(", "arctan2(", "arctanh("]),
    ]:
        assert bash(line, shells) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_are_read(shell, capsys):
    assert guarded(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert "gradcli completion" in text
    if shutil.which(shell):
        subprocess.run([shell, "-n", "-c" if shell == "fish" else "/dev/stdin", text][: 4 if
                       shell == "fish" else 3], input=text, text=True, check=True)  # fmt: skip


def test_which_shell(capsys):
    assert guarded(["completion"]) == 2
    assert "bash, zsh, fish" in capsys.readouterr().err


def test_the_guide_has_four_commands_that_run(capsys):
    assert guarded([]) == 0
    assert capsys.readouterr().out == GUIDE
    commands = [line.strip() for line in GUIDE.splitlines() if line.startswith("  gradcli ")]
    assert len(commands) == 4
    for line in commands:
        assert guarded(shlex.split(line)[1:]) == 0
        assert capsys.readouterr().out
