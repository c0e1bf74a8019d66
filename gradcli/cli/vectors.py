"""`gradcli vectors`: reference vectors for the test suites of other libraries."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from gradcli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.trust.vectors import Vector


@click.command("vectors")
@click.argument("names", nargs=-1, metavar="NAMES...")
@click.option("--all", "every", is_flag=True, help="Vectors of every function there is.")
@click.option(
    "--count", type=click.IntRange(1), default=4, show_default=True, metavar="N",
    help="Vectors in each region, where there are as many.",
)  # fmt: skip
@click.option(
    "--random-seed", type=click.IntRange(0), default=0, show_default=True, metavar="N",
    help="Equal seeds give equal vectors.",
)  # fmt: skip
@click.option(
    "--format", "style", type=click.Choice(["jsonl", "pytest"]), default="jsonl",
    show_default=True, help="JSON lines, or a test for pytest.",
)  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not.")
@click.option("--let", metavar="NAME=VALUE", help="Give an input whose name is an option.")
@click.pass_context
def vectors_command(context: click.Context, /, **options: Any) -> None:
    """Values, VJPs and JVPs of functions, or of an expression, at points that find mistakes.

    In the middle of the domain, at its edges, at kinks, large and small; each is verified as
    `gradcli check` does before it is written, in decimal and exact hexadecimal numbers.

    \b
      gradcli vectors softplus tanh
      gradcli vectors "x*sin(y)" --x 1,2 --y 0.5 --count 10
      gradcli vectors --all -o vectors.jsonl
      gradcli vectors softplus --format pytest -o test_softplus.py
    """
    from gradcli.inputs import read_value
    from gradcli.render.text import print_remarks, write_text
    from gradcli.render.vectors import pytest_text, vector_lines
    from gradcli.settings import Settings
    from gradcli.trust.vectors import all_functions, vectors

    names = list(options["names"])
    seed: int = options["random_seed"]
    if bool(names) == options["every"]:
        raise UsageError("name functions or an expression, or give --all: one of them")
    texts = context.obj.texts
    if texts and (len(names) != 1 or names[0].replace(".", "").isidentifier()):
        raise UsageError(
            f"there is no option `--{next(iter(texts))}`", hint="inputs go with one expression"
        )
    settings = Settings()
    inputs = {name: read_value(name, text, settings) for name, text in texts.items()}

    def made() -> Iterator[Vector]:
        for name in names or all_functions():
            yield from vectors(name, inputs, count=options["count"], random_seed=seed)

    lines = list(vector_lines(made(), seed))
    if not lines:
        raise UsageError("nothing there has a derivative that could be verified")
    text = pytest_text(lines, seed) if options["style"] == "pytest" else "\n".join(lines) + "\n"
    if options["output"] is None:
        write_text(text, sys.stdout)
        return
    from gradcli.render.write import write_whole

    content = text.encode()
    write_whole(options["output"], lambda file: file.write(content))
    print_remarks([], [f"wrote {len(lines):,} vectors to {options['output']}"])
