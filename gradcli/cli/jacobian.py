"""`gradcli jacobian`: the full Jacobian."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.common import Request, request_options
from gradcli.errors import UsageError


@click.command("jacobian")
@request_options
@click.option(
    "--mode",
    type=click.Choice(["auto", "forward", "reverse"]),
    default="auto",
    show_default=True,
    help="Forward: a pass for each input element; reverse: for each output element.",
)
@click.option("--flat", is_flag=True, help="One matrix, with the names of its columns.")
@click.option("--diag", is_flag=True, help="The diagonal alone, where nothing is beside it.")
@click.pass_context
def jacobian_command(context: click.Context, /, **options: Any) -> None:
    """Jacobian of EXPRESSION by every input, of shape out.shape + in.shape.

    \b
      gradcli jacobian "exp(x - sum(x))" --x 1,2,3
      gradcli jacobian "sin(x)" --x "linspace(0,1,1001)" -o j.npy
      gradcli jacobian "sin(x)" --x "linspace(0,1,1001)" --diag
    """
    from gradcli.render.layout import jacobian_lines, result_lines

    request = Request(context, options)
    if options["diag"]:
        for name, given in (("--flat", options["flat"]), ("--mode", options["mode"] != "auto")):
            if given:
                raise UsageError(f"{name} and --diag exclude each other")
        request.answer(request.traced().jacobian(request.wrt, diag=True), result_lines)
        return
    result = request.traced().jacobian(request.wrt, options["mode"])
    request.answer(result.flat() if options["flat"] else result, jacobian_lines)
