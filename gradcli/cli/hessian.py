"""`gradcli hessian`: all second derivatives."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.options import request_options, seed_option
from gradcli.cli.pictures import draw, plot_option
from gradcli.cli.request import Request, pasteable
from gradcli.errors import SeedError


@click.command("hessian")
@request_options
@seed_option("Weights of the outputs that make one number, of the output's shape, or `ones`.")
@plot_option
@click.option("--sparse", is_flag=True, help="By its entries: one for each that may not be 0.")
@click.pass_context
def hessian_command(context: click.Context, /, **options: Any) -> None:
    """Hessian of EXPRESSION by every pair of inputs, in blocks of both their shapes.

    \b
      gradcli hessian "sum(x**2)*y" --x 1,2,3 --y 2
      gradcli hessian "sum(x[1:]*x[:-1])" --x "ones(9)" --plot
      gradcli hessian "logsumexp(x)" --x 1,2,3 --get hessian.x.x --format npy -o h.npy
    """
    from gradcli.render.layout import hessian_lines

    request = Request(context, options, drawn=options["plot"])
    seeds = request.seeds
    traced = request.traced()
    try:
        with request.progress("passes"):
            sparse = request.by_entries(options["sparse"])
            result = traced.hessian(request.wrt, seeds, sparse=sparse)
    except SeedError as error:
        if seeds is None:
            error.notes = pasteable(request, len(traced.outputs))
        raise
    if options["plot"]:
        draw(request, result)
    else:
        request.answer(result, hessian_lines)
