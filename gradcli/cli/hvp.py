"""`gradcli hvp`: the product of the Hessian with a direction."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.options import request_options, seed_option, tangent_option
from gradcli.cli.request import Request, pasteable
from gradcli.errors import SeedError


@click.command("hvp")
@request_options
@tangent_option
@seed_option("Weights of the outputs that make one number, of the output's shape, or `ones`.")
@click.pass_context
def hvp_command(context: click.Context, /, **options: Any) -> None:
    """Value and Hessian-vector product of EXPRESSION: H v, without H.

    Inputs without a tangent stand still; --wrt says which components of the product are wanted.

    \b
      gradcli hvp "sum(x**3)" --x 1,2,3 --tangent x=1,0,0
      gradcli hvp "sum(exp(A @ x))" --A "1,2;3,4" --x 0.1,0.2 --tangent x=1,1 --wrt x
    """
    from gradcli.render.layout import result_lines

    request = Request(context, options)
    tangents, seeds = request.tangents, request.seeds
    traced = request.traced()
    try:
        result = traced.hvp(tangents, seeds, request.wrt)
    except SeedError as error:
        if seeds is None and tangents:
            error.notes = pasteable(request, len(traced.outputs))
        raise
    request.answer(result, result_lines)
