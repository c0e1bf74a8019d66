"""Record what PyTorch prints: python tests/make_torch_text.py.

Writes `tests/data/torch_text.json` (tensors and their texts) and the right-hand sides of
`tests/data/torch_names.txt` (calls and the names of their `grad_fn`). To add a call, add a line
`CALL -> ?`. PyTorch is needed to make the files, not to run the tests.
"""

import json
import operator
import random
import re
import warnings
from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).parent / "data"

# Tensors written as expressions of NumPy, with options of `torch.set_printoptions`.
WRITTEN = [
    ("np.float32(0.1)", {}),
    ("np.float32(3)", {}),
    ("np.float64(0.1)", {}),
    ("np.int64(-7)", {}),
    ("np.bool_(True)", {}),
    ("np.array([], 'f4')", {}),
    ("np.array([], 'f8')", {}),
    ("np.array([], 'i8')", {}),
    ("np.array([], '?')", {}),
    ("np.zeros((0, 3), 'f4')", {}),
    ("np.zeros((2, 0, 3), 'i8')", {}),
    ("np.array([1, 2, 3], 'f4')", {}),
    ("np.array([1, -2, 30], 'f8')", {}),
    ("np.array([1, 2.5, 3], 'f4')", {}),
    ("np.array([-1, 2.5, 3], 'f4')", {}),
    ("np.array([0., -0.], 'f4')", {}),
    ("np.array([1, -0., 2], 'f4')", {}),
    ("np.array([1.5, -0.], 'f4')", {}),
    ("np.array([np.nan])", {}),
    ("np.array([np.nan, 1], 'f4')", {}),
    ("np.array([np.inf, -np.inf, np.nan, 0], 'f4')", {}),
    ("np.array([1.5, np.inf, -np.inf, np.nan], 'f4')", {}),
    ("np.array([1e5, -np.inf], 'f4')", {}),
    ("np.array([0.0001], 'f4')", {}),
    ("np.array([0.0001])", {}),
    ("np.array([0.00011, 1], 'f4')", {}),
    ("np.array([0.001, 1], 'f4')", {}),
    ("np.array([0.001, 1.0001], 'f4')", {}),
    ("np.array([0.1, 100], 'f4')", {}),
    ("np.array([0.1, 100.1], 'f4')", {}),
    ("np.array([1, 1000], 'f4')", {}),
    ("np.array([1, 1001], 'f4')", {}),
    ("np.array([1e8, 1e8], 'f4')", {}),
    ("np.array([1.00000001e8])", {}),
    ("np.array([99999999.5])", {}),
    ("np.array([1e-300, 1e300])", {}),
    ("np.array([5e-324, 1.7e308])", {}),
    ("np.array([1e-40, 1e30], 'f4')", {}),
    ("np.array([-2**63, 2**63 - 1])", {}),
    ("np.array([True, False])", {}),
    ("np.array([[1, 2], [3, 4]], 'f4')", {}),
    ("np.array([[0.5, -1], [100, 2]])", {}),
    ("np.arange(24.).reshape(2, 3, 4).astype('f4')", {}),
    ("np.arange(16.).reshape(2, 2, 2, 2)", {}),
    ("np.arange(30.).astype('f4')", {}),
    ("np.arange(30) / 7", {}),
    ("np.arange(1000)", {}),
    ("np.arange(1001)", {}),
    ("np.arange(1200.).astype('f4')", {}),
    ("np.arange(1200.).reshape(6, 200)", {}),
    ("np.arange(1200).reshape(200, 6)", {}),
    ("np.arange(1400).reshape(7, 200)", {}),
    ("(np.arange(9261) / 3).reshape(21, 21, 21).astype('f4')", {}),
    ("np.arange(1024.).reshape(4, 4, 4, 4, 4)", {}),
    ("np.zeros((0, 2000), 'f4')", {}),
    ("np.arange(6.) / 3", {"precision": 2}),
    ("np.arange(6.) / 3", {"precision": 8}),
    ("np.arange(6.) / 3", {"precision": 0}),
    ("np.arange(40.) / 3", {"linewidth": 120}),
    ("np.arange(5.) / 3", {"linewidth": 5}),
    ("np.arange(20)", {"threshold": 10}),
    ("np.arange(20)", {"threshold": 10, "edgeitems": 1}),
    ("np.arange(20).reshape(4, 5)", {"threshold": 10, "edgeitems": 2}),
    ("np.arange(20)", {"threshold": 10, "edgeitems": 0}),
    ("np.arange(4)", {"edgeitems": 0}),
    ("np.arange(1100) / 3", {"profile": "short"}),
    ("np.arange(1100) / 3", {"profile": "short", "precision": 3}),
    ("np.arange(1100)", {"profile": "full"}),
    ("np.array([1e-9, 1e9])", {"sci_mode": False}),
    ("np.array([1.5, 2], 'f4')", {"sci_mode": True}),
    ("np.array([1, 2], 'f4')", {"sci_mode": True}),
    ("np.array([1, 1e9], 'f4')", {"sci_mode": False}),
    ("np.array([0, np.nan], 'f4')", {"sci_mode": True}),
]
# Operations that leave the elements as they are, by what PyTorch prints for them.
SUFFIXES = {
    "requires_grad=True": lambda x: x,
    "grad_fn=<CloneBackward0>": torch.clone,
    "grad_fn=<MaskedFillBackward0>": lambda x: x.masked_fill(torch.zeros_like(x).bool(), 1.0),
}
DRAWN = 120


def drawn(rng):
    """A random small array: its dtype, shape and values."""
    shape = [rng.choice((1, 2, 3, 4)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))]
    count = int(np.prod(shape))
    dtype = rng.choice(("float32", "float32", "float64", "int64"))
    if dtype == "int64":
        reach = 10 ** rng.randrange(1, 12)
        return dtype, shape, [rng.randrange(-reach, reach) for _ in range(count)]
    scale, spread = 10.0 ** rng.uniform(-8, 9), rng.choice((0, 1, 3, 8))
    values = [rng.gauss(0, 1) * scale * 10.0 ** rng.uniform(0, spread) for _ in range(count)]
    if rng.random() < 0.4:
        values = [float(round(value)) for value in values]
    special = (0.0, -0.0, float("nan"), float("inf"), float("-inf"))
    if rng.random() < 0.3:
        values = [rng.choice(special) if rng.random() < 0.3 else value for value in values]
    return dtype, shape, np.array(values, dtype).tolist()


def options(rng):
    choices = {
        "precision": (0, 2, 6),
        "linewidth": (30, 60, 120),
        "threshold": (4, 20),
        "edgeitems": (1, 2),
        "sci_mode": (True, False),
    }
    return {name: rng.choice(some) for name, some in choices.items() if rng.random() < 0.15}


def recorded(case, array, rng):
    """The case with PyTorch's text, and at times a suffix and another default dtype."""
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**case["options"])
    tensor = torch.from_numpy(np.array(array))
    case["suffix"] = []
    if array.dtype.kind == "f" and rng.random() < 0.5:
        suffix = rng.choice(list(SUFFIXES))
        tensor = SUFFIXES[suffix](tensor.requires_grad_())
        case["suffix"] = [suffix]
    case["default"] = "float64" if rng.random() < 0.1 else "float32"
    torch.set_default_dtype(getattr(torch, case["default"]))
    case["text"] = str(tensor)
    torch.set_default_dtype(torch.float32)
    return case


def texts():
    rng = random.Random(1)
    cases = []
    for written, given in WRITTEN:
        array = np.asarray(eval(written, {"np": np}))
        cases.append(recorded({"array": written, "options": given}, array, rng))
    for _ in range(DRAWN):
        dtype, shape, values = drawn(rng)
        case = {"dtype": dtype, "shape": shape, "values": values, "options": options(rng)}
        cases.append(recorded(case, np.array(values, dtype).reshape(shape), rng))
    torch.set_printoptions(profile="default")
    return cases


def functions(name):
    """What a name may mean, in the order to try them."""
    if name in ("T", "H", "mT", "mH"):
        yield lambda x: getattr(x, name)
    for space, path in ((torch, name), (torch.Tensor, name), (torch.Tensor, f"__{name}__")):
        try:
            yield operator.attrgetter(path)(space)
        except AttributeError:
            continue


IN_PLACE = ("setitem", "iadd", "isub", "imul", "itruediv", "ipow", "imod", "ifloordiv")


def called(name, args, kwargs):
    """The first tensor that a function returns, and whether it is one of its arguments."""
    in_place = name.endswith("_") or name in IN_PLACE
    if in_place:
        # In-place functions do not take leaves.
        args = (args[0] * 1, *args[1:])
    for function in functions(name):
        try:
            result = function(*args, **kwargs)
            break
        except TypeError as error:
            problem = error
    else:
        raise problem
    while isinstance(result, (tuple, list)):
        result = result[0]
    if name == "setitem":
        result = args[0]
    return result, not in_place and any(result is arg for arg in args)


def drawn_tensor(shape, dtype=torch.float32):
    """Elements within the domain of every function."""
    return (torch.rand(shape) * 0.8 + 0.1).to(dtype)


SPACE = {
    "T": lambda *shape, **kwargs: drawn_tensor(shape, **kwargs).requires_grad_(),
    "N": lambda *shape, **kwargs: drawn_tensor(shape, **kwargs),
    "I": torch.tensor,
    "M": lambda values: torch.tensor(values) != 0,
    "P": lambda n: torch.eye(n).requires_grad_(),
    "S": np.s_,
    "D": torch.float64,
    "inf": float("inf"),
}


def name_of(call):
    """The `grad_fn` that PyTorch prints for a call, "itself" where it returns its argument."""
    head, _, rest = call.partition("(")
    result, same = eval(
        f"call({rest}", {**SPACE, "call": lambda *args, **kwargs: called(head, args, kwargs)}
    )
    return "itself" if same else re.search(r"grad_fn=<([^>]*)>", str(result)).group(1)


def main():
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    version = torch.__version__.split("+")[0]
    lines = ",\n".join(json.dumps(case) for case in texts())
    head = json.dumps(f"PyTorch {version}, CPU")
    (DATA / "torch_text.json").write_text(f'{{"source": {head}, "cases": [\n{lines}\n]}}\n')
    target = DATA / "torch_names.txt"
    calls = [line.rpartition(" -> ")[0] for line in target.read_text().splitlines()]
    target.write_text("".join(f"{call} -> {name_of(call)}\n" for call in calls))


if __name__ == "__main__":
    main()
