"""`gradcli jacobian`: the full Jacobian."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.options import request_options
from gradcli.cli.pictures import draw, plot_option
from gradcli.cli.request import Request
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
@click.option("--sparse", is_flag=True, help="By its entries: one for each that may not be 0.")
@click.option("--flat", is_flag=True, help="One matrix, with the names of its columns.")
@click.option("--diag", is_flag=True, help="The diagonal alone, where nothing is beside it.")
@plot_option
@click.pass_context
def jacobian_command(context: click.Context, /, **options: Any) -> None:
    """Jacobian of EXPRESSION by every input, of shape out.shape + in.shape.

    \b
      gradcli jacobian "exp(x - sum(x))" --x 1,2,3
      gradcli jacobian "sin(x)" --x "linspace(0,1,1001)" -o j.npy
      gradcli jacobian "sin(x)" --x "linspace(0,1,1001)" --diag
      gradcli jacobian "x*roll(x,1)" --x "linspace(0,1,100000)" -o j.npz
      gradcli jacobian "cumsum(x**2)" --x "arange(1,21)" --plot
    """
    from gradcli.render.layout import jacobian_lines, result_lines

    request = Request(context, options, drawn=options["plot"])
    if options["diag"]:
        moded = options["mode"] != "auto"
        others = (
            ("--flat", options["flat"]),
            ("--mode", moded),
            ("--plot", options["plot"]),
            ("--sparse", options["sparse"]),
        )
        for name, given in others:
            if given:
                raise UsageError(f"{name} and --diag exclude each other")
        request.answer(request.traced().jacobian(request.wrt, diag=True), result_lines)
        return
    sparse = request.by_entries(options["sparse"])
    with request.mapped(options["flat"]) as file:
        with request.progress("passes"):
            result = request.traced().jacobian(
                request.wrt,
                options["mode"],
                sparse=sparse,
                allocate=None if file is None else file.allocate,
            )
        if file is not None and file.shape is not None:
            file.finish()
            name = next(iter(result.jacobian))
            written = f"wrote jacobian.{name}, shape {file.shape} to {request.output}"
            request.remark(result.warnings, [*result.notes, written])
            return
    shown = result.flat() if options["flat"] else result
    if options["plot"]:
        draw(request, shown)
    else:
        request.answer(shown, jacobian_lines)
