"""What commands that draw share: --plot, and where a picture goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.request import PICTURES, Request
from gradcli.errors import UsageError

if TYPE_CHECKING:
    from gradcli.results import Result

plot_option = click.option(
    "--plot",
    is_flag=True,
    help="Draw it: a heat map, and what is not zero; to a file with -o (.png, .svg, .pdf).",
)


def draw(request: Request, result: Result[Any]) -> None:
    """Draw a Jacobian or a Hessian in the terminal, or to the file of -o.

    Raises UsageError for options that ask for its numbers.
    """
    from gradcli.pictures.blocks import block_lines, blocks_of

    pictured = request.output is not None and request.style in PICTURES
    for name, given in (("--get", request.get), ("-o " + (request.output or ""), request.output)):
        if given is not None and not (pictured and name != "--get"):
            raise UsageError(f"--plot and {name} exclude each other")
    if request.output is None and request.style != "text":
        raise UsageError(f"--plot and --format {request.style} exclude each other")
    request.require_finite(result)
    if pictured:
        from gradcli.pictures.figures import blocks_file

        write_picture(request, blocks_file(blocks_of(result), request.style), request.style)
    else:
        request.print_lines(lambda look: block_lines(result, look, request.coloured))
    request.remark(result.warnings, [*result.notes, *request.cost()])


def write_picture(request: Request, content: str | bytes, kind: str) -> None:
    """Write a picture to the file of -o, else to standard output."""
    from gradcli.render import text
    from gradcli.render.write import write_whole

    if request.output is not None:
        held = content.encode() if isinstance(content, str) else content
        write_whole(request.output, lambda file: file.write(held))
        text.print_remarks([], [f"wrote {request.output}"])
    elif isinstance(content, str):
        text.write_text(content, sys.stdout)
    elif text.terminal_width(sys.stdout) is not None:
        raise UsageError(f".{kind} is no text for a terminal", hint="give a file with -o")
    else:
        text.write_bytes(content, sys.stdout)
