"""`torch.nn`: losses and activations as objects to call; what to write instead of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.errors import ArgumentError
from gradcli.language.natives import Native
from gradcli.language.values import lookup
from gradcli.snippets.spelled import spelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.language.runtime import Runtime
    from gradcli.snippets.script import Script

# Classes, the function that an object of each is, and the parameters that may be given by place.
_CLASSES = {
    "MSELoss": ("mse_loss", ""),
    "L1Loss": ("l1_loss", ""),
    "SmoothL1Loss": ("smooth_l1_loss", ""),
    "HuberLoss": ("huber_loss", "reduction delta"),
    "BCELoss": ("binary_cross_entropy", "weight"),
    "BCEWithLogitsLoss": ("binary_cross_entropy_with_logits", "weight"),
    "CrossEntropyLoss": ("cross_entropy", "weight"),
    "NLLLoss": ("nll_loss", "weight"),
    "KLDivLoss": ("kl_div", ""),
    "PoissonNLLLoss": ("poisson_nll_loss", ""),
    "GaussianNLLLoss": ("gaussian_nll_loss", ""),
    "SoftMarginLoss": ("soft_margin_loss", ""),
    "ReLU": ("relu", ""),
    "ReLU6": ("relu6", ""),
    "LeakyReLU": ("leaky_relu", "negative_slope"),
    "ELU": ("elu", "alpha"),
    "SELU": ("selu", ""),
    "CELU": ("celu", "alpha"),
    "GELU": ("gelu", ""),
    "SiLU": ("silu", ""),
    "Mish": ("mish", ""),
    "Sigmoid": ("sigmoid", ""),
    "LogSigmoid": ("logsigmoid", ""),
    "Tanh": ("tanh", ""),
    "Softplus": ("softplus", "beta threshold"),
    "Softsign": ("softsign", ""),
    "Hardtanh": ("hardtanh", "min_val max_val"),
    "Softmax": ("softmax", "dim"),
    "LogSoftmax": ("log_softmax", "dim"),
}
_OPTIONS = frozenset({"inplace"})


def _class(name: str, function: str, places: list[str]) -> Callable[..., Any]:
    """A class: calling it gives a function with its settings."""

    def make(script: Script, args: list[Any], kwargs: dict[str, Any]) -> Native:
        if len(args) > len(places):
            raise ArgumentError(f"`nn.{name}` takes its settings by name")
        full = f"torch.nn.functional.{function}"
        target = spelled(lookup(full) or lookup(f"torch.{function}"), full)
        settings = {**dict(zip(places, args, strict=False)), **kwargs}
        settings = {key: value for key, value in settings.items() if key not in _OPTIONS}

        def call(runtime: Runtime, args: list[Any], kwargs: dict[str, Any]) -> Any:
            return runtime.call_value(target, args, {**settings, **kwargs})

        return Native(name, call)

    return make


FUNCTIONS: dict[str, Callable[..., Any]] = {
    f"torch.nn.{name}": _class(name, function, places.split())
    for name, (function, places) in _CLASSES.items()
}

INSTEAD = {
    "torch.__version__": "there is no PyTorch here: leave the line out",
    "torch.save": "a script writes no files: print what is needed",
    "torch.load": "a script reads no files: write the numbers into it, as `torch.tensor([...])`",
    "Tensor.cuda": "all runs on the processor: leave `.cuda()` out",
    "torch.autograd.gradcheck": "`gradcli check` compares a derivative with finite differences",
    "Tensor.grad_fn.next_functions": "`gradcli graph` draws the graph of a formula",
    "torch.nn.Linear": "a layer is its weights: `W = torch.zeros(n_out, n_in, "
    "requires_grad=True)`, then `x @ W.T + b`",
    "torch.nn.Module": "write the model as a function of x and its weights: "
    "`def model(x): return torch.relu(x @ W1 + b1) @ W2 + b2`",
    "torch.nn.Sequential": "call one after another: `torch.relu(x @ W1 + b1) @ W2 + b2`",
    "torch.optim": "a step of gradient descent is `with torch.no_grad(): w -= lr * w.grad`, then "
    "`w.grad.zero_()`; momentum and Adam are three lines more",
    "torch.utils": "loop over slices: `for i in range(0, len(X), 32): xb = X[i:i + 32]`",
    "torch.nn": "write it as a function of its weights, over `torch.nn.functional`",
    "torch.cuda": "all runs on the processor: leave the line out",
    "torchvision": "read data from a file: `gradcli eval` takes arrays; scripts make their own",
    "matplotlib": "leave out the lines that draw; `gradcli plot` draws a formula",
    "seaborn": "leave out the lines that draw; `gradcli plot` draws a formula",
    "tqdm": "loop over the range itself: `for i in range(n):`",
    "time": "leave out the lines that measure time",
    "os": "a script reaches nothing of the machine: leave the line out",
    "sys": "a script reaches nothing of the machine: leave the line out",
    "pandas": "write the numbers into the script, as `torch.tensor([...])`",
    "sklearn": "write the numbers into the script, as `torch.tensor([...])`",
}
"""What scripts ask for and what to write instead, by the longest name that fits."""


def instead_of(full: str) -> str:
    """A hint for a name that there is not, or an empty string."""
    parts = full.split(".")
    for count in range(len(parts), 0, -1):
        found = INSTEAD.get(".".join(parts[:count]))
        if found is not None:
            return found
    return ""
