"""One contestant in a process of its own: does work and says how long it took.

Started by run.py; reads a request on each line, {"case": name, "size": n, "do": ...}, and answers
with a number: seconds of one run ("time"), or the memory that a first run adds ("memory", bytes).
"""

import importlib.util
import json
import resource
import sys
import time
from pathlib import Path

LEAST = 0.005
"""Seconds that one measurement takes at least: short work is repeated."""


def contestant(name):
    """The module of a contestant: named as the library that it uses, so kept off the path."""
    path = Path(__file__).parent / "contestants" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"contestant_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(module, case, size):
    make = getattr(module, case)
    return make() if size is None else make(size)


def seconds(run, repeat):
    start = time.perf_counter()
    for _ in range(repeat):
        run()
    return (time.perf_counter() - start) / repeat


def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    module = contestant(sys.argv[1])
    answers = sys.stdout
    sys.stdout = sys.stderr
    print(json.dumps(sorted(name for name in vars(module) if name[0] != "_")), file=answers)
    answers.flush()
    kept = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["case"], request["size"])
        if request["do"] == "memory":
            made(module, key[0], 1000)()
            run = made(module, *key)
            before = most()
            run()
            answer = most() - before
        else:
            if key not in kept:
                kept.clear()
                run = made(module, *key)
                run()
                kept[key] = run, max(1, int(LEAST / max(seconds(run, 1), 1e-9)))
            answer = seconds(*kept[key])
        print(json.dumps(answer), file=answers)
        answers.flush()


if __name__ == "__main__":
    main()
