"""Patterns of dependence: supersets of every Jacobian, and tight where the structure is plain."""

import numpy as np
import pytest
import rowcheck

import gradcli
from gradcli import jacobians
from gradcli.autodiff.sparsity import patterns
from gradcli.cli.main import guarded
from gradcli.errors import ArgumentError, LimitError
from gradcli.session import Program

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{place}")
    for op in rowcheck.rows()
    for place, sample in enumerate(rowcheck.samples(op))
]


def dense(pattern):
    """A pattern as an array of booleans."""
    if pattern.full:
        return np.ones((pattern.rows, pattern.columns), bool)
    found = np.zeros((pattern.rows, pattern.columns), bool)
    found[pattern.pairs()] = True
    return found


def jacobian_of_case(case, output):
    """All derivatives of an output by the real operands, column by column."""
    columns = []
    place = case.smooth.index(output)
    for k, leaf in zip(case.real, [case.arrays[k] for k in case.real], strict=True):
        for unit in range(leaf.size):
            case.tangents = [np.zeros(case.arrays[j].shape) for j in case.real]
            case.tangents[case.real.index(k)].flat[unit] = 1
            found, _ = case.run(case.jvp_nodes())
            part = found[place]
            columns.append(np.zeros(output.size) if part is None else part.ravel())
    return np.stack(columns, -1)


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_a_row_depends_on_no_more_than_its_pattern(op, sample):
    case = rowcheck.Case(op, sample)
    if not case.real:
        return
    leaves = [case.leaves[k] for k in case.real]
    for output, pattern in zip(case.smooth, patterns(case.smooth, leaves), strict=True):
        matrix = jacobian_of_case(case, output)
        assert matrix.shape == (pattern.rows, pattern.columns)
        assert not (matrix.astype(bool) & ~dense(pattern)).any()


CALLS = [pytest.param(f, id=f.spellings[0]) for f in rowcheck.calls() if f.example][::3]


@pytest.mark.parametrize("found", CALLS)
def test_nor_does_a_function_as_its_example_calls_it(found):
    case = rowcheck.Call(found, found.example)
    if not case.real or not case.smooth:
        return
    leaves = [case.leaves[k] for k in case.real]
    for output, pattern in zip(case.smooth, patterns(case.smooth, leaves), strict=True):
        matrix = np.nan_to_num(jacobian_of_case(case, output), nan=1.0)
        assert not (matrix.astype(bool) & ~dense(pattern)).any()


# --- patterns of programs ------------------------------------------------------------------------


def pattern(expr, inputs, wrt=None):
    """The pattern of a program's only output, as an array of booleans."""
    run = Program(expr).trace(inputs)
    nodes = [one.node for one in run.wanted(wrt)]
    return dense(patterns(run.outputs, nodes)[0])


def band(size, below, above):
    return np.tri(size, size, above, bool) & ~np.tri(size, size, -below - 1, bool)


N = 12
X = np.linspace(0.1, 0.9, N)
BANDED = "A = [[2.,1,0,0],[1,2,1,0],[0,1,2,1],[0,0,1,2]]; "
PINNED = [
    ("sin(x) * 3 + x", np.eye(N)),
    ("x[1:-1] * (x[:-2] + x[2:])", band(N, 0, 2)[: N - 2]),
    ("roll(x, 1) - 2*x + roll(x, -1) + x**3", np.eye(N) + np.eye(N)[[-1, *range(N - 1)]]
     + np.eye(N)[[*range(1, N), 0]]),
    ("100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2", band(N, 0, 1)[:-1]),
    ("cumsum(x)", np.tri(N)),
    ("diff(x, n=2)", band(N, 0, 2)[: N - 2]),
    ("x.reshape(3, 4).sum(axis=0)", np.tile(np.eye(4), 3)),
    ("x.reshape(3, 4).T", np.eye(N)[np.arange(N).reshape(3, 4).T.ravel()]),
    ("flip(x)", np.eye(N)[::-1]),
    ("x[[3, 3, 0]]", np.eye(N)[[3, 3, 0]]),
    ("concatenate([x[:2], zeros(1), x[:1]])", np.eye(N)[[0, 1, 5, 0]] * [[1], [1], [0], [1]]),
    ("y = zeros(4); y[1:3] = x[:2]; y", np.eye(N)[[5, 0, 1, 5]] * [[0], [1], [1], [0]]),
    (BANDED + "A @ x[:4]", np.pad(band(4, 1, 1), ((0, 0), (0, N - 4)))),
    (BANDED + "x.reshape(3, 4) @ A", np.kron(np.eye(3), band(4, 1, 1))),
    ("softmax(x.reshape(3, 4), axis=1)", np.kron(np.eye(3), np.ones((4, 4)))),
    ("softmax(x.reshape(3, 4), axis=0)", np.kron(np.ones((3, 3)), np.eye(4))),
    ("sort(x.reshape(3, 4), axis=1)", np.kron(np.eye(3), np.ones((4, 4)))),
    ("torch.max(x.reshape(3, 4), 1).values", np.kron(np.eye(3), np.ones(4))),
    ("x.reshape(3, 4).max(axis=1)", np.kron(np.eye(3), np.ones(4))),
    ("linalg.det(x.reshape(3, 2, 2))", np.kron(np.eye(3), np.ones(4))),
    ("einsum('bi,bi->b', x.reshape(3, 4), x.reshape(3, 4))", np.kron(np.eye(3), np.ones(4))),
    ("where(x > 0.5, x, flip(x))", np.eye(N) + np.eye(N)[::-1]),
    ("grad(sum(x**3), x)", np.eye(N)),
    ("x * detach(sum(x))", np.eye(N)),
    ("x - mean(x)", np.ones((N, N))),
    ("sum(x)", np.ones((1, N))),
    ("ones(3) * 2 + 0*detach(x[:3])", np.zeros((3, N))),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "expected"), PINNED, ids=[expr for expr, _ in PINNED])
def test_plain_structure_is_seen_exactly(expr, expected):
    np.testing.assert_array_equal(pattern(expr, {"x": X}, ["x"]), np.asarray(expected, bool))


def test_zeros_of_an_input_that_stands_still_count_for_its_values_alone():
    compiled = gradcli.compile("A @ x")
    size = 64
    for matrix in (np.eye(size), np.tri(size, size, 1) - np.tri(size, size, -2), np.eye(size)):
        found = compiled.jacobian({"A": matrix, "x": np.ones(size)}, wrt=["x"])
        np.testing.assert_array_equal(found.jacobian["x"], matrix)
        names = {size: "diagonal", 3 * size - 2: "tridiagonal"}
        assert found.outputs[0].structure.name == names[np.count_nonzero(matrix)]


# --- Jacobians by few passes ---------------------------------------------------------------------

LONG = np.linspace(-1, 1, 60)
PARTS = [
    "{0}[1:]*{1}[:-1]", "roll({0}, {2})", "{0}*{1}", "sin({0})", "cumsum({0})/9",
    "{0}.reshape(6, 10).sum(axis={3})", "{0}.reshape(6, 10)[:, {3}]", "concatenate([{0}, {1}])",
    "softmax({0}.reshape(10, 6), axis={3}).ravel()", "{0}[::{2}]", "maximum({0}, {1})",
    "{0}.reshape(6, 10).T.ravel()", "{0} + {1}[{2}]", "A @ {0}[:4]",
    "outer({0}[:7], {1}[:5]).ravel()",
]  # fmt: skip


def generated(random):
    """A program that mixes, cuts and joins parts of x."""
    lines, names, sizes = ["A = [[2.,1,0,0],[1,2,1,0],[0,1,2,1],[0,0,1,2]]"], ["x"], [60]
    for place in range(5):
        text = PARTS[random.integers(len(PARTS))]
        full = [name for name, size in zip(names, sizes, strict=True) if size == 60]
        a, b = random.choice(full, 2)
        text = text.format(a, b, random.integers(1, 4), random.integers(0, 2))
        size = gradcli.evaluate("\n".join([*lines, text]), {"x": LONG}, grad=False).value.size
        names.append(f"t{place}")
        sizes.append(size)
        lines.append(f"t{place} = {text}")
    return "\n".join([*lines, f"concatenate([{', '.join(names)}])"])


@pytest.mark.parametrize("seed", range(12))
def test_generated_programs(seed):
    """Coloured passes of either mode give what one pass for each row gives."""
    expr = generated(np.random.default_rng(seed))
    compiled = gradcli.compile(expr)
    rows = gradcli.evaluate(expr, {"x": LONG}, grad=False).value.size
    expected = np.stack(
        [compiled.evaluate({"x": LONG}, seed=unit).grad["x"] for unit in np.eye(rows)]
    )
    assert not (expected.astype(bool) & ~pattern(expr, {"x": LONG})).any()
    for mode in ("auto", "forward", "reverse"):
        found = compiled.jacobian({"x": LONG}, mode=mode).jacobian["x"]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def made(expr, inputs, **options):
    output = gradcli.jacobian(expr, inputs, **options).outputs[0]
    return output, output.structure


def test_structures_have_names_and_passes():
    for expr, name, passes in [
        ("sin(x)", "diagonal", 1),
        ("x[1:-1]*x[:-2] + x[2:]", "sparse", 3),
        ("concatenate([x[:1], x[1:-1]*x[:-2] + x[2:], x[-1:]])", "tridiagonal", 3),
        ("roll(x, 1)*x + roll(x, -1)", "periodic tridiagonal", 3),
        ("x * roll(x, 2)", "periodic banded, 2 below and 0 above the diagonal", 2),
        ("x.reshape(2, 30).sum(axis=0)", "sparse", 1),
        ("concatenate([x[:-1]*x[1:], [sum(x)]])", "sparse", 3),
        ("x[0] * x", "lower triangular", 2),
        ("zeros(60) + detach(x)", "zero", 0),
    ]:
        output, structure = made(expr, {"x": LONG})
        assert (structure.name, output.passes) == (name, passes), expr
    dense = gradcli.jacobian("x - sum(x)", {"x": LONG}).outputs[0]
    assert (dense.passes, dense.structure) == (60, None)


def test_a_few_long_rows_and_columns_take_a_pass_each():
    """Passes of the other mode find them; the number of elements does not count."""
    expr = "concatenate([x[:-1]**2, [sum(x**3)], x[0]*x[1:]])"
    output, _ = made(expr, {"x": LONG})
    assert output.passes <= 4
    assert output.mode == "mixed"
    matrix = np.zeros((119, 60))
    matrix[np.arange(59), np.arange(59)] = 2 * LONG[:-1]
    matrix[59] = 3 * LONG**2
    matrix[np.arange(60, 119), np.arange(1, 60)] = LONG[0]
    matrix[60:, 0] += LONG[1:]
    np.testing.assert_allclose(output.jacobian["x"], matrix, rtol=1e-14)


def test_several_inputs_share_their_passes():
    inputs = {"a": LONG, "b": LONG + 2, "c": 3.0}
    expr = "c * a[1:] * b[:-1] + a[:-1]"
    output, _ = made(expr, inputs)
    assert output.passes <= 4
    blocks = output.jacobian
    np.testing.assert_allclose(np.diagonal(blocks["a"]), 1)
    np.testing.assert_allclose(np.diagonal(blocks["a"], 1), 3 * (LONG + 2)[:-1])
    np.testing.assert_allclose(np.diagonal(blocks["b"]), 3 * LONG[1:])
    np.testing.assert_allclose(blocks["c"], LONG[1:] * (LONG + 2)[:-1])
    part = gradcli.jacobian(expr, inputs, wrt=["a[::2]", "a[[1, 1]]", "b"]).jacobian
    np.testing.assert_array_equal(part["a[::2]"], blocks["a"][:, ::2])
    np.testing.assert_array_equal(part["a[[1, 1]]"], blocks["a"][:, [1, 1]])


def test_nan_does_not_spread_within_a_colour():
    """An infinite derivative meets the zeros of its own row alone."""
    x = np.array([0.0, 4.0] * 30)
    for expr in ("sqrt(x) + roll(x, 1)", "sqrt(x)[1:] * x[:-1]", "D @ sqrt(x)"):
        inputs = {"x": x} | ({"D": np.eye(60)} if "D" in expr else {})
        found = gradcli.jacobian(expr, inputs, wrt=["x"])
        expected = np.stack(
            [gradcli.evaluate(expr, inputs, seed=unit, wrt=["x"]).grad["x"]
             for unit in np.eye(found.value.size)]
        )  # fmt: skip
        if "D" in expr:
            expected = np.diag(np.diagonal(expected))
        np.testing.assert_array_equal(found.jacobian["x"], expected)


# --- Hessians ------------------------------------------------------------------------------------

ROSENBROCK = "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)"


def rosenbrock(x):
    """The Hessian of the chained Rosenbrock function, by hand."""
    size = len(x)
    diagonal = np.zeros(size)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    return np.diag(diagonal) - np.diag(400 * x[:-1], 1) - np.diag(400 * x[:-1], -1)


def test_the_hessian_of_a_chain_takes_three_passes():
    found = gradcli.hessian(ROSENBROCK, {"x": LONG})
    assert found.outputs[0].passes == 3
    assert found.outputs[0].structure.name == "tridiagonal"
    np.testing.assert_allclose(found.hessian["x"]["x"], rosenbrock(LONG), rtol=1e-12, atol=1e-10)


def by_columns(expr, inputs, names, seed=None):
    """The same blocks from a product with each unit vector."""
    compiled = gradcli.compile(expr)
    blocks = {}
    for a in names:
        for b in names:
            shape = np.shape(inputs[b])
            units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
            columns = [compiled.hvp(inputs, {b: u}, seed=seed, wrt=[a]).hvp[a] for u in units]
            blocks[a, b] = np.stack(columns, -1).reshape(np.shape(inputs[a]) + shape)
    return blocks


@pytest.mark.parametrize(
    ("expr", "most"),
    [
        ("sum((x - c)**4) + sum(x[1:]*x[:-1]*c)", 6),
        ("sum((x[1:] - x[0])**2 * y) + sum(exp(y[:3]))", 8),
        ("sum(log(1 + exp(-y*x[1:])))", 4),
        ("c*sum(x)", 4),
        ("sum(outer(x[:30], y[:29]))", None),
    ],
)
def test_blocks_of_hessians(expr, most):
    inputs = {"x": LONG, "y": np.linspace(1, 2, 59), "c": 1.5}
    names = [name for name in inputs if name in expr.replace("exp", "")]
    inputs = {name: inputs[name] for name in names}
    found = gradcli.hessian(expr, inputs)
    assert most is None or found.outputs[0].passes <= most
    sparse = gradcli.hessian(expr, inputs, sparse=True).hessian
    for (a, b), block in by_columns(expr, inputs, names).items():
        np.testing.assert_allclose(found.hessian[a][b], block, rtol=1e-12, atol=1e-12)
        matrix = sparse[a][b].toarray().reshape(block.shape)
        np.testing.assert_allclose(matrix, block, rtol=1e-12, atol=1e-12)


def test_hessians_by_parts_and_with_seeds():
    whole = rosenbrock(LONG)
    parts = gradcli.hessian(ROSENBROCK, {"x": LONG}, wrt=["x[5:50]", "x[10]"])
    assert parts.outputs[0].passes <= 3
    np.testing.assert_allclose(parts.hessian["x[5:50]"]["x[5:50]"], whole[5:50, 5:50])
    np.testing.assert_allclose(parts.hessian["x[10]"]["x[5:50]"], whole[10, 5:50])
    seed = np.linspace(1, 2, 60)
    found = gradcli.hessian("x**3 * roll(x, 1)", {"x": LONG}, seed=seed)
    expected = by_columns("x**3 * roll(x, 1)", {"x": LONG}, ["x"], seed)["x", "x"]
    assert found.outputs[0].passes <= 4
    np.testing.assert_allclose(found.hessian["x"]["x"], expected, rtol=1e-12, atol=1e-12)


def test_second_derivatives_that_are_infinite_stay_in_their_rows():
    x = np.array([0.0, 4.0] * 20)
    found = gradcli.hessian("sum(sqrt(x)*y) + sum(x[1:]*x[:-1])", {"x": x, "y": x}, wrt=["x"])
    expected = np.diag(np.ones(39), 1) + np.diag(np.ones(39), -1)
    expected[range(1, 40, 2), range(1, 40, 2)] = -0.125
    mask = np.diag(x == 0)
    np.testing.assert_allclose(found.hessian["x"]["x"][~mask], expected[~mask])


# --- what is read elsewhere ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["jacobian", "hessian"])
@pytest.mark.parametrize("ending", ["npz", "mtx", "coo", "npy"])
def test_files_read_back_to_the_bit(tmp_path, command, ending):
    from scipy.io import mmread
    from scipy.sparse import coo_array, load_npz

    expr = "exp(x) * roll(x, 1) / 3" if command == "jacobian" else ROSENBROCK
    path = tmp_path / f"found.{ending}"
    point = tmp_path / "x.npy"
    np.save(point, LONG)
    sparse = [] if ending == "npy" else ["--sparse"]
    assert guarded([command, expr, "--x", f"@{point}", "-o", str(path), *sparse]) == 0
    whole = getattr(gradcli, command)(expr, {"x": LONG})
    whole = whole.jacobian["x"] if command == "jacobian" else whole.hessian["x"]["x"]
    if ending == "npz":
        read = load_npz(path).toarray()
    elif ending == "mtx":
        read = mmread(path).toarray()
    elif ending == "npy":
        read = np.load(path)
    else:
        rows, columns, entries = np.loadtxt(path).T
        places = (rows.astype(int), columns.astype(int))
        read = coo_array((entries, places), shape=whole.shape).toarray()
    np.testing.assert_array_equal(read, whole)


def test_a_large_sparse_one_is_written_densely_without_a_dense_array(tmp_path):
    path = tmp_path / "j.npy"
    options = ["--x", "linspace(0,1,4200)", "--max-memory", "50M"]
    assert guarded(["jacobian", "sin(x)", *options, "-o", str(path)]) == 0
    matrix = np.load(path, mmap_mode="r")
    assert matrix.shape == (4200, 4200)
    x = np.linspace(0, 1, 4200)
    np.testing.assert_array_equal(np.diagonal(matrix), np.cos(x))
    assert np.count_nonzero(matrix[1000]) == 1


def test_sparse_results_of_the_python_interface():
    from scipy.sparse import issparse

    found = gradcli.jacobian("x**2 * y", {"x": LONG, "y": 2.0}, sparse=True)
    assert issparse(found.jacobian["x"])
    assert found.jacobian["y"].shape == (60, 1)
    assert found.jacobian["x"].nnz == 60
    huge = gradcli.jacobian("x**2", {"x": np.arange(1e6)}, sparse=None).jacobian["x"]
    assert (huge.shape, huge.nnz) == ((10**6, 10**6), 10**6)
    with pytest.raises(LimitError, match="for the Jacobian alone") as caught:
        gradcli.jacobian("x**2", {"x": np.arange(1e6)})
    assert "sparse=True" in caught.value.hint
    with pytest.raises(LimitError, match="for the Hessian alone") as caught:
        gradcli.hessian("sum(x**2)", {"x": np.arange(1e6)})
    assert "sparse=True" in caught.value.hint


# --- the same structure elsewhere ----------------------------------------------------------------

BIG = np.linspace(-1, 1, 2001)


def test_divergence_and_laplacian_by_few_passes():
    """Dense, each would take 2001 passes over 2001 elements."""
    field = "roll(x, 1)*x**2 + roll(x, -1)"
    found = gradcli.evaluate(f"div({field}, x)", {"x": BIG}, max_memory=5_000_000)
    np.testing.assert_allclose(found.value, np.sum(2 * BIG * np.roll(BIG, 1)), rtol=1e-12)
    expected = 2 * np.roll(BIG, 1) + 2 * np.roll(BIG, -1)
    np.testing.assert_allclose(found.grad["x"], expected, rtol=1e-12, atol=1e-12)
    chain = f"laplacian({ROSENBROCK}, x)"
    laplacian = gradcli.evaluate(chain, {"x": BIG}, grad=False, max_memory=5_000_000).value
    np.testing.assert_allclose(laplacian, np.trace(rosenbrock(BIG)), rtol=1e-12)


def test_elementwise_derivatives_that_only_values_show():
    """A diagonal among three bands: too large to be looked at densely."""
    expr = "x**3 + 0*roll(x, 1)*x"
    found = gradcli.derivative(expr, {"x": BIG}, order=2)
    np.testing.assert_allclose(found.derivative["x"], 6 * BIG, rtol=1e-12, atol=1e-12)
    diagonal = gradcli.jacobian(expr, {"x": BIG}, diag=True)
    assert diagonal.outputs[0].passes <= 3
    np.testing.assert_allclose(diagonal.diagonal["x"], 3 * BIG**2, rtol=1e-12)
    inside = gradcli.evaluate(f"derivative({expr}, x, 2)", {"x": BIG}, seed="ones", grad=False)
    np.testing.assert_allclose(inside.value, 6 * BIG, rtol=1e-12, atol=1e-12)
    for call in (
        lambda: gradcli.jacobian("x + roll(x, 1)", {"x": BIG}, diag=True),
        lambda: gradcli.evaluate("derivative(x + roll(x, 1), x)", {"x": BIG}, seed="ones"),
    ):
        with pytest.raises(ArgumentError, match=r"output element \[0\] changes with input"):
            call()


def test_jacobians_inside_programs_take_few_passes():
    expr = f"sum(jacobian({PINNED[2][0]}, x) @ x)"
    found = gradcli.evaluate(expr, {"x": LONG})
    np.testing.assert_allclose(found.value, np.sum(3 * LONG**3), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.grad["x"], 9 * LONG**2, rtol=1e-12, atol=1e-12)
    whole = gradcli.evaluate(f"hessian({ROSENBROCK}, x)", {"x": LONG}, grad=False).value
    np.testing.assert_allclose(whole, rosenbrock(LONG), rtol=1e-12, atol=1e-10)


# --- dense ones on disk --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "mode"), [("x - sum(x)*x", "reverse"), ("outer(x, x[:60]).ravel()/sum(x)", "forward")]
)
def test_a_dense_one_is_computed_in_its_file(tmp_path, monkeypatch, expr, mode):
    monkeypatch.setattr(jacobians, "ON_DISK", 1000)
    path = tmp_path / "j.npy"
    path.write_text("what was there before")
    words = ["jacobian", expr, "--x", "linspace(0.1,1,200)", "-o", str(path)]
    assert guarded([*words, "--max-memory", "250k" if mode == "reverse" else "15M"]) == 0
    x = np.linspace(0.1, 1, 200)
    whole = gradcli.jacobian(expr, {"x": x})
    assert whole.outputs[0].mode == mode
    np.testing.assert_array_equal(np.load(path), whole.jacobian["x"])
    assert [one.name for one in tmp_path.iterdir()] == ["j.npy"]


def test_nothing_is_left_of_one_that_was_stopped(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(jacobians, "ON_DISK", 1000)
    words = ["jacobian", "x - sum(x)*x", "--x", "linspace(0.1,1,200)", "-o"]

    def stopped(*_, **__):
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(jacobians, "fill_rows", stopped)
    assert guarded([*words, str(tmp_path / "j.npy")]) == 130
    assert list(tmp_path.iterdir()) == []
    assert guarded([*words, str(tmp_path / "nowhere" / "j.npy")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_each_input_has_a_structure_of_its_own():
    inputs = {"x": LONG, "a": 2.0, "b": LONG}
    output = gradcli.jacobian("sin(a*x) + b", inputs).outputs[0]
    assert output.structure.name == "dense by a, diagonal by x, diagonal by b"
    assert (output.mode, output.passes) == ("mixed", 2)
