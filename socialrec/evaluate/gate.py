"""Whether a candidate may replace the champion: by what it did on held-out pairs, never by hope."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from socialrec.settings import EvaluateSettings


@dataclass(frozen=True)
class Decision:
    """The gate's answer, why, and the figures it rests on."""

    promote: bool
    reasons: tuple[str, ...]
    figures: dict[str, float]

    def document(self) -> dict[str, Any]:
        """As plain data for JSON; figures that are not numbers become None."""
        figures = {name: value if math.isfinite(value) else None for name, value in self.figures.items()}
        return {**asdict(self), "reasons": list(self.reasons), "figures": figures}


def decide(
    candidate: Mapping[str, float],
    champion: Mapping[str, float] | None,
    popularity: Mapping[str, float],
    settings: EvaluateSettings,
    *,
    constant_share: float = 0.0,
    is_fresher: bool = False,
) -> Decision:
    """Promote what beats popularity, and the champion if there is one, in NDCG on the same held-out window.

    `constant_share` is the share of tested users to whom the candidate gives one score for all products; a candidate
    that tells nothing apart for most of them is refused. So is one whose figures are not numbers. With `is_fresher` (it
    saw newer data than the champion) it need only be as good as the champion: the same recipe on newer data ties.
    """
    name = f"ndcg_at_{settings.cutoff}"
    figures = {"candidate": candidate[name], "popularity": popularity[name], "constant_share": constant_share}
    if champion is not None:
        figures["champion"] = champion[name]
    broken = [f"{who} {name} is not a number" for who, value in figures.items() if not math.isfinite(value)]
    if broken:
        return Decision(False, tuple(broken), figures)
    if constant_share > 0.5:
        return Decision(
            False, (f"the candidate's scores are constant for {constant_share:.0%} of the tested users",), figures
        )
    reasons = [_compare(figures, "popularity", name, settings.min_gain_over_popularity, may_tie=False)]
    if champion is not None:
        reasons.append(_compare(figures, "champion", name, settings.min_gain_over_champion, may_tie=is_fresher))
    lost = tuple(line for passed, line in reasons if not passed)
    return Decision(not lost, lost or tuple(line for _, line in reasons), figures)


def _compare(figures: Mapping[str, float], rival: str, name: str, gain: float, *, may_tie: bool) -> tuple[bool, str]:
    ours, bar = figures["candidate"], figures[rival] + gain
    line = f"{name} {ours:.4f} against {figures[rival]:.4f} of {rival}"
    if ours > bar:
        return True, f"{line}: better"
    if may_tie and ours == bar:
        return True, f"{line}: as good, and fitted on newer data"
    return False, f"{line}: not better" + (f" by {gain:g}" if gain else "")
