"""Build step: the grammar's parse tables, written into the package as plain Python data."""

from __future__ import annotations

import runpy
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Compile the grammar with Lark and ship the tables beside the parser."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        tables = runpy.run_path(str(root / "gradcli" / "language" / "tables.py"))
        source = (root / "grammar" / "gradcli.lark").read_bytes()
        compiled = tables["compile_grammar"](source.decode(), zlib.crc32(source))
        target = root / "gradcli" / "language" / "_tables.py"
        target.write_text(tables["module_text"](compiled), encoding="utf-8")
