"""The engine: graph to plan, plan to arrays."""

from gradcli.engine.concrete import Concrete, Unsure
from gradcli.engine.memory import bytes_text, default_memory_limit, memory_error, node_bytes
from gradcli.engine.plan import Plan

__all__ = [
    "Concrete",
    "Plan",
    "Unsure",
    "bytes_text",
    "default_memory_limit",
    "memory_error",
    "node_bytes",
]
