"""Reference vectors: values and derivatives of functions at points that find mistakes.

Each is computed, then held against the other sources of `check`; what does not agree, or could not
be decided, is left out. Equal seeds give equal vectors, whatever else is asked for beside them.
"""

from __future__ import annotations

import ast
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradcliError, NameProblem, did_you_mean
from gradcli.language.parser import parse
from gradcli.ops.binding import SPELLED, Function, find, find_bare, load_all
from gradcli.ops.conventions import EDGES
from gradcli.session import Program
from gradcli.settings import Settings
from gradcli.trust.checking import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradcli.run import Run

    Array = np.ndarray[Any, Any]

REGIONS = ("middle", "edge", "kink", "large", "small")
SCALES = {"large": (10.0, 1e3, 1e8), "small": (1e-2, 1e-5, 1e-12)}
SENSITIVE = 1e5
NAMES = "xyzuvw"
SHAPES: dict[int, list[tuple[tuple[int, ...], ...]]] = {
    1: [((3,),), ((),), ((2, 2),)],
    2: [((3,), (3,)), ((2, 3), (3,)), ((), (2,))],
    3: [((3,), (3,), (3,)), ((2, 3), (), (3,))],
}
"""Shapes of operands in turn: equal ones, and some that broadcast."""


class Vector:
    """A function at a point: its value, and its products with a seed and with tangents.

    region: of `REGIONS`. convention: whether the derivative there is a choice, which others may
    have made otherwise. digits: to how many differences agree with it.
    """

    def __init__(self, name: str, spellings: tuple[str, ...], expr: str, region: str) -> None:
        self.name = name
        self.spellings = spellings
        self.expr = expr
        self.region = region
        self.inputs: dict[str, Array] = {}
        self.value: Array
        self.seed: Array
        self.tangents: dict[str, Array] = {}
        self.vjp: dict[str, Array] = {}
        self.jvp: Array
        self.convention = False
        self.digits: int | None = None


def all_functions() -> list[str]:
    """A spelling of every function, each once."""
    load_all()
    found = dict.fromkeys(SPELLED.values())
    return [function.spellings[0] for function in found if function.example]


def vectors(
    name: str, inputs: Mapping[str, Array] | None = None, *, count: int = 4, random_seed: int = 0
) -> Iterator[Vector]:
    """Vectors of a function, by any of its spellings, or of an expression at given inputs.

    count: how many in each region, where there are as many. Raises NameProblem for what is neither.
    """
    generator = np.random.default_rng([random_seed, zlib.crc32(name.encode())])
    load_all()
    function = find_bare(name) or find(name.replace("F.", "torch.nn.functional.", 1))
    if function is not None:
        points = _points_of(function, generator, count)
        shown, spellings = name, function.spellings
    elif not name.replace(".", "").isidentifier():
        points = _points_around(name, dict(inputs or {}), generator, count)
        shown, spellings = name, ()
    else:
        hint = did_you_mean(name, list(SPELLED)) or "`gradcli ops` lists them"
        raise NameProblem(f"there is no function `{name}`", hint=hint)
    found = dict.fromkeys(REGIONS, 0)
    for expr, region, point in points:
        if found[region] >= count:
            continue
        for vector in _vectors_at(shown, spellings, expr, region, point, generator):
            found[region] += 1
            yield vector


def _vectors_at(
    name: str,
    spellings: tuple[str, ...],
    expr: str,
    region: str,
    point: dict[str, Array],
    generator: np.random.Generator,
) -> Iterator[Vector]:
    """The vectors at a point: one for each real output; none where it does not agree."""
    try:
        run = Program(expr, settings=Settings(random_seed=0)).trace(point)
    except GradcliError:
        return
    count = len(run.outputs)
    if count > 1:
        for place, output in enumerate(run.outputs):
            if output.kind == "real":
                part = f"({expr})[{place}]"
                yield from _vectors_at(name, spellings, part, region, point, generator)
        return
    vector = Vector(name, spellings, expr, region)
    vector.inputs = point
    if _computed(vector, run, generator):
        yield vector


def _computed(vector: Vector, run: Run, generator: np.random.Generator) -> bool:
    """Fill a vector; whether it holds."""
    (output,) = run.outputs
    wanted = [one for one in run.wanted(None) if one.size]
    if output.kind != "real" or not output.size or not wanted:
        return False
    vector.seed = generator.uniform(0.5, 1.5, output.shape)
    vector.tangents = {one.label: generator.uniform(-1, 1, one.shape) for one in wanted}
    try:
        found = run.evaluate(vector.seed)
        vector.value, vector.vjp = found.value, found.grad
        vector.jvp = run.jvp(vector.tangents).tangent
        checked = check(run, seed=vector.seed)
    except GradcliError:
        return False
    numbers = [vector.value, vector.jvp, *vector.vjp.values()]
    edge = vector.region in ("edge", "kink")
    if any(np.isnan(array).any() for array in numbers):
        return False
    if not edge and not all(np.isfinite(array).all() for array in numbers):
        return False
    if vector.region == "large" and _sensitive(vector):
        return False
    blocks = checked.outputs[0].blocks
    sources = [source for block in blocks for source in block.sources.values()]
    known = [block.sources["differences"].digits for block in blocks]
    vector.digits = min((digits for digits in known if digits is not None), default=None)
    vector.convention = vector.region == "kink" or any(block.kinks for block in blocks)
    return checked.ok and not any(source.unsure for source in sources)


def _sensitive(vector: Vector) -> bool:
    """Whether rounding an input changes the value by many roundings, as of a wave far out.

    There no library has all digits, and a reference would be none.
    """
    moved = sum(
        float(np.abs(vector.inputs[name] * part).max(initial=0))
        for name, part in vector.vjp.items()
    )
    return moved > SENSITIVE * float(np.abs(vector.seed * vector.value).max(initial=0))


# --- points of functions -------------------------------------------------------------------------


def _points_of(
    function: Function, generator: np.random.Generator, count: int
) -> Iterator[tuple[str, str, dict[str, Array]]]:
    if function.row is not None:
        yield from _points_of_row(function, generator, count)
    else:
        yield from _points_of_example(function, generator, count)
    for edge in EDGES:
        head = edge.call.partition("(")[0]
        if head in function.spellings or SPELLED.get(head) is function:
            yield edge.call, "kink", {"x": np.array(edge.x, np.float64)}


def _points_of_row(
    function: Function, generator: np.random.Generator, count: int
) -> Iterator[tuple[str, str, dict[str, Array]]]:
    row = function.row
    assert row is not None
    names = NAMES[: row.arity]
    expr = f"{function.spellings[0]}({', '.join(names)})"
    shapes = SHAPES.get(row.arity, [((3,),) * row.arity])

    def drawn(shape: tuple[int, ...], place: int, low: float, high: float) -> Array:
        box = row.box[place]
        if isinstance(box, str):
            return _worded(box, shape, generator)
        a, b = box
        return a + (b - a) * generator.uniform(low, high, shape)

    def points(region: str, low: float, high: float, times: int) -> Iterator[Any]:
        for k in range(times):
            one = shapes[k % len(shapes)]
            yield (
                expr,
                region,
                {
                    name: drawn(shape, place, low, high)
                    for place, (name, shape) in enumerate(zip(names, one, strict=True))
                },
            )

    yield from points("middle", 0.05, 0.95, 3 * count)
    yield from points("edge", 0.0, 1e-6, 2 * count)
    yield from points("edge", 1 - 1e-6, 1.0, 2 * count)
    for point, _ in row.kinks:
        yield expr, "kink", {name: np.array(x) for name, x in zip(names, point, strict=True)}
    for region, scales in SCALES.items():
        for _, _, point in points(region, 0.05, 0.95, 2 * count):
            scale = scales[int(generator.integers(len(scales)))]
            yield (
                expr,
                region,
                {name: x * scale if x.dtype == np.float64 else x for name, x in point.items()},
            )


def _worded(word: str, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Operands that are no real numbers: masks, and whole orders."""
    if word == "mask":
        return generator.uniform(size=shape) < 0.6
    return generator.integers(0, 3, shape)


def _points_of_example(
    function: Function, generator: np.random.Generator, count: int
) -> Iterator[tuple[str, str, dict[str, Array]]]:
    """Points around those of a function's example."""
    expr, base = lifted(function.example)
    yield expr, "middle", base
    yield from _around(expr, base, generator, count)


def _points_around(
    expr: str, base: dict[str, Array], generator: np.random.Generator, count: int
) -> Iterator[tuple[str, str, dict[str, Array]]]:
    Program(expr).trace(base)  # raises what is wrong with it
    yield expr, "middle", base
    yield expr, "kink", {name: np.round(array) for name, array in base.items()}
    yield expr, "kink", {name: np.zeros_like(array) for name, array in base.items()}
    yield expr, "kink", {name: np.ones_like(array) for name, array in base.items()}
    yield from _around(expr, base, generator, count)


def _around(
    expr: str, base: dict[str, Array], generator: np.random.Generator, count: int
) -> Iterator[tuple[str, str, dict[str, Array]]]:
    for _ in range(2 * count):
        yield (
            expr,
            "middle",
            {
                name: array * (1 + 0.2 * generator.uniform(-1, 1, array.shape))
                for name, array in base.items()
            },
        )
    for region, scales in SCALES.items():
        for k in range(2 * count):
            scale = scales[k % len(scales)]
            yield (
                expr,
                region,
                {
                    name: scale * array * (1 + 0.2 * generator.uniform(-1, 1, array.shape))
                    for name, array in base.items()
                },
            )


def lifted(example: str) -> tuple[str, dict[str, Array]]:
    """A call with its lists of numbers with a point made inputs: its text, and their values."""
    tree = parse(example)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    free = [name for name in [*NAMES, *[f"x{k}" for k in range(9)]] if name not in used]
    inputs: dict[str, Array] = {}

    class Lifted(ast.NodeTransformer):
        def visit_List(self, node: ast.List) -> ast.AST:
            try:
                array = np.array(ast.literal_eval(node))
            except ValueError:
                return self.generic_visit(node)
            if array.dtype.kind != "f":
                return node
            name = free[len(inputs)]
            inputs[name] = array
            return ast.Name(name, ast.Load())

    text = ast.unparse(Lifted().visit(tree))
    return text, inputs
