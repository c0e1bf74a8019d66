"""`gradcli eval`: value and gradient."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.common import Request, pasteable, request_options
from gradcli.errors import SeedError


@click.command("eval")
@request_options
@click.option(
    "--seed",
    multiple=True,
    metavar="VALUE",
    help="The vector v of the product v^T J, of the output's shape, or `ones`.",
)
@click.option("--no-grad", is_flag=True, help="The value alone.")
@click.pass_context
def eval_command(context: click.Context, /, **options: Any) -> None:
    """Value and gradient of EXPRESSION at the inputs given as --NAME VALUE.

    \b
      gradcli eval "sum(x**2)" --x 3,4,10
      gradcli eval "exp(x - sum(x))" --x 1,2,3 --seed ones
      gradcli eval "A @ x" --A "1,2;3,4" --x -1,2 --seed 1,0
    """
    from gradcli.inputs import read_value
    from gradcli.render.data import evaluation_object
    from gradcli.render.layout import evaluation_lines

    request = Request(context, options)
    traced = request.traced()
    seeds = [
        "ones" if text.strip() == "ones" else read_value("seed", text, traced.settings)
        for text in options["seed"]
    ]
    try:
        given = seeds if len(seeds) != 1 else seeds[0]
        result = traced.evaluate(given if seeds else None, request.wrt, not options["no_grad"])
    except SeedError as error:
        if not seeds:
            error.notes = pasteable(request, len(traced.outputs))
        raise
    request.answer(result, evaluation_object, evaluation_lines)
