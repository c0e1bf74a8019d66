"""The command line: one file a command. The only importer of click."""

from gradcli.cli.main import main

__all__ = ["main"]
