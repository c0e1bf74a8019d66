"""The golden files: commands, and calls from Python, with exactly what they print.

A block begins with `$ gradcli ...` or `>>> expression`. Lines behind `> ` go on with it; after a
first line that ends in ` <<` they are standard input. Then come standard output, standard error
(each line behind `! `) and `[status]`. Blocks stand in tests/golden/*.txt.
"""

import json
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "tests" / "golden").glob("*.txt"))
BLOCK = re.compile(
    r"^(?P<sign>\$ gradcli ?|>>> )(?P<line>[^\n]*(?:\n> ?[^\n]*)*)\n(?P<body>.*?)^\[\d+\]\n",
    re.MULTILINE | re.DOTALL,
)


def blocks(path):
    """The blocks of a file, as matches."""
    return list(BLOCK.finditer(path.read_text(encoding="utf-8")))


def command(line):
    """Arguments and standard input of a block's line."""
    first, *more = line.split("\n")
    more = [text[1:].removeprefix(" ") for text in more]
    if first.endswith(" <<"):
        return shlex.split(first[:-3]), "".join([f"{text}\n" for text in more])
    return shlex.split("\n".join([first, *more])), None


def messages():
    """Every error message that the golden files show."""
    found = set()
    for path in FILES:
        for text in path.read_text(encoding="utf-8").splitlines():
            if text.startswith("! error: "):
                found.add(text.removeprefix("! error: "))
            elif text.startswith("{"):
                found.add(json.loads(text).get("error", {}).get("message", ""))
    # An error in the value of an input says so in front.
    found |= {re.sub(r"^in the value of `[^`]*`: ", "", text) for text in found}
    return found - {""}
