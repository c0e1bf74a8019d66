"""`gradcli derive`: the derivative as a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import LIMITS, PROGRAM, WRT, add_options
from gradcli.cli.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMULA = [
    click.option(
        "--shape", "shapes", multiple=True, metavar="NAME=SIZES",
        help="Shape of an input, with names of sizes: x=n, A=m,n, s= (a scalar).",
    ),
    click.option(
        "--order", type=click.IntRange(1, 12), default=1, show_default=True,
        help="2 is the Hessian.",
    ),
    click.option("--jacobian", is_flag=True, help="The Jacobian of a tensor, not v^T J."),
    click.option(
        "--format", "style",
        type=click.Choice(["text", "latex", "numpy", "torch", "jax", "json"]),
        default="text", show_default=True, help="The language of gradcli, LaTeX, or a function.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Formulas of that format, in JSON."),
    click.option("-o", "--output", metavar="FILE", help="Write to FILE."),
    click.option("--get", metavar="NAME", help="One formula alone: value, grad.x, hessian.x.y."),
]  # fmt: skip


def derive_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the command."""
    return add_options(command, [*PROGRAM, WRT, *_FORMULA, *LIMITS])


@click.command("derive")
@derive_options
@click.pass_context
def derive_command(context: click.Context, /, **options: Any) -> None:
    """The derivative of EXPRESSION as a formula.

    Shapes come from values (--x 3,4,10), from declarations with names of sizes, or from use.

    \b
      gradcli derive "sum(x**2)"
      gradcli derive "0.5*x @ A @ x" --shape x=n --shape A=n,n --wrt x
      gradcli derive "logsumexp(x)" --order 2
      gradcli derive "sin(x)" --shape x=n --jacobian --format latex
    """
    from gradcli.formulas import Request as Wanted
    from gradcli.formulas import derive
    from gradcli.render.formulas import write_derived
    from gradcli.shapes import read_shape

    as_json = options["as_json"] or options["style"] == "json"
    style = "text" if options["style"] == "json" else options["style"]
    wanted = {**options, "style": style, "as_json": as_json, "dtype": "float64"}
    wanted |= {
        "random_seed": None,
        "threads": None,
        "color": "auto",
        "precision": None,
        "output": None,
    }
    request = Request(context, wanted)
    program, inputs, extra = request.program()
    shapes = dict(read_shape(text) for text in options["shapes"])
    result = derive(
        program, inputs, shapes, Wanted(request.wrt, options["order"], options["jacobian"], style)
    )
    result.warnings += extra
    write_derived(result, request.shown_source(), as_json, options["get"], options["output"])
