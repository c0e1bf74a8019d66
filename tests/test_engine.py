"""The engine: what runs in tiles over threads equals, to the bit, what runs step by step.

Tiles of a few elements make small arrays run as large ones do.
"""

import itertools
import json

import numpy as np
import pytest
import rowcheck

import gradcli
from gradcli.autodiff import vjp
from gradcli.cli.main import guarded
from gradcli.engine import Plan, pool
from gradcli.engine import plan as plans
from gradcli.engine import regions as regions_module
from gradcli.engine.regions import Region
from gradcli.engine.tiles import Tiling
from gradcli.graph import Arena, Trace, building
from gradcli.language.interpret import Interpreter
from gradcli.language.parser import parse
from gradcli.language.tensors import Tensor, bare
from gradcli.ops.cotangent import Cotangent
from gradcli.ops.leaves import ones_like
from gradcli.simplify import rewrite

LARGE = 1 << 40


@pytest.fixture(autouse=True)
def _threads_for_little(monkeypatch):
    """Threads share the smallest regions too."""
    monkeypatch.setattr(regions_module, "WORTH_THREADS", 0)


def traced(text, kinds=None, **arrays):
    """Leaves and output of an expression."""
    kinds = kinds or {}
    leaves = {name: rowcheck.leaf(a.shape, kinds.get(name, "real")) for name, a in arrays.items()}
    interpreter = Interpreter({name: Tensor(node) for name, node in leaves.items()})
    with building(Trace()):
        value = bare(interpreter.run(parse(text)))
    return leaves, value


def gradients(leaves, value):
    with building(Arena(rewrite)):
        wrt = [node for node in leaves.values() if node.kind == "real"]
        parts = vjp([value], [Cotangent(ones_like(value))], wrt)
    return [part for part in parts if part is not None]


def run(nodes, leaves, arrays, tile, threads=1, dtype=np.float64):
    plan = Plan(nodes, leaves.values(), dtype=dtype, threads=threads)
    plan.tile = tile
    values = {leaves[name].serial: array for name, array in arrays.items()}
    return plan.run(values), plan


def regions(plan):
    return [unit for unit in plan.schedule().units if isinstance(unit, Region)]


def same(found, wanted, exact=True):
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        if exact:
            np.testing.assert_array_equal(a, b)
            # Signs of zeros too; those of NaN say nothing.
            number = ~np.isnan(a)
            np.testing.assert_array_equal(np.signbit(a[number]), np.signbit(b[number]))
        else:
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("op", rowcheck.rows(), ids=lambda op: op.name)
def test_rows_in_tiles(op):
    """Every row, forward and backward, in tiles and without."""
    for sample in rowcheck.samples(op):
        case = rowcheck.Case(op, sample)
        nodes = [*case.outputs, *case.vjp_nodes()]
        nodes = [node for node in nodes if node is not None]
        bound = [*case.leaves, *case.seed_leaves]
        values = zip(bound, [*case.arrays, *case.seeds], strict=True)
        held = {node.serial: array for node, array in values}
        whole, tiled = Plan(nodes, bound), Plan(nodes, bound, threads=2)
        tiled.tile = 2
        for a, b in zip(tiled.run(held), whole.run(held), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


PATTERNS = [
    ("x*y + sin(x)", (6, 7), (6, 7)),
    ("x*y + exp(y)", (6, 7), (7,)),
    ("x*y - x", (6, 1), (1, 7)),
    ("x/y", (6, 7), ()),
    ("x*y", (2, 3, 4), (3, 1)),
    ("tanh(x + y)*x", (5, 1, 4), (1, 3, 1)),
    ("where(x > y, x, y**2)", (4, 5), (4, 1)),
    ("maximum(x, y) * (x < 0.3)", (3, 8), (8,)),
    ("x**2 * sigmoid(y)", (40,), (40,)),
    ("x.T + y", (5, 6), (6, 5)),
    ("x[::2] * y[:, ::-1]", (8, 3), (4, 3)),
    ("(x * 2)[1:] + exp(y)[:-1]", (9, 4), (9, 4)),
    ("exp(x + 0.0*y)", (1, 1, 9), (9, 1, 1)),
]


@pytest.mark.parametrize(("text", "one", "other"), PATTERNS)
def test_elementwise_to_the_bit(text, one, other):
    random = np.random.default_rng(1)
    arrays = {"x": random.standard_normal(one), "y": random.uniform(0.1, 2, other)}
    leaves, value = traced(text, **arrays)
    wanted, _ = run([value], leaves, arrays, LARGE)
    for tile in (1, 3, 8):
        for threads in (1, 2, 5):
            found, plan = run([value], leaves, arrays, tile, threads)
            same(found, wanted)
            assert regions(plan)


@pytest.mark.parametrize(("text", "one", "other"), PATTERNS)
def test_gradients_do_not_depend_on_threads(text, one, other):
    random = np.random.default_rng(2)
    arrays = {"x": random.standard_normal(one), "y": random.uniform(0.1, 2, other)}
    leaves, value = traced(text, **arrays)
    nodes = [value, *gradients(leaves, value)]
    wanted, _ = run(nodes, leaves, arrays, LARGE)
    for tile in (2, 5, 16):
        first, _ = run(nodes, leaves, arrays, tile)
        same(first, wanted, exact=False)
        for threads in (2, 5):
            same(run(nodes, leaves, arrays, tile, threads)[0], first)


REDUCTIONS = ["sum(x*x)", "sum(x*x, axis=0)", "sum(sin(x), axis=-1, keepdims=True)"]
REDUCTIONS += ["sum(x*2, axis=(0, 2))", "sum(exp(x), axis=1)", "sum(x > 0.5, axis=0)"]
REDUCTIONS += ["mean(x) + sum(x**2)", "sum(x*x*1.0, axis=(1, 2))"]


@pytest.mark.parametrize("text", REDUCTIONS)
@pytest.mark.parametrize("shape", [(4, 5, 6), (60, 1, 2), (1, 2, 60), (3, 40, 1)])
def test_reductions(text, shape):
    arrays = {"x": np.random.default_rng(3).standard_normal(shape)}
    leaves, value = traced(text, **arrays)
    wanted, _ = run([value], leaves, arrays, LARGE)
    for tile in (4, 16, 50):
        first, _ = run([value], leaves, arrays, tile)
        same(first, wanted, exact=False)
        same(run([value], leaves, arrays, tile, 3)[0], first)


def test_reductions_run_in_their_region():
    arrays = {"x": np.random.default_rng(3).standard_normal(640)}
    leaves, value = traced("sum(sin(x)*exp(-x**2)+tanh(x))", **arrays)
    _, plan = run([value, *gradients(leaves, value)], leaves, arrays, 64)
    (region,) = regions(plan)
    assert [plan.nodes[end].op.name for end in region.ends] == ["sum"]
    assert len(region.stored) == 1
    assert len(region.buffers) < 8


def test_what_is_cheap_is_computed_again():
    """What is above its mean is needed before and after a reduction: it is not stored."""
    arrays = {"x": np.random.default_rng(3).standard_normal((64, 4))}
    leaves, value = traced("d = x - mean(x)\nexp(d) / sum(exp(d*2)) + d", **arrays)
    wanted, _ = run([value], leaves, arrays, LARGE)
    found, plan = run([value], leaves, arrays, 16)
    same(found, wanted, exact=False)
    first, second = regions(plan)[-2:]
    assert not first.stored
    assert set(first.members) & set(second.members)


def test_what_only_later_regions_need_is_computed_there():
    arrays = {"x": np.random.default_rng(3).standard_normal((64, 4)), "W": np.eye(4)}
    leaves, value = traced("sum(tanh(x @ W) @ W)", **arrays)
    _, plan = run([value, *gradients(leaves, value)], leaves, arrays, 16)
    stored = [plan.nodes[place].op.name for region in regions(plan) for place in region.stored]
    assert "sech" not in stored


def test_arrays_that_die_hold_results():
    """A product is nobody else's: the region behind the product writes where it lay."""
    arrays = {"x": np.random.default_rng(3).standard_normal((64, 4)), "W": np.eye(4)}
    leaves, value = traced("z = x @ W\ntanh(z + 1.0) @ W", **arrays)
    wanted, _ = run([value], leaves, arrays, LARGE)
    for _ in range(2):
        found, plan = run([value], leaves, arrays, 16, 2)
        same(found, wanted, exact=False)
    (region,) = regions(plan)
    assert list(region.reused) == region.stored
    assert plan.schedule().peak()[0] < 4 * 64 * 4 * 8


def test_memory_is_used_again(monkeypatch):
    """What dies in a run serves the next; what is handed out never does."""
    monkeypatch.setattr(pool, "LEAST", 1)
    arrays = {"x": np.random.default_rng(3).standard_normal((64, 4)), "W": np.eye(4)}
    leaves, value = traced("z = x @ W\n(tanh(z) + exp(z)) @ (W * 2)", **arrays)
    results = [run([value], leaves, arrays, 16, 2)[0][0] for _ in range(4)]
    wanted = run([value], leaves, arrays, LARGE)[0][0]
    for result in results:
        np.testing.assert_allclose(result, wanted, rtol=1e-14)
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(results, 2))
    kept = pool.Pool()
    block = kept.take((8, 8), np.float64)
    kept.give(block.T)
    assert np.shares_memory(kept.take((64,), np.float64), block)
    kept.give(np.ones((8, 8)))
    assert kept.take((64,), np.float64) is not None
    monkeypatch.setattr(pool, "KEPT", 1000)
    for _ in range(3):
        kept.give(kept.take((100,), np.float64))
    assert kept._held <= 1000


def test_inputs_and_outputs_are_never_written_over():
    x = np.random.default_rng(3).standard_normal((50, 3))
    before = x.copy()
    leaves, value = traced("exp(detach(x)) + x", x=x)
    found, _ = run([leaves["x"], value], leaves, {"x": x}, 8, 2)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(found[1], np.exp(x) + x)
    result = gradcli.evaluate("sum(x)", {"x": x})
    result.grad["x"][:] = 7
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("order", ["C", "F", "strided", "negative", "repeated"])
def test_layouts(order):
    random = np.random.default_rng(4)
    x = random.standard_normal((12, 10))
    x = {
        "C": x,
        "F": np.asfortranarray(x),
        "strided": random.standard_normal((24, 30))[::2, ::3],
        "negative": x[::-1, ::-1],
        "repeated": np.broadcast_to(x[:1], (12, 10)),
    }[order]
    leaves, value = traced("sum(sin(x)*x, axis=0) + sum(x)", x=x)
    nodes = [value, *gradients(leaves, value)]
    wanted, _ = run(nodes, leaves, {"x": x}, LARGE)
    for tile in (3, 16, 64):
        same(run(nodes, leaves, {"x": x}, tile, 2)[0], wanted, exact=False)
    leaves, value = traced("sin(x)*x", x=x)
    same(run([value], leaves, {"x": x}, 8, 2)[0], run([value], leaves, {"x": x}, LARGE)[0])


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (), (1,), (1, 1, 1)])
def test_no_elements_and_single_ones(shape):
    x = np.full(shape, 0.5)
    leaves, value = traced("sum(sin(x)*x) + 1", x=x)
    nodes = [value, *gradients(leaves, value)]
    same(run(nodes, leaves, {"x": x}, 1)[0], run(nodes, leaves, {"x": x}, LARGE)[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_and_kinds(dtype):
    random = np.random.default_rng(5)
    arrays = {"x": random.standard_normal((9, 8)).astype(dtype), "m": random.random((9, 1)) < 0.5}
    leaves, value = traced(
        "where(m, x, 0.5)*(x > 0) + (m & (x < 1)) + floor(x) % 3 + round(x)//2",
        kinds={"m": "bool"},
        **arrays,
    )
    nodes = [value, *gradients(leaves, value)]
    wanted, _ = run([value], leaves, arrays, LARGE, dtype=dtype)
    assert wanted[0].dtype == dtype
    same(run([value], leaves, arrays, 8, 2, dtype)[0], wanted)
    first, _ = run(nodes, leaves, arrays, LARGE, dtype=dtype)
    for a, b in zip(run(nodes, leaves, arrays, 8, 2, dtype)[0], first, strict=True):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_special_values_without_warnings():
    """In threads too: what NumPy warns of belongs to a thread."""
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, 700.0, -800.0]
    arrays = {"x": np.array(special * 5), "y": np.repeat(special, 5)}
    text = "x/y + exp(x) - log(y) + x**2*y + sqrt(x) + tanh(y)/x"
    leaves, value = traced(text, **arrays)
    nodes = [value, *gradients(leaves, value)]
    wanted, _ = run(nodes, leaves, arrays, LARGE)
    for tile in (1, 7):
        same(run(nodes, leaves, arrays, tile, 5)[0], wanted)


def test_one_point_and_many_agree_to_the_bit():
    x = np.random.default_rng(6).standard_normal(40_000)
    compiled = gradcli.compile("sum(sin(x)*exp(-x**2)+tanh(x)/(1+x*x))")
    many = compiled.evaluate({"x": x}).grad["x"]
    for place in (0, 1, 17_000, 39_999):
        assert compiled.evaluate({"x": x[place]}).grad["x"] == many[place]
        assert compiled.evaluate({"x": x[place : place + 3]}).grad["x"][0] == many[place]


def test_batched_runs_in_tiles():
    """A leading batch axis, with operands of lower rank and without it."""
    random = np.random.default_rng(7)
    a, b = random.standard_normal((30, 4)), random.standard_normal((3, 4))
    leaves = {"a": rowcheck.leaf((4,)), "b": rowcheck.leaf((3, 4))}
    interpreter = Interpreter({name: Tensor(node) for name, node in leaves.items()})
    with building(Trace()):
        value = bare(interpreter.run(parse("sum(sin(a)*b + b, axis=1)*2 + a[0]")))
    plan = Plan([value], leaves.values(), [leaves["a"]], threads=2)
    plan.tile = 16
    (found,) = plan.run({leaves["a"].serial: a, leaves["b"].serial: b})
    wanted = (np.sin(a)[:, None] * b + b).sum(-1) * 2 + a[:, :1]
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize("text", ["softmax(x @ W) @ W.T", "x @ W / sum(x)", "W.T @ x.T"])
def test_contractions_between_regions(text, monkeypatch):
    monkeypatch.setattr(plans, "TILE", 16)
    random = np.random.default_rng(8)
    inputs = {"x": random.standard_normal((20, 6)), "W": random.standard_normal((6, 5))}
    found = gradcli.evaluate(f"sum(({text})**2)", inputs)
    monkeypatch.setattr(plans, "TILE", LARGE)
    wanted = gradcli.evaluate(f"sum(({text})**2)", inputs)
    np.testing.assert_allclose(found.value, wanted.value, rtol=1e-13)
    for name in inputs:
        np.testing.assert_allclose(found.grad[name], wanted.grad[name], rtol=1e-12, atol=1e-13)


def test_tilings_cover_everything_once():
    for shape in [(7,), (3, 5), (2, 1, 9), (4, 4, 4), (1, 1, 30), (50, 2)]:
        for tile in (1, 4, 7, 100):
            tiling = Tiling(shape, [], [frozenset([0])], tile)
            seen = np.zeros(tiling.extents, int)
            for number in range(tiling.count):
                outer, _, span = tiling.index(number)
                seen[(*outer, span)] += 1
                assert seen[(*outer, span)].size <= max(tile, 1)
            assert (seen == 1).all()
            assert seen.size == np.prod(shape)


def test_failures_in_threads_are_raised(monkeypatch):
    def refuse(*arrays):
        raise MemoryError("no room")

    leaves, value = traced("softplus(x)", x=np.ones(64))
    plan = Plan([value], leaves.values(), threads=3)
    plan.tile = 4
    monkeypatch.setattr(value.op, "ufunc", refuse)
    with pytest.raises(MemoryError, match="no room"):
        plan.run({leaves["x"].serial: np.ones(64)})


def test_stats_say_what_was_run(capsys):
    words = ["eval", "sum(sin(x)*x) + sum((x[:300] @ eye(300)))", "--x", "linspace(0,1,100000)"]
    assert guarded([*words, "--json", "--stats", "--threads", "2"]) == 0
    stats = json.loads(capsys.readouterr().out)["stats"]
    assert stats["regions"] == 1
    assert stats["threads"] == 2
    assert stats["seconds"] >= stats["engine_seconds"] > 0
    biggest = {one["step"]: one["shape"] for one in stats["biggest"]}
    assert biggest["contract"] == [300]
    assert [100_000] in biggest.values()
    # The gradient, and little beside it: buffers are as large as a tile.
    assert 8 * 100_000 < stats["peak_memory"] < 5 * 8 * 100_000
    assert guarded([*words, "--get", "value", "--stats"]) == 0
    printed = capsys.readouterr()
    assert float(printed.out) > 0
    assert "1 region, " in printed.err
    assert "region: sin, multiply" in printed.err


def test_stats_count_seeds_as_passes(capsys):
    assert guarded(["jacobian", "cumsum(x**2)", "--x", "1,2,3", "--json", "--stats"]) == 0
    assert json.loads(capsys.readouterr().out)["stats"]["passes"] >= 3


def test_threads_are_a_setting():
    x = np.linspace(0, 1, 50_000)
    one = gradcli.evaluate("sum(sin(x)*x)", {"x": x}, threads=1)
    many = gradcli.evaluate("sum(sin(x)*x)", {"x": x}, threads=5)
    same([one.value, one.grad["x"]], [many.value, many.grad["x"]])
    with pytest.raises(gradcli.GradcliError, match="threads is a number from 1"):
        gradcli.evaluate("1", threads=0)


def test_a_chain_holds_its_input_and_its_gradient():
    """Whatever happens between them happens in tiles."""
    text = "x"
    for _ in range(10):
        text = f"tanh(sin({text})*1.01)"
    arrays = {"x": np.linspace(0, 1, 1_000_000)}
    leaves, value = traced(f"sum({text})", **arrays)
    _, plan = run([value, *gradients(leaves, value)], leaves, arrays, plans.TILE, 2)
    assert len(regions(plan)) == 1
    assert plan.peak()[0] < 1.5 * arrays["x"].nbytes
