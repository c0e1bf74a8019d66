"""Claims about derivatives: whether they hold, where they do not, and what would explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import ArgumentError, did_you_mean
from gradcli.trust.comparing import within
from gradcli.trust.mistakes import likely

if TYPE_CHECKING:
    from gradcli.run import Run
    from gradcli.trust.checking import Block, CheckedOutput

    Array = np.ndarray[Any, Any]

RTOL, ATOL = 1e-5, 1e-8
MOST_SHOWN = 5


class Claim:
    """What somebody else found: for an input, or (a Hessian) for two.

    rtol, atol: it holds where |claim - ours| <= atol + rtol*|ours|, as in `allclose`. Where atol is
    None it is 1e-8, or rtol of the largest entry where that is less, though at least 1e-15: beside
    small derivatives, others as small do not pass for equal.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        value: Array,
        *,
        rtol: float | None = None,
        atol: float | None = None,
        output: int = 0,
    ) -> None:
        self.labels = labels
        self.value = value
        self.rtol = RTOL if rtol is None else rtol
        self.atol = atol
        self.output = output


class Verdict:
    """Whether a claim holds.

    wrong: indices of the elements that differ, worst first; between: of those at a kink whose claim
    lies between the one-sided derivatives. likely: mistakes that explain the difference, in words.
    """

    def __init__(self, claim: Claim, ours: Array) -> None:
        self.claim = claim
        self.ours = ours
        self.rtol = claim.rtol
        self.atol = absolute(claim.atol, claim.rtol, ours)
        self.same_shape = claim.value.shape == ours.shape
        self.wrong: list[tuple[int, ...]] = []
        self.between: list[tuple[int, ...]] = []
        self.likely: list[str] = []

    @property
    def ok(self) -> bool:
        return self.same_shape and not self.wrong

    @property
    def name(self) -> str:
        return " ".join(self.claim.labels)

    def described(self) -> dict[str, Any]:
        """What JSON has of it."""
        whole: dict[str, Any] = {
            "wrt": self.name, "ok": self.ok, "rtol": self.rtol, "atol": self.atol,
        }  # fmt: skip
        if not self.same_shape:
            whole["shape"] = list(self.claim.value.shape)
        if self.wrong:
            whole["differs"] = len(self.wrong)
            whole["worst"] = [
                {
                    "index": list(place),
                    "claim": float(self.claim.value[place]),
                    "ours": float(self.ours[place]),
                }
                for place in self.wrong[:MOST_SHOWN]
            ]
        if self.between:
            whole["between"] = [list(place) for place in self.between]
        if self.likely:
            whole["likely"] = self.likely
        return whole


def absolute(atol: float | None, rtol: float, ours: Array) -> float:
    """The absolute tolerance: as given, or chosen by the largest entry (see `Claim`)."""
    if atol is not None:
        return atol
    finite = np.abs(ours[np.isfinite(ours)])
    return float(max(min(ATOL, rtol * finite.max(initial=0)), 1e-15))


def differing(claimed: Array, ours: Array, rtol: float, atol: float) -> Array:
    """Where two arrays of one shape differ, by `allclose`'s rule; NaN equals NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(claimed.astype(np.float64) - ours)
        near = gap <= atol + rtol * np.abs(ours)
    # An infinite entry allows any error by the rule: it has to be the same one.
    near &= np.isfinite(ours)
    result: Array = ~(near | (claimed == ours) | (np.isnan(claimed) & np.isnan(ours)))
    return result


def judged(claim: Claim, output: CheckedOutput, run: Run, seed: Any) -> Verdict:
    """Whether a claim about an output's derivative holds."""
    block = _block(claim, output)
    verdict = Verdict(claim, block.ours.astype(np.float64))
    if verdict.same_shape:
        wrong = differing(claim.value, verdict.ours, verdict.rtol, verdict.atol)
        inside = _between(claim.value, block, run)
        verdict.between = _indices(wrong & inside, claim.value, verdict.ours)
        verdict.wrong = _indices(wrong & ~inside, claim.value, verdict.ours)
    if not verdict.ok:
        verdict.likely = likely(verdict, output.kind, run, seed)
    return verdict


def _block(claim: Claim, output: CheckedOutput) -> Block:
    wanted = claim.labels
    if output.kind == "hessian" and len(wanted) == 1:
        wanted = wanted * 2
    for block in output.blocks:
        if block.labels == wanted:
            return block
    known = [" ".join(block.labels) for block in output.blocks]
    given = " ".join(claim.labels)
    raise ArgumentError(
        f"a claim is about `{given}`, which nothing is differentiated by",
        hint=did_you_mean(given, known) or f"there is {', '.join(known) or 'nothing'}",
    )


def _between(claimed: Array, block: Block, run: Run) -> Array:
    """Where a claim stands at a kink, between the one-sided derivatives."""
    inside = np.zeros(claimed.shape, np.bool_)
    if block.kinks and block.slopes is not None:
        rows = int(np.prod(block.head, dtype=int))
        part = claimed.reshape(rows, -1)[:, block.chosen].astype(np.float64)
        allowed = within(part, block.slopes, run.settings.dtype)
        for kink in block.kinks:
            place = tuple(kink["index"])
            row, column = block.checked_place(place)
            inside[place] = allowed[row, column]
    return inside


def _indices(where: Array, claimed: Array, ours: Array) -> list[tuple[int, ...]]:
    places = [tuple(map(int, place)) for place in np.argwhere(where)]
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.nan_to_num(np.abs(claimed - ours), nan=np.inf)
    return sorted(places, key=lambda place: (-gap[place], place))
