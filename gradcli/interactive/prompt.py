"""The prompt of a terminal: editing, history, completion, colours.

The only importer of prompt_toolkit.
"""

from __future__ import annotations

import os
import re
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from gradcli.interactive.blocks import begins_block, is_open, needs_more
from gradcli.interactive.completion import files_for, names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.output import Output

PROMPT, MORE = ">>> ", "... "

STYLE = Style.from_dict(
    {
        "prompt": "ansicyan",
        "number": "ansimagenta",
        "string": "ansigreen",
        "keyword": "bold",
        "function": "ansicyan",
        "command": "ansicyan bold",
        "comment": "ansibrightblack",
    }
)
"""Colours by their names, which a light and a dark terminal each have their own shades of."""

PARTS = re.compile(
    r"(?P<comment>#.*)|(?P<string>'[^']*'?|\"[^\"]*\"?)|(?P<number>\b\d[\w.]*(?:(?<=[eE])[-+]\d+)?)"
    r"|(?P<function>[^\W\d]\w*(?=\s*\())|(?P<word>[^\W\d]\w*)"
)


class Names(Completer):
    """Completes names, methods, colon commands and files."""

    def __init__(self, own: Callable[[], list[str]], commands: Mapping[str, str]) -> None:
        self.own = own
        self.commands = commands

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        text = document.text_before_cursor
        line = document.current_line_before_cursor
        command = re.match(r":(\w*)$", text)
        path = re.search(r"(?:^\s*:(?:load|save)\s+|@|\s-o\s+)(\S*)$", line)
        if command is not None:
            stem = command[1]
            for name, about in self.commands.items():
                if name.startswith(stem):
                    yield Completion(name, -len(stem), display_meta=about)
        elif path is not None:
            for one in files_for(path[1]):
                yield Completion(one.text, -one.length)
        elif line.strip():
            for one in names_for(line, self.own()):
                yield Completion(one.text, -one.length, display_meta=one.about)


class Colours(Lexer):
    """Colours what is typed: numbers, strings, functions, words of the language."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        def line(number: int) -> StyleAndTextTuples:
            return list(coloured(document.lines[number], number == 0))

        return line


def coloured(text: str, first: bool = True) -> Iterator[tuple[str, str]]:
    """The pieces of a line, each with its style."""
    end = 0
    command = re.match(r"\s*:\w*", text) if first else None
    if command is not None:
        end = command.end()
        yield "class:command", text[:end]
    for found in PARTS.finditer(text, end):
        if found.start() > end:
            yield "", text[end : found.start()]
        kind = found.lastgroup or ""
        if iskeyword(found[0]):
            kind = "keyword"
        yield (f"class:{kind}" if kind not in ("", "word") else ""), found[0]
        end = found.end()
    if end < len(text):
        yield "", text[end:]


def history_file() -> Path:
    """Where what was entered is kept: in the user's folder of state."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "gradcli" / "history"


def history() -> History:
    """The history of earlier sessions; none where the folder cannot be written to."""
    try:
        path = history_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except (OSError, RuntimeError):
        return InMemoryHistory()
    return _Kept(str(path))


class _Kept(FileHistory):
    """A history in a file; what can no longer be written is not kept."""

    def store_string(self, string: str) -> None:
        try:
            super().store_string(string)
        except OSError:
            return

    def load_history_strings(self) -> Iterable[str]:
        try:
            return list(super().load_history_strings())
        except OSError:
            return []


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        """Goes on where a statement does, with its indentation; else takes it."""
        buffer = event.current_buffer
        text = buffer.document.text_before_cursor
        behind = buffer.document.text_after_cursor.strip()
        line = buffer.document.current_line_before_cursor
        if behind and "\n" in buffer.text:
            buffer.insert_text("\n")
        elif needs_more(buffer.text) and (line.strip() or not begins_block(text)):
            indent = re.match(r"\s*", line)
            deeper = "    " if line.rstrip().endswith(":") and not is_open(text) else ""
            buffer.insert_text("\n" + (indent[0] if indent else "") + deeper)
        else:
            buffer.validate_and_handle()

    return keys


class Prompt:
    """Reads entries in a terminal. own: names to complete; commands: colon commands by name."""

    def __init__(
        self,
        own: Callable[[], list[str]],
        commands: Mapping[str, str],
        colours: bool,
        *,
        source: Input | None = None,
        screen: Output | None = None,
    ) -> None:
        self._session: PromptSession[str] = PromptSession(
            PROMPT,
            multiline=True,
            completer=Names(own, commands),
            complete_while_typing=False,
            lexer=Colours() if colours else None,
            style=STYLE if colours else None,
            include_default_pygments_style=False,
            color_depth=None if colours else ColorDepth.DEPTH_1_BIT,
            history=history(),
            key_bindings=_keys(),
            prompt_continuation=MORE,
            enable_history_search=Condition(lambda: False),
            input=source,
            output=screen,
        )

    def read(self) -> str:
        """The next entry. Raises EOFError on Ctrl-D, KeyboardInterrupt on Ctrl-C."""
        return self._session.prompt()
