"""Golden files: commands with exactly what they print, and their exit status.

A file in tests/golden holds blocks: a line `$ gradcli ...`, standard output, standard error (each
line behind `! `), and `[status]`. GOLDEN_UPDATE=1 rewrites the files from what is printed now.
"""

import os
import re
import shlex
from pathlib import Path

import pytest

from gradcli.cli.main import guarded

GOLDEN = Path(__file__).parent / "golden"
BLOCK = re.compile(
    r"^\$ gradcli(?P<line>[^\n]*(?:\n> [^\n]*)*)\n(?P<body>.*?)^\[\d+\]\n", re.MULTILINE | re.DOTALL
)


def outcome(line, capsys):
    """What a command prints, in the golden form."""
    words = shlex.split(line.replace("\n> ", "\n"))
    status = guarded(words)
    printed = capsys.readouterr()
    errors = "".join(f"! {text}".rstrip() + "\n" for text in printed.err.splitlines())
    return f"{printed.out}{errors}[{status}]\n"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_golden(path, capsys, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent.parent)
    text = path.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks
    made = text
    for block in reversed(blocks):
        line = block["line"]
        new = f"$ gradcli{line}\n{outcome(line, capsys)}"
        made = made[: block.start()] + new + made[block.end() :]
    if os.environ.get("GOLDEN_UPDATE"):
        path.write_text(made, encoding="utf-8")
    assert made == text
