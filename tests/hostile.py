"""Hostile and broken inputs: what was tried, and what is answered.

Each case writes files into a folder, runs a command there, and states the exit status and a part of
the answer. `docs/hardening.md` is the table of them; `GOLDEN_UPDATE=1` writes it anew.
"""

import io
import os
import struct
import zipfile
from typing import NamedTuple

import numpy as np

BOMB = 40_000_000


class Case(NamedTuple):
    what: str
    argv: list
    status: int
    answer: str
    files: dict = {}
    stdin: object = None
    env: dict = {}


def npy(header, data=b"\0" * 64):
    """A .npy file with any header at all."""
    text = header.encode("latin1")
    text += b" " * (64 - (11 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def described(descr, shape):
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}")


def bomb():
    """An archive of some 40 kB that unpacks to 40 MB."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", described("'<f8'", f"({BOMB // 8},)") + b"\0" * BOMB)
    return target.getvalue()


def good():
    target = io.BytesIO()
    np.save(target, [1.0, 2.0])
    return target.getvalue()


def of_file(what, name, content, status, answer, *options):
    argv = ["eval", "sum(x)", "--x", f"@{name}", *options]
    return Case(what, argv, status, answer, {name: content})


def of_stdin(what, content, status, answer, *options):
    return Case(what, ["eval", "sum(x)", "--x", "@-", *options], status, answer, stdin=content)


SMALL = ("--max-memory", "1M")
ENDLESS = ["eval", "while True: pass", "--max-iterations", "1000000000"]
DATA = {"x.npy": good()}
CASES = [
    of_file("`.npy`, cut off", "a.npy", good()[:-3], 2, "not a whole one"),
    of_file("`.npy` of no bytes", "a.npy", b"", 2, "not a NumPy array file"),
    of_file("a header that is code", "a.npy", npy("__import__('os').abort()"), 2, "not a NumPy"),
    of_file("a header of 10^12 numbers", "a.npy", described("'<f8'", (10**12,)), 2, "whole one"),
    of_file("a negative size", "a.npy", described("'<f8'", (-1,)), 2, "not a NumPy array file"),
    of_file("a pickle", "a.npy", described("'|O'", (1,)), 2, "holds Python objects"),
    of_file("records", "a.npy", described("[('a', '<f8')]", (1,)), 2, "holds values of"),
    of_file("strings", "a.npy", described("'<U2'", (1,)), 2, "holds values of <U2"),
    of_file("dates", "a.npy", described("'<M8[s]'", (1,)), 2, "holds values of datetime64"),
    of_file("complex numbers", "a.npy", described("'<c16'", (1,)), 2, "holds complex numbers"),
    of_file("big-endian numbers", "a.npy", described("'>f8'", (2,)), 0, "value  0"),
    of_file("half precision", "a.npy", described("'<f2'", (2,)), 0, "value  0"),
    of_file("`.npz`, cut off", "a.npz", bomb()[:500], 2, "not a whole one"),
    of_file("`.npz` that unpacks to much", "a.npz", bomb(), 3, "limit of memory", *SMALL),
    of_file("CSV with a hole", "a.csv", b"a,b\n1,\n", 2, "line 2, column b: the cell is empty"),
    of_file("CSV, ragged", "a.csv", b"a,b\n1,2\n3\n", 2, "line 3: 1 cell, where 2 are due"),
    of_file("CSV with a NUL byte", "a.csv", b"a\n1\x002\n", 2, "line 2, column a"),
    of_file("CSV of Windows", "a.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n", 0, "value  3"),
    of_file("CSV in UTF-16", "a.csv", "a\n1\n".encode("utf-16"), 2, "not UTF-8 text"),
    of_file("CSV in Latin-1", "a.csv", "é\n1\n".encode("latin-1"), 2, "not UTF-8 text"),
    of_file("a cell of 1 MB", "a.csv", b"1" * 1_000_000, 2, "not a table"),
    of_file("a row of 100,000 cells", "a.csv", b",".join([b"1"] * 100_000), 0, "value  100000"),
    of_file("a quote without its end", "a.csv", b'a\n"1\n', 2, "not a table"),
    of_file("a table beyond the limit", "a.csv", b"1\n" * 2_000_000, 3, "limit of memory", *SMALL),
    of_file("JSON, cut off", "a.json", b"[1, 2", 2, "line 1"),
    of_file("JSON, 100,000 brackets", "a.json", b"[" * 100_000, 2, "nests too deeply"),
    of_file("JSON, ragged", "a.json", b"[[1], [2, 3]]", 2, "ragged"),
    of_file("JSON with null", "a.json", b"[1, null]", 2, "null"),
    of_file("a number of 5,000 digits", "a.json", b"9" * 5000, 2, "a.json"),
    of_file("an ending not known", "a.exe", b"MZ", 2, "not a kind of file"),
    Case("a file that is not there", ["eval", "x", "--x", "@no.npy"], 2, "no file no.npy"),
    Case("a folder", ["eval", "x", "--x", "@a.npy"], 2, "directory", {"a.npy/b": b""}),
    of_stdin("standard input of no bytes", b"", 2, "is empty"),
    of_stdin("random bytes", bytes(range(128, 256)) * 9, 2, "not UTF-8 text"),
    of_stdin("a `.npy`, cut off", good()[:70], 2, "not a NumPy array file"),
    of_stdin("a stream without an end", "1\n", 3, "limit of memory", *SMALL),
    Case(
        "a program without an end", ["eval", "-f", "-", "--max-source", "1000"], 3,
        "longer than 1,000 characters", stdin="x + ",
    ),
    Case("a program of no text", ["eval", "-f", "p.py"], 2, "not UTF-8", {"p.py": b"\xff\xfe"}),
    Case("a NUL byte", ["eval", "-f", "p.py"], 2, "NUL", {"p.py": b"x\0"}),
    Case("an invisible sign", ["eval", "x\u200b"], 2, "U+200B"),
    Case("100,000 brackets", ["eval", "-f", "p.py"], 3, "nest", {"p.py": b"(" * 100_000}),
    Case("a loop without an end", ["eval", "while True: pass"], 3, "--max-iterations"),
    Case("a loop within a time", [*ENDLESS, "--timeout", "0.2"], 3, "time limit of 0.2 s"),
    Case("10^15 numbers", ["eval", "sum(ones(10**15))"], 3, "memory"),
    Case("10^10^10", ["eval", "10**10**10"], 0, "value  inf"),
    Case("`__import__`", ["eval", "__import__('os')"], 2, "__import__"),
    Case("`open`", ["eval", "open('/etc/passwd')"], 2, "open"),
    Case("a walk to a class", ["eval", "x.__class__.__mro__", "--x", "1"], 2, "__class__"),
    Case("a disk that is full", ["eval", "x", "--x", "1"], 3, "No space left", stdin="full"),
    Case("an answer to nowhere", ["eval", "x", "--x", "1", "-o", "no/a.json"], 2, "no/a.json"),
    Case("`LANG=C`", ["eval", "α*x", "--α", "2", "--x", "3"], 0, "grad", env={"LC_ALL": "C"}),
    Case("one column", ["jacobian", "x*x", "--x", "1,2"], 0, "x[0]", env={"COLUMNS": "1"}),
    Case("no home", ["eval", "x", "--x", "1"], 0, "value  1", env={"HOME": "/no/such"}),
]  # fmt: skip


def table():
    """docs/hardening.md."""
    lines = [
        "# What was tried to break it",
        "",
        "Every row is a test (`tests/test_hardening.py`). Nothing here ends in a traceback, in a",
        "file half written, or in memory beyond the limit. A valid file of each kind, changed or",
        "cut off at random, is tried some hundred times more.",
        "",
        "| tried | exit | answer |",
        "|---|---|---|",
    ]
    for case in CASES:
        lines.append(f"| {case.what} | {case.status} | {case.answer.replace('|', ' ')} |")
    return "\n".join(lines) + "\n"


def write(case, folder):
    for name, content in case.files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
