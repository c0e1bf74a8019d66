"""Differentiation: graph to graph, in reverse and forward mode. No op is named here."""

from gradcli.autodiff.forward import jvp
from gradcli.autodiff.reverse import vjp

__all__ = ["jvp", "vjp"]
