"""The engine: graph to plan, plan to arrays."""

from gradcli.engine.plan import (
    Concrete,
    Plan,
    Unsure,
    bytes_text,
    default_memory_limit,
    memory_error,
)

__all__ = ["Concrete", "Plan", "Unsure", "bytes_text", "default_memory_limit", "memory_error"]
