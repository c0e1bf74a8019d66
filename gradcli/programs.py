"""Programs in files: their text, and which of their functions is meant."""

from __future__ import annotations

import sys

from gradcli.errors import InputError


def read_program(file: str, max_source: int) -> tuple[str, str]:
    """The text of a program's file (- is standard input), and what to call it.

    No more is read than shows that the program is too long.
    """
    from io import TextIOWrapper

    try:
        if file == "-":
            if sys.stdin is None:
                raise InputError("standard input is closed")
            stream = TextIOWrapper(sys.stdin.buffer, "utf-8-sig", newline="")
            try:
                return stream.read(max_source + 1), "<stdin>"
            finally:
                stream.detach()
        with open(file, encoding="utf-8-sig", newline="") as opened:
            return opened.read(max_source + 1), file
    except FileNotFoundError:
        raise InputError(f"there is no file {file}") from None
    except UnicodeDecodeError:
        where = "standard input" if file == "-" else file
        raise InputError(f"{where} is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from None


def file_and_function(text: str | None) -> tuple[str | None, str | None]:
    """`FILE` or `FILE:NAME`: the file, and which of its functions the program is."""
    if text is None or ":" not in text:
        return text, None
    from os.path import exists

    file, _, name = text.rpartition(":")
    if not name.isidentifier() or exists(text):
        return text, None
    return file, name
