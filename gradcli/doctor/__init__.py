"""Where numbers stop being finite, and what to write instead."""

from gradcli.doctor.finite import diagnose, require_finite

__all__ = ["diagnose", "require_finite"]
