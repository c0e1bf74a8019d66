"""Every command of the README and of the pages in docs does what is shown."""

import doctest
import os
import re
import shlex
from pathlib import Path

import pytest

from gradcli.batch import Server
from gradcli.cli.main import guarded

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def commands():
    for page in PAGES:
        for block in CONSOLE.finditer(page.read_text(encoding="utf-8")):
            for line, expected in COMMAND.findall(block[1]):
                yield pytest.param(page, line, expected, id=f"{page.stem}: {line[:60]}")


def printed(line, capsys):
    words = shlex.split(line)
    assert words.pop(0) == "gradcli"
    guarded(words)
    output = capsys.readouterr()
    return output.out + output.err


@pytest.mark.parametrize(("page", "line", "expected"), list(commands()))
def test_command(page, line, expected, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    output = printed(line, capsys)
    if os.environ.get("GOLDEN_UPDATE"):
        text = page.read_text(encoding="utf-8")
        shown = text.replace(f"$ {line}\n{expected}", f"$ {line}\n{output}")
        page.write_text(shown, encoding="utf-8")
    assert output == expected


def test_python_examples():
    shown = re.search(r"```pycon\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(shown, {}, "README", str(README), 0))
    assert runner.tries >= 5
    assert runner.failures == 0


@pytest.mark.parametrize(("place", "name"), [(0, "branches"), (1, "logistic")])
def test_the_programs_shown_are_the_examples(place, name):
    text = README.read_text(encoding="utf-8")
    shown = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[place]
    example = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    assert shown == "".join(
        line for line in example.splitlines(keepends=True) if not line.startswith("#")
    )


def test_the_batch_shown_answers():
    text = README.read_text(encoding="utf-8")
    line, answer = re.search(
        r"^\$ echo '(.*)' \| gradcli batch\n(.*)$", text, re.MULTILINE
    ).groups()
    assert Server({}).answer(line.encode()).decode() == answer


def test_ci_runs_the_readmes_commands():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "README.md" in script
    lines = [line for line in README.read_text().splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2
    assert "gradcli eval" in lines[0]
    assert "pytest" in lines[1]
