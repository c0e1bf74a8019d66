"""The calculator: a program, parsed once, to be run at many inputs.

The command line, the Python interface and the tests all go through here. Tracing a program at some
inputs gives a graph; it is kept, and runs again at other inputs of the same shapes while the values
that steered the trace are the same.
"""

from __future__ import annotations

import ast
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from gradcli.arrays import as_array
from gradcli.errors import GradcliError, NameProblem, Span, SyntaxProblem, did_you_mean
from gradcli.graph import uncollected
from gradcli.language.names import free_names, known_name
from gradcli.language.parser import parse
from gradcli.language.scopes import bound_names, entry_function, require_placed
from gradcli.run import Run
from gradcli.settings import Settings
from gradcli.traced import Source, Traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT_SHAPES, KEPT_TRACES = 32, 4
"""Traces that a program keeps: for so many sets of input shapes, and so many for each of them."""


class Program:
    """A parsed program. Raises SyntaxProblem, with the place, where the source is none.

    stream: sets its random draws apart from those of other programs under the same seed. entry: the
    function of it to be run, where it is not the one that it ends in.
    """

    def __init__(
        self,
        source: str,
        *,
        filename: str | None = None,
        settings: Settings | None = None,
        stream: int = 0,
        entry: str | None = None,
    ) -> None:
        self.settings = settings or Settings()
        try:
            with uncollected():
                self.tree = parse(source, self.settings.max_nesting, self.settings.max_source)
            if entry is not None and entry_function(self.tree, entry) is None:
                known = [node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)]
                raise NameProblem(
                    f"the program defines no function `{entry}` at its top level",
                    hint=did_you_mean(entry, known) or f"it defines {', '.join(known) or 'none'}",
                )
            if not self.tree.body:
                raise SyntaxProblem(
                    "the program is empty", span=Span(1, 0, 1, 0), hint="as in `sum(x**2)`"
                )
            require_placed(self.tree)
        except GradcliError as error:
            raise error.located(source, filename) from None
        self.source = Source(source, filename, self.tree, stream, entry)
        self._free = free_names(self.tree, entry)
        self.reads = list(self._free)
        self._traced: OrderedDict[Any, list[Traced]] = OrderedDict()

    def check_names(self, given: Iterable[str]) -> None:
        """Raise NameProblem for an input that the program does not use."""
        for name in given:
            if name not in self.reads:
                unknown = [read for read in self.reads if known_name(read) is None]
                has = ", ".join(f"`{read}`" for read in unknown) or "no inputs"
                hint = did_you_mean(name, self.reads) or f"it uses {has}"
                hint = "the program sets it itself" if self.sets(name) else hint
                raise NameProblem(f"the program does not use `{name}`", hint=hint)

    def sets(self, name: str) -> bool:
        """Whether the program assigns to that name."""
        return name in bound_names(self.tree.body)

    def missing(self, given: Iterable[str]) -> list[str]:
        """Names that the program reads and nothing binds."""
        bound = set(given)
        return [
            name
            for name, needed in self._free.items()
            if needed and name not in bound and known_name(name) is None
        ]

    def trace(self, inputs: Mapping[str, Any]) -> Run:
        """The program's graph at these inputs; an earlier one where it still holds."""
        given = [name for name in self.reads if name in inputs]
        arrays = {name: as_array(name, inputs[name], self.settings) for name in given}
        key = tuple([(name, array.shape, array.dtype.kind) for name, array in arrays.items()])
        earlier = self._traced.setdefault(key, [])
        for traced in earlier:
            values = traced.values(arrays)
            if traced.holds(values):
                return Run(traced, values)
        traced = Traced(self.source, self.settings, arrays)
        earlier.insert(0, traced)
        del earlier[KEPT_TRACES:]
        self._traced.move_to_end(key)
        while len(self._traced) > KEPT_SHAPES:
            self._traced.popitem(last=False)
        return Run(traced, traced.values(arrays))
