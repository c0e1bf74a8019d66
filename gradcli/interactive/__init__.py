"""Sitting down at the calculator: a session that remembers, and completion of what is typed."""
