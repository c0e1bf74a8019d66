"""The command line: one file a command. The only importer of click."""

import gc

# A run of the calculator is short and makes no reference cycles worth collecting: looking for them
# costs a tenth of the start, and much more while a large graph is built.
gc.disable()

from gradcli.cli.main import main  # noqa: E402

__all__ = ["main"]
