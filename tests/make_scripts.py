"""Record what Python and PyTorch print for tests/data/scripts/*.py: python tests/make_scripts.py.

Each NAME.py gets a NAME.out beside it (names may be given as arguments). PyTorch is needed to make
the files, not to run the tests.
"""

import io
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch

SCRIPTS = Path(__file__).parent / "data" / "scripts"


def printed(path):
    """What a script prints, in a fresh state of the libraries."""
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    np.set_printoptions(precision=8, suppress=False)
    out = io.StringIO()
    with torch.enable_grad(), redirect_stdout(out):
        exec(compile(path.read_text(), path.name, "exec"), {"__name__": "__main__"})
    # Addresses of objects are new in every run.
    return re.sub(r"0x[0-9a-f]+", "0x0", out.getvalue())


def main():
    wanted = sys.argv[1:]
    for path in sorted(SCRIPTS.glob("*.py")):
        if not wanted or path.stem in wanted:
            path.with_suffix(".out").write_text(printed(path))


if __name__ == "__main__":
    main()
