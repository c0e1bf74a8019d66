"""Start to answer, as ratios to `python -c "import numpy"`: python benchmarks/startup.py [runs].

Each command is paired with the import, one right after the other, and the median of the ratios is
printed: so it holds on a machine whose speed drifts. Run it with the Python that gradcli is
installed for (installed, not merely on the path, so that its bytecode is compiled).
"""

import os
import pty
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

GRADCLI = shutil.which("gradcli", path=str(Path(sys.executable).parent)) or "gradcli"
SMALL = [GRADCLI, "eval", "sum(x**2)", "--x", "3,4,10"]


def run(command, terminal=False):
    """Seconds from start to end, output read through a pipe or a pseudo-terminal."""
    start = time.perf_counter()
    if terminal:
        reader, writer = pty.openpty()
        with subprocess.Popen(command, stdout=writer, stderr=writer, stdin=writer) as process:
            os.close(writer)
            try:
                while os.read(reader, 1 << 16):
                    pass
            except OSError:
                pass  # how a pseudo-terminal says that its other end was closed
            process.wait()
        os.close(reader)
    else:
        subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - start


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    baseline = [sys.executable, "-c", "import numpy"]
    cases = [
        ("eval --json in a pipe", [*SMALL, "--json"], False, 1.6),
        ("eval in a pipe", SMALL, False, 1.6),
        ("eval on a terminal", SMALL, True, 2.1),
    ]
    for name, command, terminal, aim in cases:
        run(command, terminal)
        run(baseline)
        ratios = []
        for _ in range(runs):
            ours = run(command, terminal)
            ratios.append(ours / run(baseline))
        print(f"{name:24} {statistics.median(ratios):.2f} of import numpy (aim: {aim})")


if __name__ == "__main__":
    main()
