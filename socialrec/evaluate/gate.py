"""Gate: decide by held-out pairs if a candidate may replace the champion.

Broken candidates are always refused: a leak, figures that are no numbers, files that do not fit the shop, constant
scores, too few users to measure on, not better than popularity. Without a trained champion every other check warns and
decides nothing. With one it decides, and bounds what the candidate may lose to the champion on the same data: some
shops could never meet an absolute bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from socialrec.evaluate.comparison import EVERYONE
from socialrec.evaluate.measure import EXPOSURE
from socialrec.settings import EvaluateSettings

Evaluation = Mapping[str, Any]
"""The document that evaluate_recommender keeps: figures by model, slices, paired tests, soundness and cost."""

DECISION_SETTINGS = frozenset(
    {
        "min_gain_over_popularity",
        "min_gain_over_champion",
        "max_p_value",
        "tie_margin",
        "min_slice_users",
        "max_slice_loss",
        "max_exposure_loss",
        "max_constant_share",
        "min_coverage",
        "min_evenness",
        "max_popularity_overlap",
        "min_reasons_valid",
        "max_reasons_loss",
        "max_ring_lists",
        "max_fit_seconds",
        "max_score_milliseconds_per_user",
        "max_cost_growth",
    }
)
"""Settings of `evaluate` that only the gate reads: after a change of these, it decides again on the same figures."""
FLOORS = {"fit_seconds": 60.0, "score_milliseconds_per_user": 1.0}
"""Minimum of a champion's cost in comparisons: load on the machine can multiply seconds of fitting."""


@dataclass(frozen=True)
class GateCheck:
    """One check of the gate: the figure, its bound, and the answer in words.

    decides: False for a check that only warns. remedy: advice to a person, empty where it passed.
    """

    name: str
    is_passed: bool
    decides: bool
    figure: float
    bound: float
    line: str
    remedy: str = ""


@dataclass(frozen=True)
class Decision:
    """Decision of the gate, with all its checks."""

    checks: tuple[GateCheck, ...]

    @property
    def promote(self) -> bool:
        """True if every deciding check passed; without checks nothing is promoted."""
        deciding = [check.is_passed for check in self.checks if check.decides]
        return bool(deciding) and all(deciding)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Lines of the deciding checks that failed or, where none failed, of those that passed."""
        return tuple(check.line for check in self.checks if check.decides and check.is_passed == self.promote)

    @property
    def warnings(self) -> tuple[GateCheck, ...]:
        """Failed checks that only warn."""
        return tuple(check for check in self.checks if not check.decides and not check.is_passed)

    @property
    def warning_lines(self) -> tuple[str, ...]:
        """Warnings with their remedies, in words."""
        return tuple(f"{check.line}: {check.remedy}" for check in self.warnings)

    def document(self) -> dict[str, Any]:
        """Plain data for JSON; figures that are not numbers become None."""
        checks = [asdict(check) for check in self.checks]
        for check in checks:
            check["figure"] = check["figure"] if math.isfinite(check["figure"]) else None
        return {
            "promote": self.promote,
            "reasons": list(self.reasons),
            "warnings": list(self.warning_lines),
            "checks": checks,
        }


def decide(evaluation: Evaluation, settings: EvaluateSettings, *, is_fresher: bool = False) -> Decision:
    """Promote a candidate that is sound and better than popularity and the champion, in NDCG, by a paired test over
    users.

    With `is_fresher` (it saw newer data than the champion) a candidate need only be as good as the champion: the same
    recipe on newer data ties. A candidate with faults was never measured, so no other check applies.
    """
    if faults := evaluation.get("faults"):
        return Decision(tuple(_broken("whole", fault, float(len(faults))) for fault in faults))
    if broken := tuple(_unmeasured(evaluation, settings)):
        return Decision(broken)
    checks = [*_soundness(evaluation, settings), _beats_popularity(evaluation, settings)]
    if evaluation.get("champion"):
        checks.append(_beats_champion(evaluation, settings, is_fresher=is_fresher))
    checks += [_slices(evaluation, settings), _fairness(evaluation, settings), *_exposure(evaluation, settings)]
    checks += [_reasons(evaluation, settings), *_attacks(evaluation, settings), *_cost(evaluation, settings)]
    return Decision(tuple(checks))


def n_users_missing(evaluation: Evaluation, settings: EvaluateSettings) -> int:
    """Number of additional users with held-out pairs needed to measure a candidate; 0 where there are enough."""
    return max(settings.min_tested_users - int(evaluation.get("n_tested", 0)), 0)


def _unmeasured(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[GateCheck]:
    """Check for too few held-out users, or for figures that are no numbers."""
    n_tested, least = int(evaluation["n_tested"]), settings.min_tested_users
    if n_tested < least:
        line = f"{n_tested} users have held-out pairs, at least {least} (evaluate.min_tested_users) are needed"
        accept = f", or accept so few with evaluate.min_tested_users = {n_tested}" if n_tested else ""
        remedy = f"train again when more has landed{accept}"
        yield GateCheck("tested_users", False, True, float(n_tested), float(least), line, remedy)
        return
    name = f"ndcg_at_{settings.cutoff}"
    for who in ("candidate", "popularity", "champion"):
        if evaluation.get(who) and evaluation[who][name] is None:
            yield _broken("numbers", f"{who} {name} is not a number", math.nan)


def _soundness(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[GateCheck]:
    leaked, constant = evaluation["leaked_pairs"], evaluation["constant_share"]
    line = f"{leaked} held-out pairs were in the evidence that was learned from"
    yield _at_most("leak", leaked, 0, line, "this is a defect: report it with the training's evaluation.json")
    line = f"the candidate's scores are constant for {constant:.0%} of the tested users"
    remedy = "land more events and comments of these users, then train again"
    yield _at_most("constant_scores", constant, settings.max_constant_share, line, remedy)


def _beats_popularity(evaluation: Evaluation, settings: EvaluateSettings) -> GateCheck:
    test, line = _against("popularity", evaluation, settings)
    gain = settings.min_gain_over_popularity
    is_better = test["difference"] > gain and test["p_better"] <= settings.max_p_value
    remedy = (
        "" if is_better else "train again when more has landed, or try other settings (recommend.tuning_trials = 20)"
    )
    return GateCheck("popularity", is_better, True, test["difference"], gain, line + _verdict(is_better, gain), remedy)


def _beats_champion(evaluation: Evaluation, settings: EvaluateSettings, *, is_fresher: bool) -> GateCheck:
    test, line = _against("champion", evaluation, settings)
    gain, difference = settings.min_gain_over_champion, test["difference"]
    if difference > gain and test["p_better"] <= settings.max_p_value:
        return GateCheck("champion", True, True, difference, gain, f"{line}: better")
    remedy = "nothing to do: the champion stays; train again when more has landed"
    if not is_fresher:
        return GateCheck("champion", False, True, difference, gain, line + _verdict(False, gain), remedy)
    least = -settings.tie_margin * evaluation["champion"][f"ndcg_at_{settings.cutoff}"]
    ties = difference >= least and test["p_worse"] > settings.max_p_value
    verdict = ": as good, and fitted on newer data" if ties else ": worse, which newer data do not outweigh"
    return GateCheck("champion", ties, True, difference, least, line + verdict, "" if ties else remedy)


def _slices(evaluation: Evaluation, settings: EvaluateSettings) -> GateCheck:
    """Check that no slice with enough users loses more than the margin, unless the paired test finds no difference."""
    rival, decides = _rival(evaluation)
    losses = [
        (-test["difference"], name)
        for name, test in evaluation["paired"][rival].items()
        if name != EVERYONE and test["n_users"] >= settings.min_slice_users and test["p_worse"] <= settings.max_p_value
    ]
    loss, name = max(losses, default=(0.0, ""))
    bound = settings.max_slice_loss
    if loss <= bound:
        return GateCheck("slices", True, decides, loss, bound, f"no slice is worse than with {rival}")
    line = f"slice {name} is worse than with {rival} by {loss:.4f}, more than {bound:g}"
    return GateCheck("slices", False, decides, loss, bound, line, _raise("max_slice_loss", loss))


def _fairness(evaluation: Evaluation, settings: EvaluateSettings) -> GateCheck:
    """Check that no watched group of products loses more than the margin of the exposure that the rival gives it."""
    rival, decides = _rival(evaluation)
    ours, theirs = evaluation["candidate"], evaluation[rival]
    losses = [
        (1.0 - ours[name] / theirs[name], name.removeprefix(EXPOSURE).rpartition("_at_")[0].replace("_", " "))
        for name in ours
        if name.startswith(EXPOSURE) and ours[name] is not None and theirs.get(name)
    ]
    loss, group = max(losses, default=(0.0, ""))
    bound = settings.max_exposure_loss
    if loss <= bound:
        return GateCheck("exposure", True, decides, loss, bound, f"no group is shown less than with {rival}")
    line = f"{group} are shown {loss:.0%} less than with {rival}"
    reserve = f"recommend.max_small_seller_loss = {bound:g} reserves places for small sellers"
    remedy = f"{reserve}; or {_raise('max_exposure_loss', loss)}"
    return _at_most("exposure", loss, bound, line, remedy, decides=decides)


def _exposure(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[GateCheck]:
    """Check coverage and evenness (1 - Gini) as shares of the maximum for so many places; and difference from
    popularity.
    """
    figures, cutoff, theirs = evaluation["candidate"], settings.cutoff, evaluation.get("champion")
    attainable = min(1.0, figures["n_users"] * cutoff / evaluation["n_products"])
    max_loss, explore = settings.max_exposure_loss, "recommend.exploration_share = 0.1 shows more of the catalogue"
    coverage = figures[f"coverage_at_{cutoff}"] / attainable
    line = f"lists reach {coverage:.1%} of the products that they could"
    before = theirs[f"coverage_at_{cutoff}"] / attainable if theirs else None
    yield _keeps("coverage", coverage, _Bounds(settings.min_coverage, before, max_loss), line, explore)
    evenness = (1.0 - figures[f"gini_at_{cutoff}"]) / attainable
    line = f"exposure is {evenness:.1%} as even as it could be"
    before = (1.0 - theirs[f"gini_at_{cutoff}"]) / attainable if theirs else None
    yield _keeps("evenness", evenness, _Bounds(settings.min_evenness, before, max_loss), line, explore)
    own = 1.0 - evaluation["popularity_overlap"]
    line = f"{evaluation['popularity_overlap']:.0%} of the recommendations are what popularity alone would show"
    before = 1.0 - evaluation["champion_facts"]["popularity_overlap"] if theirs else None
    remedy = "land more events, comments and follows, then train again"
    yield _keeps(
        "popularity_overlap", own, _Bounds(1.0 - settings.max_popularity_overlap, before, max_loss), line, remedy
    )


def _reasons(evaluation: Evaluation, settings: EvaluateSettings) -> GateCheck:
    share, n = evaluation["reasons"]["reasons_valid_share"], evaluation["reasons"]["reasons_tested"]
    line = f"{share:.0%} of {n} reasons pass the deletion test"
    facts = evaluation.get("champion_facts")
    before = facts["reasons"]["reasons_valid_share"] if facts else None
    remedy = "recommend.max_reasons = 1 shows the strongest reason alone"
    return _keeps(
        "reasons", share, _Bounds(settings.min_reasons_valid, before, settings.max_reasons_loss), line, remedy
    )


def _attacks(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[GateCheck]:
    """Check the share of honest users' lists that a ring gets its product into; nothing where no rings were planted."""
    figures, facts = evaluation["manipulation"], evaluation.get("champion_facts")
    if not figures:
        return
    share, before = figures["ring_lists"], facts["manipulation"].get("ring_lists", 0.0) if facts else 0.0
    bound = before + settings.max_ring_lists
    line = (
        f"a ring of {figures['ring_members']:,.0f} fake accounts gets its product into {share:.1%} more of the lists "
        f"({figures['ring_lists_low']:.1%} to {figures['ring_lists_high']:.1%} over {figures['rings']:,.0f} rings)"
    )
    remedy = f"look at the report's suspicious accounts; or {_raise('max_ring_lists', share - before)}"
    yield _at_most("ring_lists", share, bound, line, remedy, decides=facts is not None)


def _cost(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[GateCheck]:
    facts = evaluation.get("champion_facts")
    lines = {"fit_seconds": "fitting took {:.1f} s", "score_milliseconds_per_user": "scoring took {:.1f} ms a user"}
    for name, line in lines.items():
        figure, bound, setting = evaluation["cost"][name], getattr(settings, f"max_{name}"), f"max_{name}"
        if facts:
            least = max(facts["cost"][name], FLOORS[name])
            bound, setting = settings.max_cost_growth * least, "max_cost_growth"
        needed = figure / least if facts else figure
        yield _at_most(name, figure, bound, line.format(figure), _raise(setting, needed), decides=facts is not None)


def _rival(evaluation: Evaluation) -> tuple[str, bool]:
    """Model to compare a candidate with, and True if that comparison decides."""
    return ("champion", True) if evaluation.get("champion") else ("popularity", False)


def _against(rival: str, evaluation: Evaluation, settings: EvaluateSettings) -> tuple[Mapping[str, float], str]:
    name, test = f"ndcg_at_{settings.cutoff}", evaluation["paired"][rival][EVERYONE]
    ours, theirs = evaluation["candidate"][name], evaluation[rival][name]
    return test, f"{name} {ours:.4f} against {theirs:.4f} of {rival} (p {test['p_better']:.3f})"


def _verdict(is_better: bool, gain: float) -> str:
    return ": better" if is_better else ": not better" + (f" by {gain:g}" if gain else "")


def _broken(name: str, line: str, figure: float) -> GateCheck:
    return GateCheck(
        name, False, True, figure, 0.0, line, "this candidate cannot serve: train again, or report the defect"
    )


def _at_most(name: str, figure: float, bound: float, line: str, remedy: str, *, decides: bool = True) -> GateCheck:
    if figure <= bound:
        return GateCheck(name, True, decides, float(figure), float(bound), line)
    return GateCheck(name, False, decides, float(figure), float(bound), f"{line}, at most {bound:.3g}", remedy)


@dataclass(frozen=True)
class _Bounds:
    """Bounds of a share: without a champion `least` warns, otherwise `max_loss` against the champion decides."""

    least: float
    champion: float | None
    max_loss: float


def _keeps(name: str, figure: float, bounds: _Bounds, line: str, remedy: str) -> GateCheck:
    """Check a share that should be high."""
    champion = bounds.champion
    bound = bounds.least if champion is None else champion * (1.0 - bounds.max_loss)
    of_champion = "" if champion is None else f" ({champion:.1%} with the champion)"
    if figure >= bound:
        return GateCheck(name, True, champion is not None, float(figure), float(bound), line + of_champion)
    line += f"{of_champion}, at least {bound:.3g}"
    return GateCheck(name, False, champion is not None, float(figure), float(bound), line, remedy)


def _raise(setting: str, needed: float) -> str:
    """Words that name the setting and a value with which this figure would pass."""
    digits = 2 if needed < 10 else 0
    value = math.ceil(needed * 10**digits) / 10**digits
    return f"accept it with evaluate.{setting} = {value:g}"
