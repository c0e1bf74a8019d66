"""`gradcli jvp`: the product of the Jacobian with a direction."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.options import program_options, tangent_option
from gradcli.cli.request import Request


@click.command("jvp")
@program_options
@tangent_option
@click.pass_context
def jvp_command(context: click.Context, /, **options: Any) -> None:
    """Value and directional derivative of EXPRESSION: J v, by one pass forward.

    Inputs without a tangent stand still.

    \b
      gradcli jvp "exp(x - sum(x))" --x 1,2,3 --tangent x=1,0,0
      gradcli jvp "A @ x" --A "1,2;3,4" --x 5,6 --tangent x=1,1 --tangent A=ones
    """
    from gradcli.render.layout import result_lines

    request = Request(context, options)
    tangents = request.tangents
    request.answer(request.traced().jvp(tangents), result_lines)
