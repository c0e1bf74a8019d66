"""Write docs/commands.md from the commands themselves: python tests/make_command_docs.py."""

import re
from collections import Counter
from inspect import cleandoc
from pathlib import Path

import click

from gradcli.cli.main import COMMANDS, gradcli

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
SHARED = 4
"""Options of so many commands at least stand in a table of their own."""


def option_row(option):
    """An option and its words, in a form that does not hang on click's version."""
    choices = getattr(option.type, "choices", None)
    value = f"[{'|'.join(choices)}]" if choices else option.metavar or option.type.name.upper()
    cells = ", ".join(option.opts) + ("" if option.is_flag else f" {value}"), option.help
    name, words = (cell.replace("|", r"\|") for cell in cells)
    return f"| `{name}` | {words} |"


def options_of(context):
    return [
        option_row(one) for one in context.command.params
        if isinstance(one, click.Option) and not one.hidden
    ]  # fmt: skip


def arguments_of(command):
    for one in command.params:
        if isinstance(one, click.Argument):
            yield one.metavar or f"[{'|'.join(one.type.choices)}]"


def words(help_text):
    """A command's help: its prose, and its examples as code."""
    parts = []
    for part in cleandoc(help_text).replace("\b\n", "").split("\n\n"):
        if part.startswith("  "):
            part = "\n".join(["```sh", *[line.strip() for line in part.splitlines()], "```"])
        parts.append(part)
    return "\n\n".join(parts)


def names(rows):
    """The options of those rows, without their values."""
    return ", ".join([re.search(r"--[a-z-]+", row)[0].join("``") for row in rows])


def table(rows):
    return ["| option | |", "|---|---|", *rows, ""]


def page():
    """docs/commands.md."""
    root = click.Context(gradcli, info_name="gradcli", max_content_width=4000, terminal_width=4000)
    contexts = {}
    for name in COMMANDS:
        command = gradcli.get_command(root, name)
        contexts[name] = click.Context(command, parent=root, info_name=name, terminal_width=4000)
    uses = Counter(row for context in contexts.values() for row in options_of(context))
    shared = [row for row, count in uses.items() if count >= SHARED]
    lines = [
        "# Commands",
        "",
        "Made from the commands themselves (`tests/make_command_docs.py`). Every free name of a",
        "program is an option too: `--NAME VALUE`.",
        "",
    ]
    for name, context in contexts.items():
        lines += [f"## gradcli {name}", "", words(context.command.help or ""), ""]
        usage = " ".join(["gradcli", name, "[OPTIONS]", *arguments_of(context.command)])
        lines += ["```", usage, "```", ""]
        own = [row for row in options_of(context) if row not in shared]
        lines += table(own) if own else []
        here = options_of(context)
        has, lacks = ([row for row in shared if (row in here) is there] for there in (True, False))
        if len(has) > len(lacks):
            without = f", but for {names(lacks)}" if lacks else ""
            lines += [
                f"And the [options of most commands](#options-of-most-commands){without}.",
                "",
            ]
        else:
            lines += [f"Also {names(has)}.", ""]
    lines += ["## Options of most commands", "", *table(shared)]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
