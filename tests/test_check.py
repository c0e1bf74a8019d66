"""`gradcli check`: right rows pass, every wrong one is found, claims and likely mistakes."""

import json

import numpy as np
import planting
import pytest
import rowcheck

from gradcli.cli.main import guarded
from gradcli.ops.elementwise import Elementwise
from gradcli.session import Program
from gradcli.settings import Settings
from gradcli.trust.checking import check
from gradcli.trust.forward import Forward
from gradcli.trust.numeric import complex_step

ROWS = [
    pytest.param(op, rowcheck.samples(op)[0], id=op.name)
    for op in rowcheck.rows()
    if planting.run_of(op, rowcheck.samples(op)[0]) is not None
]


@pytest.mark.parametrize(("op", "sample"), ROWS)
def test_right_rows_pass(op, sample):
    run = planting.run_of(op, sample)
    result = check(run, seed=planting.seed_for(run))
    assert result.ok, result.outputs[0].facts()
    for block in result.outputs[0].blocks:
        for found in block.sources.values():
            assert found.unsure == 0
            assert found.digits is None or found.digits >= 8


# Where the rule is zero all over the box there is nothing for a factor to show.
FLAT = {"heaviside-1"}
PLANTED = [
    pytest.param(op, plant, id=name)
    for op, _ in [param.values for param in ROWS]
    for name, plant in planting.planted(op)
    if name not in FLAT
]


def test_every_row_with_a_rule_is_planted():
    planted = {param.values[0].name for param in PLANTED}
    for op in rowcheck.rows():
        rules = op.rules if isinstance(op, Elementwise) else [getattr(op, "rule", op)]
        if op.differentiable and any(rules) and op.name not in planted:
            assert all(rule is None or op.name in ("heaviside",) for rule in rules), op.name


@pytest.mark.parametrize(("op", "plant"), PLANTED)
def test_a_wrong_rule_is_found(op, plant):
    """On one of the samples: on another, all may belong to the other operand of a maximum."""
    with plant():
        runs = (planting.run_of(op, sample) for sample in rowcheck.samples(op))
        assert any(not check(run, seed=planting.seed_for(run)).ok for run in runs)


ANALYTIC = [param for param in ROWS if param.values[0].analytic]


@pytest.mark.parametrize(("op", "sample"), ANALYTIC)
def test_what_says_it_is_analytic_is(op, sample):
    """The complex step gives the derivative to all digits."""
    run = planting.run_of(op, sample)
    seed = planting.seed_for(run)
    found = run.evaluate(seed).grad
    for name, node in run.traced.inputs.items():
        if node.kind == "real":
            forward = Forward(run.outputs, run.values, node)
            stepped = complex_step(forward, np.arange(node.size), seed)
            assert stepped is not None
            np.testing.assert_allclose(stepped[0], found[name].ravel(), 1e-13, 1e-14)


def checked(source, inputs, settings=None, **options):
    return check(Program(source, settings=settings).trace(inputs), **options)


@pytest.mark.parametrize(
    ("source", "x", "kinks"),
    [
        ("sum(abs(x))", [0.0, 1e-5, -2], [[0]]),
        ("max(x)", [1.0, 3, 3], [[1], [2]]),
        ("norm(x)", [0.0, 0], [[0], [1]]),
        ("sum(clip(x, 0, 1))", [0, 0.5, 1, 2], [[0], [2]]),
        ("sum(sqrt(x))", [0.0, 4], [[0]]),
        ("std(x)", [2.0, 2, 2], [[0], [1], [2]]),
        ("floor(x)", 2.0, [[]]),
        ("x**3", 0.0, []),
        ("sum(relu(x - 1))", [1 + 1e-6, 3], []),
        ("sin(100*x)", 1.0, []),
        ("sum(where(x > 0, sqrt(x), 0))", [-1.0, 4], []),
        ("log(x)", 1e-300, []),
        ("sum(exp(x))", [700.0, -700], []),
        ("prod(x)", [2.0, 0, 0], []),
        ("1e10 + x", 1.0, []),
        ("sin(x + 1)", 1e-9, []),
        ("u = detach(x*x); u*x", 3.0, []),
        ("x if x < 2 else x**2", 3.0, []),
        ("grad(x**4, x)", 2.0, []),
    ],
)
def test_kinks_and_hard_points(source, x, kinks):
    result = checked(source, {"x": x}, seed="ones")
    assert result.ok, result.outputs[0].facts()
    (block,) = result.outputs[0].blocks
    assert [kink["index"] for kink in block.kinks] == kinks
    assert all(kink["between"] for kink in block.kinks)


def test_what_differences_cannot_see_at_kinks_is_bounded(monkeypatch):
    """A convention outside the one-sided derivatives is found."""
    from gradcli.graph import OPS

    monkeypatch.setattr(OPS["abs"], "rules", [lambda g, y, x: g * 1.5])
    assert not checked("abs(x)", {"x": 0.0}).ok


def test_single_precision_is_judged_in_double():
    result = checked("sum(exp(x)/3)", {"x": np.float32([0.1, 7])}, Settings(dtype="float32"))
    assert result.ok
    (block,) = result.outputs[0].blocks
    assert 6 <= block.sources["differences"].digits <= 9


def test_second_order_finds_what_the_first_does_not(monkeypatch):
    from gradcli.graph import OPS
    from gradcli.ops.rows.arithmetic import detach

    right = OPS["sin"].rules[0]
    wrong = [lambda g, y, x: g * detach(right(1.0 + 0.0 * g, y, x))]
    assert checked("sum(sin(x)*y)", {"x": [1.0, 2], "y": 3}, kind="hessian").ok
    monkeypatch.setattr(OPS["sin"], "rules", wrong)
    assert checked("sin(x)", {"x": 1.0}).ok
    assert not checked("sin(x)", {"x": 1.0}, kind="hessian").ok


def test_many_elements_are_sampled():
    result = checked("sum(sin(x))", {"x": np.linspace(0, 1, 20_000)})
    (block,) = result.outputs[0].blocks
    assert result.ok
    assert 8 <= len(block.chosen) < 20_000


CLAIMS = [
    ("sum(x**2)", "--x 3,4,10", "x=6,8,20", None),
    ("sum(x**2)", "--x 3,4,10", "x=3,4,10", "a factor of 2 is missing"),
    ("sum(x**2)", "--x 3,4,10", "x=-6,-8,-20", "the sign"),
    ("sum(x**2)", "--x 3,4,10", "x=-3,-4,-10", "the sign, and a factor of 2 is missing"),
    ("sum(x**2)", "--x 3,4,10", "x=2,8/3,20/3", "divided by n = 3"),
    ("mean(x**2)", "--x 3,4,10", "x=6,8,20", "of a sum, where the program has a mean"),
    ("sum(x)/3", "--x 3,4,10", "x=1,1,1", "multiplied by n = 3"),
    ("sum((X*w)**2)", "--X 1,2;3,4 --w 1,2", "w=2,16;18,64", "broadcast axis 0"),
    ("sum((X*w)**2)", "--X 1,2;3,4 --w 3", "w=6,24;54,96", "broadcast axes 0, 1"),
    ("sum((X*w)**2)", "--X 1,2;3,4 --w 1,2", "w=1,8;9,32", "a factor of 2 is missing"),
    ("sum((X @ w)**2)", "--X 1,2;3,4 --w 1,2", "X=10,22;20,44", "transposed"),
    ("sum((X @ w)**2)", "--X 1,2,3;3,4,5 --w 1,2,1", "X=16,32;32,64;16,32", "transposed"),
    ("sum(X*w)", "--X 1,2;3,4 --w 1,2", "X=2,4", "summed over axis 0"),
    ("sum(x*sin(x))", "--x 1,2,3", "x=sin([1.0,2.0,3.0])", "through `sin(x)`"),
    ("sum(x**2) + sum(sin(x))", "--x 1,2,3", "x=2,4,6", "through `sin(x)`"),
    ("sum(x**2) - sum(sin(x))", "--x 1,2,3", "x=2+cos(1.),4+cos(2.),6+cos(3.)", "the sign of the"),
    ("sum(x - sum(x))", "--x 1,2,3", "x=1,1,1", "through"),
    ("prod(x)", "--x 2,3,4", "x=8,12,6", None),
    ("sum(x**2)", "--x 3,4,10", "x=20,8,6", "backwards"),
    ("sum(x**2)", "--x 3,4,10", "x=6,8,0", "0 where it is wrong"),
    ("abs(x)", "--x 0", "x=0.25", "between"),
    ("sin(x)", "--x pi/2", "x=0", None),
]


@pytest.mark.parametrize(("source", "inputs", "claim", "says"), CLAIMS)
def test_claims(source, inputs, claim, says, capsys):
    words = ["check", source, *inputs.split(), "--claim", claim]
    status = guarded(words)
    shown = capsys.readouterr().out
    right = says in (None, "between") and not source.startswith("prod")
    assert status == (0 if right else 1), shown
    assert f"claim {claim.partition('=')[0]}  {'holds' if right else 'does not'}" in shown
    assert (says or "") in shown
    assert guarded([*words, "--json"]) == status
    assert json.loads(capsys.readouterr().out)["ok"] == right


def test_claims_about_jacobians_and_hessians(capsys, tmp_path):
    np.save(tmp_path / "mine.npy", np.array([[1.0, 3], [2, 4]]))
    mine = f"x=@{tmp_path}/mine.npy"
    jacobian = ["check", "A @ x", "--A", "1,2;3,4", "--x", "5,6", "--jacobian", "--wrt", "x"]
    assert guarded([*jacobian, "--claim", "x=1,2;3,4"]) == 0
    assert guarded([*jacobian, "--claim", mine]) == 1
    assert "transposed" in capsys.readouterr().out
    hessian = ["check", "sum(x**3)*y", "--x", "1,2", "--y", "3", "--hessian"]
    assert guarded([*hessian, "--claim", "x=18,0;0,36", "--claim", "x,y=3,12"]) == 0
    assert guarded([*hessian, "--claim", "x=9,0;0,18"]) == 1
    assert "a factor of 2" in capsys.readouterr().out


def test_tolerances(capsys):
    words = ["check", "x**2", "--x", "3", "--claim", "x=6.001"]
    assert guarded(words) == 1
    assert guarded([*words, "--rtol", "1e-3"]) == 0
    assert guarded([*words, "--atol", "0.01"]) == 0
    # Beside a small derivative, another as small is no equal.
    assert guarded(["check", "1e-12*x", "--x", "3", "--claim", "x=2e-12"]) == 1
    assert guarded(["check", "1/x", "--x", "0", "--claim", "x=5"]) == 1
    capsys.readouterr()


def test_a_wrong_rule_is_found_where_values_grow_fast(monkeypatch):
    """Values at the first, long steps are of another order than those at the point."""
    from gradcli.graph import OPS

    checked("sinh(x)", {"x": 1.0})
    monkeypatch.setattr(OPS["sinh"], "rules", [lambda g, y, x: g * 1.001])
    assert not checked("sinh(x)", {"x": -590.0}).ok


def test_what_could_not_be_decided_is_no_success(capsys):
    assert guarded(["check", "log(x)", "--x", "-1"]) == 1
    assert "undecided" in capsys.readouterr().out


def test_elements_that_were_not_chosen_are_checked_together(monkeypatch):
    from gradcli.graph import OPS

    source, inputs = "sum(where(arange(5000) == 4321, sin(x), x))", {"x": np.linspace(1, 2, 5000)}
    result = checked(source, inputs)
    assert result.ok
    assert result.outputs[0].blocks[0].sources["all, along a direction"].digits >= 8
    assert 4321 not in result.outputs[0].blocks[0].chosen
    monkeypatch.setattr(OPS["sin"], "rules", [lambda g, y, x: g * 0.5])
    assert not checked(source, inputs).ok
