"""Golden files: GOLDEN_UPDATE=1 rewrites them from what is printed now."""

import io
import os
import sys

import numpy as np
import pytest
from goldenfiles import FILES, ROOT, blocks, command

import gradcli
from gradcli.cli.main import guarded
from gradcli.errors import GradcliError
from gradcli.render.text import print_error


class Input(io.StringIO):
    """Standard input as text and as bytes."""

    @property
    def buffer(self):
        return io.BytesIO(self.getvalue().encode())


def outcome(block, capsys, monkeypatch):
    """What a block prints, in the golden form."""
    if block["sign"] == ">>> ":
        status = 0
        try:
            print(eval(block["line"], {"gradcli": gradcli, "np": np}))
        except GradcliError as error:
            print_error(error)
            status = error.exit_status
    else:
        words, given = command(block["line"])
        monkeypatch.setattr(sys, "stdin", Input(given or ""))
        status = guarded(words)
    printed = capsys.readouterr()
    errors = "".join(f"! {text}".rstrip() + "\n" for text in printed.err.splitlines())
    return f"{printed.out}{errors}[{status}]\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = path.read_text(encoding="utf-8")
    assert blocks(path)
    made = text
    for block in reversed(blocks(path)):
        shown = outcome(block, capsys, monkeypatch)
        new = f"{block['sign']}{block['line']}\n{shown}"
        made = made[: block.start()] + new + made[block.end() :]
    if os.environ.get("GOLDEN_UPDATE"):
        path.write_text(made, encoding="utf-8")
    assert made == text
