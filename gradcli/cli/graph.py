"""`gradcli graph`: the computation as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import picture_options, seed_option
from gradcli.cli.pictures import write_picture
from gradcli.cli.request import Request, pasteable
from gradcli.errors import SeedError, UsageError

if TYPE_CHECKING:
    from gradcli.pictures.picture import Picture
    from gradcli.recording import Recording

KINDS = {
    "tree": "txt", "dot": "dot", "mermaid": "mmd", "svg": "svg", "html": "html", "png": "png",
    "pdf": "pdf", "json": "json",
}  # fmt: skip
"""What a graph is shown as, with the ending of such files."""


@click.command("graph")
@picture_options
@seed_option("What flows back is that of sum(seed*output); of the output's shape, or `ones`.")
@click.option(
    "--as", "kind", type=click.Choice([*KINDS]),
    help="What to show it as; by default a tree, or by the ending of -o.",
)  # fmt: skip
@click.option("--backward", is_flag=True, help="The way back of the derivative too, as a graph.")
@click.option(
    "--depth", type=click.IntRange(0), metavar="N",
    help="Unfold N levels of calls and loops; by default as many as are readable.",
)  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="Write to FILE (.svg, .html, ...).")
@click.pass_context
def graph_command(context: click.Context, /, **options: Any) -> None:
    """The computation of EXPRESSION as a graph, with the numbers that flow through it and back.

    \b
      gradcli graph "x - sum(x)" --x 1,2,3 --seed ones
      gradcli graph -f mlp.py --inputs mlp.npz -o mlp.html
      gradcli graph "sum(sin(x)*x)" --x 1,2 --backward --as mermaid

    The HTML page needs no network: it moves, zooms, and tells each number on hover. PNG and PDF
    are drawn by matplotlib.
    """
    request = Request(context, options)
    kind = _kind(options["kind"], options["as_json"], options["output"])
    recording = _recorded(request, options)
    from gradcli.pictures.computation import Computation

    computation = Computation(recording, options["backward"])
    if kind == "json":
        from gradcli.pictures.facts import graph_object, numbers
        from gradcli.render.data import json_text

        request.check_count(numbers(computation))
        content: str | bytes = json_text(graph_object(computation, request.shown_source())) + "\n"
        if options["output"] is None:
            write_picture(request, content, kind)
            return
    else:
        from gradcli.pictures.picture import Picture

        picture = Picture(computation, options["depth"])
        if kind == "tree" and options["output"] is None:
            from gradcli.pictures.tree import tree_lines

            request.print_lines(lambda look: tree_lines(picture, look))
            request.remark(recording.warnings, recording.notes)
            return
        content = _written(picture, kind)
    write_picture(request, content, kind)
    request.remark(recording.warnings, recording.notes)


def _kind(kind: str | None, as_json: bool, output: str | None) -> str:
    """What to show the graph as. Raises UsageError where options contradict each other."""
    asked = [kind, "json" if as_json else None]
    if output is not None:
        ending = output.rpartition(".")[2].lower()
        known = [name for name, own in KINDS.items() if ending in (own, name)]
        known += ["dot"] if ending == "gv" else ["html"] if ending == "htm" else []
        if not known and kind is None and not as_json:
            endings = ", ".join(f".{own}" for own in KINDS.values())
            raise UsageError(
                f"{output} is not a kind of file that is written", hint=f"it writes {endings}"
            )
        asked += known[:1]
    wanted = [*dict.fromkeys([one for one in asked if one is not None])]
    if len(wanted) > 1:
        raise UsageError(f"{wanted[0]} and {wanted[1]} exclude each other")
    return wanted[0] if wanted else "tree"


def _recorded(request: Request, options: dict[str, Any]) -> Recording:
    """The run, with what flows back where it is known what that is."""
    run = request.traced()
    seeds, single = request.seeds, len(run.outputs) == 1 and run.outputs[0].size == 1
    back = single or seeds is not None or options["backward"]
    try:
        found = run.recorded(seeds, request.wrt, back)
    except SeedError as error:
        if seeds is None:
            error.notes = pasteable(request, len(run.outputs))
        raise
    if not back:
        found.notes.append("the output is no single number: --seed ones shows what flows back too")
    return found


def _written(picture: Picture, kind: str) -> str | bytes:
    """The picture as the content of a file."""
    if kind == "tree":
        from gradcli.pictures.tree import tree_lines
        from gradcli.render.layout import Look

        lines = tree_lines(picture, Look(None, None))
        return "".join(["".join([text for text, _ in line]).rstrip() + "\n" for line in lines])
    if kind == "dot":
        from gradcli.pictures.dot import dot_text

        return dot_text(picture)
    if kind == "mermaid":
        from gradcli.pictures.dot import mermaid_text

        return mermaid_text(picture)
    if kind == "svg":
        from gradcli.pictures.svg import svg_text

        return svg_text(picture)
    if kind == "html":
        from gradcli.pictures.page import page_text

        return page_text(picture)
    from gradcli.pictures.figures import graph_file
    from gradcli.pictures.layout import scene_of

    return graph_file(picture, scene_of(picture), kind)
