"""`gradcli run`: scripts as people write them for PyTorch and NumPy."""

from __future__ import annotations

import sys
from typing import Any

import click

from gradcli.cli.options import chosen_limits, limit_options
from gradcli.errors import UsageError
from gradcli.programs import read_program


@click.command("run")
@click.argument("file", required=False, metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="What is printed, in one JSON object.")
@click.option("--random-seed", type=click.IntRange(0), metavar="N", help="Seed of rand and randn.")
@limit_options
@click.pass_context
def run_command(context: click.Context, /, **options: Any) -> None:
    """Run a PyTorch or NumPy script without either; FILE is - for standard input.

    \b
      gradcli run lesson.py
      echo "import torch; print(torch.ones(3))" | gradcli run -

    What the script prints is printed as PyTorch prints it. A failed assert exits 1.
    """
    from gradcli.render.text import print_remarks, write_text
    from gradcli.settings import Settings
    from gradcli.snippets.script import run_script

    if options["file"] is None:
        raise UsageError("there is no file", hint="as in `gradcli run lesson.py`; - reads stdin")
    for name in context.obj.texts:
        raise UsageError(
            f"there is no option `--{name}`", hint="a script has no inputs: it makes its own"
        )
    settings = Settings(random_seed=options["random_seed"], **chosen_limits(options))
    source, filename = read_program(options["file"], settings.max_source)
    printed: list[str] = []

    def output(text: str) -> None:
        if options["as_json"]:
            printed.append(text)
        else:
            write_text(text, sys.stdout)

    run_script(source, filename, settings, output)
    notes = []
    if settings.seed_was_picked:
        notes.append(f"random draws used --random-seed {settings.random_seed}")
    if options["as_json"]:
        from gradcli.render.data import json_text, script_object

        write_text(json_text(script_object(filename, "".join(printed), notes)) + "\n", sys.stdout)
    else:
        print_remarks([], notes)
