"""`gradcli hessian`: all second derivatives."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.common import Request, pasteable, request_options, seed_option
from gradcli.errors import SeedError


@click.command("hessian")
@request_options
@seed_option("Weights of the outputs that make one number, of the output's shape, or `ones`.")
@click.pass_context
def hessian_command(context: click.Context, /, **options: Any) -> None:
    """Hessian of EXPRESSION by every pair of inputs, in blocks of both their shapes.

    \b
      gradcli hessian "sum(x**2)*y" --x 1,2,3 --y 2
      gradcli hessian "logsumexp(x)" --x 1,2,3 --get hessian.x.x --format npy -o h.npy
    """
    from gradcli.render.layout import hessian_lines

    request = Request(context, options)
    seeds = request.seeds
    traced = request.traced()
    try:
        result = traced.hessian(request.wrt, seeds)
    except SeedError as error:
        if seeds is None:
            error.notes = pasteable(request, len(traced.outputs))
        raise
    request.answer(result, hessian_lines)
