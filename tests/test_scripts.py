"""Scripts under `gradcli run`, beside what Python and PyTorch print (tests/make_scripts.py)."""

import gc
import io
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gradcli.cli.main import guarded
from gradcli.errors import ClaimError, GradcliError
from gradcli.settings import Settings
from gradcli.snippets.eager import living
from gradcli.snippets.generators import TorchGenerator
from gradcli.snippets.script import run_script

SCRIPTS = sorted((Path(__file__).parent / "data" / "scripts").glob("*.py"))


def printed(source, **settings):
    """What a script prints."""
    out = io.StringIO()
    run_script(source, None, Settings(**settings), out.write)
    return out.getvalue()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path):
    found = re.sub(r"0x[0-9a-f]+", "0x0", printed(path.read_text(encoding="utf-8")))
    assert found == path.with_suffix(".out").read_text(encoding="utf-8")


X = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"
LEAF = "a leaf Variable that requires grad is being used in an in-place operation"
NO_GRAD = "does not require grad and does not have a grad_fn"
ERRORS = [
    ("(x * 2).backward()", "grad can be implicitly created only for scalar outputs", "y.sum()"),
    ("(x * 2).backward(torch.ones(3))", "mismatch in shape: the gradient", "torch.ones_like(y)"),
    ("(x * 2).backward(torch.ones(1, 2))", "torch.Size([1, 2])", "torch.ones_like(y)"),
    ("(x * 2).backward(2.0)", "the gradient argument is a tensor", "torch.tensor"),
    ("x += 1", LEAF, "torch.no_grad()"),
    ("x.mul_(2)", LEAF, "torch.no_grad()"),
    ("x[0] = 1", LEAF, "torch.no_grad()"),
    ("x[0].zero_()", f"a view of {LEAF}", "torch.no_grad()"),
    ("torch.ones(2).sum().backward()", NO_GRAD, "requires_grad=True"),
    ("x.detach().sum().backward()", NO_GRAD, "requires_grad=True"),
    ("with torch.no_grad(): y = x.sum()\ny.backward()", NO_GRAD, "torch.no_grad()"),
    ("y = (x * x).sum()\ny.backward()\ny.backward()", "a second time", "retain_graph=True"),
    ("y = x.exp()\ny.sum().backward()\ny.mean().backward()", "a second time", "retain_graph"),
    ("y = (3 * x).sum()\ny.backward()\ny.backward()", "a second time", "retain_graph=True"),
    (
        "z = torch.ones(2, requires_grad=True)\ntorch.autograd.grad(x.sum(), z)",
        "index 0 appears to not have been used in the graph",
        "allow_unused=True",
    ),
    (
        "torch.autograd.grad(x.sum(), torch.ones(2))",
        "one of the differentiated tensors does not require grad",
        "requires_grad=True",
    ),
    ("x.numpy()", "`numpy()` cannot be called on a tensor that requires grad", ".detach().numpy()"),
    ("import numpy as np\nnp.exp(x)", "NumPy's functions cannot take", "x.detach().numpy()"),
    (
        "torch.tensor([1, 2], requires_grad=True)",
        "only tensors of floating point can require gradients",
        "torch.float32",
    ),
    ("torch.arange(3).requires_grad_()", "only tensors of floating point", "`1.` for 1"),
    ("(x * 2).requires_grad = False", "only a leaf", ".detach()"),
    ("torch.tensor([1, 2]).mean()", "`mean` needs numbers with a point", "x.float()"),
    ("x @ torch.ones(2, dtype=torch.float64)", "operands of one type", "x.float()"),
    ("torch.ones(2, 3).t().view(6)", "view size is not compatible", ".reshape"),
    ("x.detach().copy_(x * 2)", "that cannot be recorded here", ".detach().clone()"),
    ("x.item()", "is not one number", ".sum()"),
    ("x.cuda()", "a tensor has no `cuda`", "on the processor"),
    ("opt = torch.optim.SGD([x], lr=0.1)", "`torch.optim` has no `SGD`", "w -= lr * w.grad"),
    ("from torch.optim import Adam", "`torch` has no `optim.Adam`", "w -= lr * w.grad"),
    ("layer = torch.nn.Linear(2, 1)", "`torch.nn` has no `Linear`", "x @ W.T + b"),
    ("import torch.nn as nn\nm = nn.Sequential()", "has no `Sequential`", "torch.relu"),
    ("import matplotlib.pyplot as plt", "no module `matplotlib.pyplot`", "gradcli plot"),
    ("print(w)", "`w` has no value", ""),
    ('"{0.grad}".format(x)', "names no argument", "f-string"),
    ('"%d" % "text"', "does not fit", ""),
    ('"%d %d" % 1', "more than 1 values", ""),
]


@pytest.mark.parametrize(("source", "message", "hint"), ERRORS)
def test_errors_say_what_pytorchs_say_and_what_to_do(source, message, hint):
    with pytest.raises(GradcliError) as caught:
        printed(X + source)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.span is not None
    assert caught.value.exit_status == 2


def test_no_step_that_saves_nothing_is_freed():
    # PyTorch's backward of these needs no tensor, so that it runs twice.
    source = "y = {}\ny.backward()\ny.backward()\nprint(x.grad)"
    for output in ("x.mean()", "(x + 1).sum()", "(-x).mean(dim=0)", "x.reshape(2, 1).t().sum()"):
        assert "tensor" in printed(X + source.format(output))


def test_a_failed_assert_shows_both_sides(tmp_path, capsys):
    script = tmp_path / "claim.py"
    script.write_text(X + "y = x.sum()\nassert torch.allclose(y, torch.tensor(4.0)), 'sum'\n")
    assert guarded(["run", str(script)]) == 1
    error = capsys.readouterr().err
    assert "is tensor(3., grad_fn=<SumBackward0>)" in error
    assert "is tensor(4.)" in error
    assert ": sum" in error
    with pytest.raises(ClaimError) as caught:
        printed(X + "assert x[0] + 1 == x[1] * 2")
    texts = [text for _, text in caught.value.labels]
    assert texts == [
        "is tensor(2., grad_fn=<AddBackward0>)",
        "is tensor(4., grad_fn=<MulBackward0>)",
    ]


DESCENT = """
import torch
X = torch.linspace(0, 1, 50).reshape(-1, 1)
Y = X * 2.0 + 0.5
w = torch.zeros(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
last = torch.zeros(4)
for epoch in range(STEPS):
    loss = ((X @ w + b - Y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b.data[0] -= 0.1 * b.grad[0]
        w.grad.zero_()
        b.grad = None
    last[epoch % 4] = loss.item()
    X[0].mul_(1.0)
"""


def descended(steps):
    """The script after so many steps."""
    gc.collect()
    return run_script(DESCENT.replace("STEPS", str(steps)), None, Settings(), print)


def test_gradient_descent_keeps_no_nodes():
    before = len(living())
    gc.disable()
    try:
        few = descended(5)
        short = len(living()) - before
        del few
        many = descended(5000)
        # Not one more: nothing waits for the garbage collector.
        assert len(living()) - before == short < 100
        assert many.iterations >= 5000
    finally:
        gc.enable()


def test_gradient_descent_runs_in_constant_memory():
    sizes = []
    for steps in (700, 1400):
        tracemalloc.start()
        script = descended(steps)
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        del script
    assert sizes[1] - sizes[0] < 200_000


def test_memory_is_bounded():
    source = "import torch\nkept = []\nfor i in range(1000):\n    kept.append(torch.ones({}) * i)"
    printed(source.format(10), max_memory=10**6)
    with pytest.raises(GradcliError, match="of memory"):
        printed(source.format(10_000), max_memory=10**6)
    with pytest.raises(GradcliError, match="of memory"):
        printed("import torch\ntorch.rand(1000000)", max_memory=10**6)
    # What is thrown away does not count. (To see that takes a look at every object of the tests.)
    thrown_away = source.format(10_000).replace("kept.append", "torch.sum").replace("1000)", "50)")
    printed(thrown_away, max_memory=10**6)


def test_random_numbers_are_pytorchs_to_the_bit():
    # Drawn by PyTorch 2 under torch.manual_seed(0), in this order.
    generator = TorchGenerator(0)
    single = generator.uniform(2, np.float32).tolist()
    assert single == [0.49625658988952637, 0.7682217955589294]
    generator.seed(0)
    assert generator.normal(3, np.float32).tolist() == [
        1.5409960746765137,
        -0.293428897857666,
        -2.1787893772125244,
    ]
    generator.seed(0)
    assert generator.integers(5, 0, 10).tolist() == [4, 9, 3, 0, 3]
    generator.seed(0)
    assert generator.integers(2, 0, 2**40).tolist() == [741280623151, 506137267392]
    generator.seed(0)
    assert generator.permutation(6).tolist() == [2, 5, 3, 0, 1, 4]


def test_an_unseeded_draw_says_its_seed(tmp_path, capsys):
    script = tmp_path / "draw.py"
    script.write_text("import torch\nprint(torch.rand(3))\n")
    assert guarded(["run", str(script)]) == 0
    first = capsys.readouterr()
    seed = re.search(r"--random-seed (\d+)", first.err)[1]
    assert guarded(["run", str(script), "--random-seed", seed]) == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == (first.out, "")
    script.write_text("import torch\ntorch.manual_seed(0)\nprint(torch.rand(1))\n")
    assert guarded(["run", str(script)]) == 0
    assert capsys.readouterr() == ("tensor([0.4963])\n", "")


def test_views_see_writes_and_write_through():
    source = """
    import torch
    y = torch.zeros(2, 3)
    row, corner, flat, back = y[1], y[0, 0], y.view(-1), y.t().reshape(-1)
    y[1, 1] = 5
    flat[0] = 7
    row *= 2
    print(corner.item(), row.tolist(), flat.tolist(), back.tolist())
    n = y.numpy()
    n[0, 2] = 1
    print(y.tolist())
    """
    assert printed(source) == (
        "7.0 [0.0, 10.0, 0.0] [7.0, 0.0, 0.0, 0.0, 10.0, 0.0] [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\n"
        "[[7.0, 0.0, 1.0], [0.0, 10.0, 0.0]]\n"
    )


def test_what_is_written_outside_the_graph_leaves_it_as_it_was():
    # A graph made before still leads to the leaf, and one made after does too.
    source = """
    import torch
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    before = (w * torch.tensor([3.0, 4.0])).sum()
    with torch.no_grad():
        w *= 10
    after = (w * w).sum()
    (before + after).backward()
    print(w.grad.tolist())
    print(torch.autograd.grad((w ** 2).sum() + 0 * before, w))
    """
    with pytest.raises(GradcliError, match="a second time"):
        printed(source)
    assert printed(source.rsplit("\n", 2)[0]) == "[23.0, 44.0]\n"


def test_json_holds_what_is_printed(tmp_path, capsys):
    script = tmp_path / "one.py"
    script.write_text("print('a')\n1 + 1\n")
    assert guarded(["run", str(script), "--json"]) == 0
    assert '"printed": "a\\n2\\n"' in capsys.readouterr().out


def test_a_row_is_a_view_whatever_was_called_before():
    # A row is made while the last call, here one that copies, is still noted.
    source = """
    import torch
    x = torch.zeros(2, 3)
    y = torch.ones(2, 3, dtype=torch.float64).t().reshape(-1)
    for row in x:
        row[0] = 5
    x[0] += 1
    print(x.tolist(), x[0].dtype, list(zip(x))[0][0].dtype)
    """
    assert printed(source) == "[[6.0, 1.0, 1.0], [5.0, 0.0, 0.0]] torch.float32 torch.float32\n"
