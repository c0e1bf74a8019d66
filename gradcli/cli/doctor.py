"""`gradcli doctor`: what may be wrong with the numbers of a computation."""

from __future__ import annotations

from typing import Any

import click

from gradcli.cli.options import request_options, seed_option
from gradcli.cli.request import Request


@click.command("doctor")
@request_options
@seed_option("The vector v of the product v^T J, of the output's shape; by default `ones`.")
@click.pass_context
def doctor_command(context: click.Context, /, **options: Any) -> None:
    """The health of EXPRESSION and its gradient, step by step.

    Where it is not finite, and where that was born; to how many digits each step is right, beside
    the same step in extended precision, and how many it loses; and the kinks that the gradient
    passes through, with the slopes on both sides and what is used.

    \b
      gradcli doctor "exp(x) - 1" --x 1e-12
      gradcli doctor "sum(abs(x))" --x 0,1
      gradcli doctor "log(sum(exp(x)))" --x 1000,999
    """
    from gradcli.render.doctor import doctor_lines
    from gradcli.trust.examining import examine

    request = Request(context, options)
    request.answer(examine(request.traced(), request.seeds, request.wrt), doctor_lines)
