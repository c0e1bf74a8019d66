"""`gradcli explain`: what the numbers of a derivative come from, step by step."""

from __future__ import annotations

import sys
from typing import Any

import click

from gradcli.cli.options import explanation_options, seed_option, tangent_option
from gradcli.cli.request import Request, pasteable
from gradcli.errors import SeedError, UsageError


@click.command("explain")
@explanation_options
@seed_option("What flows back is that of sum(seed*output); of the output's shape, or `ones`.")
@click.option(
    "--mode", type=click.Choice(["reverse", "forward"]), default="reverse", show_default=True,
    help="Back from the output, or along with --tangent.",
)  # fmt: skip
@tangent_option
@click.option("--only", metavar="NAME", help="Only the steps that lead from an input or variable.")
@click.option(
    "--depth", type=click.IntRange(0), metavar="N",
    help="Unfold N levels of calls and loops; by default as many as are readable.",
)  # fmt: skip
@click.pass_context
def explain_command(context: click.Context, /, **options: Any) -> None:
    """Every step of EXPRESSION and of its derivative, with its numbers and its reason.

    \b
      gradcli explain "x - sum(x)" --x 1,2,3 --seed ones
      gradcli explain "sum(x**2)" --x 3,4,10 --format markdown
      gradcli explain "exp(x - sum(x))" --x 1,2,3 --mode forward --tangent x=1,0,0
      gradcli explain -f mlp.py --inputs mlp.npz --only W1

    Numbers on the way are shortened to 6 digits (--precision N), long arrays elided; --json has
    all of them.
    """
    from gradcli.explanation.build import explain
    from gradcli.explanation.layout import explanation_lines, markdown_text

    request = Request(context, {**options, "output": None})
    forward = options["mode"] == "forward"
    if forward and (options["seed"] or options["wrt"]):
        given = "--seed" if options["seed"] else "--wrt"
        raise UsageError(f"--mode forward takes --tangent, and not {given}")
    if options["tangents"] and not forward:
        raise UsageError("--tangent is for forward mode", hint="add --mode forward")
    seeds = None if forward else request.seeds
    tangents = request.tangents if forward else None
    run = request.traced()
    try:
        found = explain(
            run, seeds, None if forward else request.wrt, tangents=tangents, only=options["only"]
        )
    except SeedError as error:
        if seeds is None and not forward:
            error.notes = pasteable(request, len(run.outputs))
        raise
    if request.style == "json":
        from gradcli.explanation.data import explanation_object, numbers
        from gradcli.render.data import json_text
        from gradcli.render.text import ascii_only, write_text

        request.check_count(numbers(found))
        whole = explanation_object(found, request.shown_source())
        write_text(json_text(whole, ascii_only(sys.stdout)) + "\n", sys.stdout)
        return
    if request.style == "markdown":
        from gradcli.render.layout import Look
        from gradcli.render.text import write_text

        look = Look(None, request.precision)
        write_text(markdown_text(found, look, options["depth"]), sys.stdout)
    else:
        request.print_lines(lambda look: explanation_lines(found, look, options["depth"]))
    request.remark(found.warnings, found.notes)
