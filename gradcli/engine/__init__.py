"""The engine: graph to plan, plan to arrays."""

from gradcli.engine.plan import Plan, bytes_text, default_memory_limit, evaluate_into, memory_error

__all__ = ["Plan", "bytes_text", "default_memory_limit", "evaluate_into", "memory_error"]
