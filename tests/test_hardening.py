"""Hostile and broken inputs get an error, the right status, and nothing else."""

import io
import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hostile import CASES, table, write

from gradcli.cli.main import guarded

GRADCLI = [sys.executable, "-P", "-m", "gradcli"]


class Endless(io.RawIOBase):
    """A stream that repeats a text for ever."""

    def __init__(self, text):
        self.text = text.encode()

    def readable(self):
        return True

    def readinto(self, buffer):
        count = len(buffer) // len(self.text) * len(self.text)
        buffer[:count] = self.text * (count // len(self.text))
        return count


class Input:
    def __init__(self, content):
        endless = isinstance(content, str)
        self.buffer = io.BufferedReader(Endless(content)) if endless else io.BytesIO(content)


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_hostile_input_is_answered(case, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(case, tmp_path)
    if case.env or case.stdin == "full":
        answer, status = in_a_process(case)
    else:
        if case.stdin is not None:
            monkeypatch.setattr(sys, "stdin", Input(case.stdin))
        status = guarded(case.argv)
        answer = "".join(capsys.readouterr())
    assert case.answer.lower() in answer.lower()
    assert "Traceback" not in answer
    assert "internal error" not in answer
    assert status == case.status
    written = {name.split("/")[0] for name in case.files}
    assert {path.name for path in tmp_path.iterdir()} == written


def in_a_process(case):
    keep = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*GRADCLI, *case.argv], env={**keep, **case.env}, stderr=subprocess.PIPE,
            stdout=full if case.stdin == "full" else subprocess.PIPE, timeout=60,
        )  # fmt: skip
    return (done.stdout or b"").decode() + done.stderr.decode(), done.returncode


def test_what_was_tried_is_documented(root):
    page = root / "docs" / "hardening.md"
    if os.environ.get("GOLDEN_UPDATE"):
        page.write_text(table())
    assert page.read_text() == table()


def changed(content, draw):
    """The bytes with some of them changed, left out, doubled or cut off."""
    content = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(content) or 1)
        what = draw.random()
        if what < 0.5:
            content[place : place + 1] = bytes([draw.randrange(256)])
        elif what < 0.7:
            del content[place:]
        elif what < 0.85:
            del content[place : place + draw.randint(1, 9)]
        else:
            content[place:place] = content[: draw.randint(0, 40)]
    return bytes(content)


@pytest.mark.parametrize("ending", ["npy", "npz", "csv", "txt", "json"])
def test_changed_files_are_read_or_refused(ending, tmp_path, capsys, monkeypatch):
    draw = random.Random(ending)
    values = np.array([[1.0, 2.5], [-3.0, 4e10]])
    path = tmp_path / f"x.{ending}"
    if ending == "npy":
        np.save(path, values)
    elif ending == "npz":
        np.savez_compressed(path, x=values)
    elif ending == "json":
        path.write_text(json.dumps(values.tolist()))
    else:
        np.savetxt(
            path, values, delimiter=",", header="a,b", comments="" if ending == "csv" else "#"
        )
    content = path.read_bytes()
    for _ in range(150):
        path.write_bytes(changed(content, draw))
        assert guarded(["eval", "sum(x)", "--x", f"@{path}", "--max-memory", "64M"]) in (0, 2, 3)
        monkeypatch.setattr(sys, "stdin", Input(path.read_bytes()))
        assert guarded(["eval", "sum(x)", "--x", "@-", "--max-memory", "64M"]) in (0, 2, 3)
        error = capsys.readouterr().err
        assert "Traceback" not in error
        assert "internal error" not in error
