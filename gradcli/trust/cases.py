"""Files of cases: programs, their inputs, and what is expected of them; TOML or JSON lines."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from gradcli.errors import InputError, Span, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPECTED = ("value", "grad", "jacobian", "hessian")
SETTINGS = ("rtol", "atol", "dtype", "random_seed")
FIELDS = (
    "name", "expr", "file", "inputs", "wrt", "seed", *EXPECTED, "outputs", "error", "check",
    *SETTINGS,
)  # fmt: skip
DEFAULTS = (*SETTINGS, "inputs", "case")
_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,), "expr": (str,), "file": (str,), "inputs": (dict,), "wrt": (str, list),
    "grad": (dict,), "jacobian": (dict,), "hessian": (dict,), "outputs": (list,),
    "error": (str, dict), "check": (bool,), "rtol": (int, float), "atol": (int, float),
    "dtype": (str,), "random_seed": (int,),
}  # fmt: skip
_WORDS = {
    str: "a string", dict: "a table of names and values", list: "a list", bool: "true or false",
    int: "a number", float: "a number",
}  # fmt: skip
_HEADER = re.compile(r"\s*\[\[\s*case\s*\]\]\s*(#.*)?$")


class Case:
    """One case: its fields, with the file's defaults beneath them, and where it stands.

    place: how many cases of the file are before it. lines: by field the line that it stands in;
    that of the case itself under "".
    """

    def __init__(
        self, path: str, place: int, fields: dict[str, Any], lines: dict[str, int]
    ) -> None:
        self.path = path
        self.place = place
        self.fields = fields
        self.lines = lines

    @property
    def name(self) -> str:
        named = self.fields.get("name") or self.fields.get("expr") or self.fields.get("file")
        return str(named or f"case {self.place}")

    @property
    def where(self) -> str:
        return f"{self.path}:{self.lines['']}"

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)

    @property
    def expects(self) -> bool:
        """Whether anything is expected."""
        return any(name in self.fields for name in (*EXPECTED, "outputs", "error", "check"))


class CaseFile:
    """A file of cases. Raises InputError, with the line, for one that is none."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                self.text = file.read()
        except FileNotFoundError:
            raise InputError(f"there is no file {path}") from None
        except UnicodeDecodeError:
            raise InputError(f"{path} is not UTF-8 text") from None
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None
        ending = os.path.splitext(path)[1].lower()
        if ending not in (".toml", ".jsonl", ".ndjson"):
            raise InputError(
                f"{path} is no file of cases", hint="cases stand in .toml or .jsonl files"
            )
        self.is_toml = ending == ".toml"
        self.cases = list(self._toml() if self.is_toml else self._json_lines())

    def error(self, message: str, line: int, hint: str = "") -> InputError:
        """An error at a line of the file."""
        lines = self.text.split("\n")
        text = lines[line - 1] if line <= len(lines) else ""
        start = len(text) - len(text.lstrip())
        span = Span(line, start, line, max(len(text.rstrip()), start + 1))
        error = InputError(message, hint=hint, span=span)
        error.located(self.text, self.path)
        return error

    def _toml(self) -> Iterator[Case]:
        import tomllib

        try:
            whole = tomllib.loads(self.text.replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column \d+\)", str(error))
            line = int(found[1]) if found else max(self.text.count("\n"), 1)
            message = str(error).partition(" (at ")[0]
            raise self.error(f"this is no TOML: {message}", line) from None
        except RecursionError:
            raise self.error("this nests too deeply", 1) from None
        lines = self.text.split("\n")
        headers = self._headers(lines)
        first = headers[0] if headers else len(lines)
        top = _keys(lines, 0, first)
        self._known(whole, DEFAULTS, top, "a file of cases")
        cases = whole.get("case", [])
        if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
            raise self.error("`case` is a list of tables", top.get("case", 1), "as in [[case]]")
        if not cases:
            raise self.error("there is no case", 1, "a case begins with [[case]]")
        defaults = {name: value for name, value in whole.items() if name != "case"}
        for place, case in enumerate(cases):
            places = {"": 1}
            if len(headers) == len(cases):
                end = headers[place + 1] if place + 1 < len(headers) else len(lines)
                places = {**_keys(lines, headers[place], end), "": headers[place] + 1}
            yield self._case(place, case, defaults, places)

    @staticmethod
    def _headers(lines: list[str]) -> list[int]:
        """Lines with [[case]], those within long strings left out."""
        found, inside = [], ""
        for number, line in enumerate(lines):
            if not inside and _HEADER.match(line.rstrip("\r")):
                found.append(number)
            for mark in ('"""', "'''"):
                if inside in ("", mark) and line.count(mark) % 2:
                    inside = "" if inside else mark
        return found

    def _json_lines(self) -> Iterator[Case]:
        place = 0
        for number, line in enumerate(self.text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except ValueError as error:
                reason = str(error).partition(": line")[0]
                raise self.error(f"this line is no JSON: {reason}", number) from None
            except RecursionError:
                raise self.error("this nests too deeply", number) from None
            if not isinstance(fields, dict):
                raise self.error("a case is an object", number, 'as in {"expr": "x*x", ...}')
            yield self._case(place, fields, {}, {"": number})
            place += 1
        if not place:
            raise self.error("there is no case", 1, 'a case is a line {"expr": "x*x", ...}')

    def _case(
        self, place: int, fields: dict[str, Any], defaults: dict[str, Any], lines: dict[str, int]
    ) -> Case:
        self._known(fields, FIELDS, lines, "a case")
        line = lines[""]
        if ("expr" in fields) == ("file" in fields):
            raise self.error(
                "a case has an `expr` or a `file`: one of them", line, 'as in expr = "sum(x**2)"'
            )
        if "error" in fields:
            for name in (*EXPECTED, "outputs", "check"):
                if name in fields:
                    where = lines.get(name, line)
                    raise self.error(f"a case that expects an error has no `{name}`", where)
        if "outputs" in fields:
            for name in EXPECTED:
                if name in fields:
                    where = lines.get(name, line)
                    raise self.error(f"`{name}` stands within `outputs`, or without them", where)
            for output in fields["outputs"]:
                if not isinstance(output, dict) or set(output) - set(EXPECTED):
                    known = ", ".join(EXPECTED)
                    raise self.error(f"each of `outputs` has {known}", lines.get("outputs", line))
        whole = {**defaults, **fields}
        if "inputs" in defaults and "inputs" in fields:
            whole["inputs"] = {**defaults["inputs"], **fields["inputs"]}
        whole["_own"] = sorted(fields.get("inputs", {}))
        return Case(self.path, place, whole, lines)

    def _known(
        self, fields: dict[str, Any], known: tuple[str, ...], lines: dict[str, int], what: str
    ) -> None:
        for name, value in fields.items():
            line = lines.get(name, lines.get("", 1))
            if name not in known:
                hint = did_you_mean(name, list(known)) or f"it has {', '.join(known)}"
                raise self.error(f"{what} has no field `{name}`", line, hint)
            types = _TYPES.get(name)
            wrong = types is not None and not isinstance(value, types)
            if wrong or (isinstance(value, bool) and types is not None and bool not in types):
                words = " or ".join(dict.fromkeys(_WORDS[kind] for kind in types or ()))
                raise self.error(f"`{name}` is {words}", line)


def _keys(lines: list[str], start: int, end: int) -> dict[str, int]:
    """By key the line of its assignment, as far as single lines show it."""
    found: dict[str, int] = {}
    for number in range(start, end):
        match = re.match(r"\s*\[?(?:case\.)?([A-Za-z_]+)\s*[=.\]]", lines[number])
        if match:
            found.setdefault(match[1], number + 1)
    return found


def read_cases(paths: list[str]) -> list[CaseFile]:
    """The files of cases; a folder stands for those directly in it, in the order of their names."""
    files = []
    for path in paths:
        if os.path.isdir(path):
            inside = sorted(
                name for name in os.listdir(path) if name.endswith((".toml", ".jsonl", ".ndjson"))
            )
            if not inside:
                raise InputError(f"{path} has no .toml or .jsonl file in it")
            files += [os.path.join(path, name) for name in inside]
        else:
            files.append(path)
    return [CaseFile(path) for path in files]
