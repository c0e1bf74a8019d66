"""The engine: graph to plan, plan to arrays."""

from gradcli.engine.concrete import Concrete, Unsure
from gradcli.engine.memory import bytes_text, default_memory_limit, memory_error, node_bytes
from gradcli.engine.plan import Plan
from gradcli.engine.stats import Stats, recording

__all__ = [
    "Concrete",
    "Plan",
    "Stats",
    "Unsure",
    "bytes_text",
    "default_memory_limit",
    "memory_error",
    "node_bytes",
    "recording",
]
