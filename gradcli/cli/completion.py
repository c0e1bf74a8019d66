"""`gradcli completion`: what makes a shell complete gradcli's command lines."""

from __future__ import annotations

import sys

import click

from gradcli.cli.shells import SCRIPTS, answers
from gradcli.errors import UsageError


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice([*SCRIPTS]))
@click.option("--line", hidden=True)
@click.option("--word", default="", hidden=True)
def completion_command(shell: str | None, line: str | None, word: str) -> None:
    """Print what makes SHELL (bash, zsh or fish) complete commands, options, names and files.

    \b
      eval "$(gradcli completion bash)"     in ~/.bashrc
      eval "$(gradcli completion zsh)"      in ~/.zshrc, after compinit
      gradcli completion fish > ~/.config/fish/completions/gradcli.fish

    Functions complete within expressions, inputs of the program as options, files behind `@`.
    """
    from gradcli.render.text import write_text

    if shell is None:
        raise UsageError(
            f"which shell: {', '.join(SCRIPTS)}?", hint='as in `eval "$(gradcli completion bash)"`'
        )
    if line is None:
        write_text(SCRIPTS[shell], sys.stdout)
        return
    lines = [" ".join(text.split("\n")) for text in answers(line, shell, word)]
    write_text("".join([f"{text}\n" for text in lines]), sys.stdout)
