"""Whether a candidate may replace the champion: by what it did on held-out pairs, never by hope."""

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


@dataclass(frozen=True)
class Check:
    """One question of the gate: the figure, the bound that it was held against, and the answer in words.

    decides: False for a check that only warns. remedy: what a person can do about it, empty where it passed.
    """

    name: str
    is_passed: bool
    figure: float
    bound: float
    line: str
    decides: bool = True
    remedy: str = ""


@dataclass(frozen=True)
class Decision:
    """The gate's answer, and every check that it rests on."""

    checks: tuple[Check, ...]

    @property
    def promote(self) -> bool:
        """True if every check that decides passed; a gate that asked nothing promotes nothing."""
        deciding = [check.is_passed for check in self.checks if check.decides]
        return bool(deciding) and all(deciding)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Lines of the checks that decide against the candidate or, where none does, for it."""
        return tuple(check.line for check in self.checks if check.decides and check.is_passed == self.promote)

    @property
    def warnings(self) -> tuple[Check, ...]:
        """Checks that failed and decide nothing."""
        return tuple(check for check in self.checks if not check.decides and not check.is_passed)

    def document(self) -> dict[str, Any]:
        """As plain data for JSON; figures that are not numbers become None."""
        checks = [asdict(check) for check in self.checks]
        for check in checks:
            check["figure"] = check["figure"] if math.isfinite(check["figure"]) else None
        return {"promote": self.promote, "reasons": list(self.reasons), "checks": checks}


def decide(evaluation: Evaluation, settings: EvaluateSettings, *, is_fresher: bool = False) -> Decision:
    """Promote what is sound and better than popularity and the champion, in NDCG, by a paired test over users.

    With `is_fresher` (it saw newer data than the champion) a candidate need only be as good as the champion: the same
    recipe on newer data ties. A candidate with faults was never measured, so that nothing else is asked of it.
    """
    if faults := evaluation.get("faults"):
        return Decision(tuple(Check("whole", False, float(len(faults)), 0.0, fault) for fault in faults))
    if broken := tuple(_not_numbers(evaluation, f"ndcg_at_{settings.cutoff}")):
        return Decision(broken)
    checks = [*_soundness(evaluation, settings), _beats_popularity(evaluation, settings)]
    if evaluation.get("champion"):
        checks.append(_beats_champion(evaluation, settings, is_fresher=is_fresher))
    checks += [_slices(evaluation, settings), _fairness(evaluation, settings), *_exposure(evaluation, settings)]
    checks.append(_reasons(evaluation, settings))
    checks += [*_manipulation(evaluation, settings), *_cost(evaluation, settings)]
    return Decision(tuple(checks))


def _not_numbers(evaluation: Evaluation, name: str) -> Iterator[Check]:
    for who in ("candidate", "popularity", "champion"):
        if evaluation.get(who) and evaluation[who][name] is None:
            yield Check("numbers", False, math.nan, 0.0, f"{who} {name} is not a number")


def _soundness(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[Check]:
    leaked, constant = evaluation["leaked_pairs"], evaluation["constant_share"]
    yield _at_most("leak", leaked, 0, f"{leaked} held-out pairs were in the evidence that was learned from")
    line = f"the candidate's scores are constant for {constant:.0%} of the tested users"
    yield _at_most("constant_scores", constant, settings.max_constant_share, line)


def _beats_popularity(evaluation: Evaluation, settings: EvaluateSettings) -> Check:
    test, line = _against("popularity", evaluation, settings)
    gain = settings.min_gain_over_popularity
    is_better = test["difference"] > gain and test["p_better"] <= settings.max_p_value
    return Check("popularity", is_better, test["difference"], gain, line + _verdict(is_better, gain))


def _beats_champion(evaluation: Evaluation, settings: EvaluateSettings, *, is_fresher: bool) -> Check:
    test, line = _against("champion", evaluation, settings)
    gain = settings.min_gain_over_champion
    if test["difference"] > gain and test["p_better"] <= settings.max_p_value:
        return Check("champion", True, test["difference"], gain, f"{line}: better")
    if not is_fresher:
        return Check("champion", False, test["difference"], gain, line + _verdict(False, gain))
    least = -settings.tie_margin * evaluation["champion"][f"ndcg_at_{settings.cutoff}"]
    ties = test["difference"] >= least and test["p_worse"] > settings.max_p_value
    verdict = ": as good, and fitted on newer data" if ties else ": worse, which newer data do not outweigh"
    return Check("champion", ties, test["difference"], least, line + verdict)


def _slices(evaluation: Evaluation, settings: EvaluateSettings) -> Check:
    """No slice with enough users may lose more than the margin, unless the paired test calls the loss chance."""
    rival = "champion" if evaluation.get("champion") else "popularity"
    losses = [
        (-test["difference"], name)
        for name, test in evaluation["paired"][rival].items()
        if name != EVERYONE and test["n_users"] >= settings.min_slice_users and test["p_worse"] <= settings.max_p_value
    ]
    loss, name = max(losses, default=(0.0, ""))
    if loss <= settings.max_slice_loss:
        return Check("slices", True, loss, settings.max_slice_loss, f"no slice is worse than with {rival}")
    line = f"slice {name} is worse than with {rival} by {loss:.4f}, more than {settings.max_slice_loss:g}"
    return Check("slices", False, loss, settings.max_slice_loss, line)


def _fairness(evaluation: Evaluation, settings: EvaluateSettings) -> Check:
    """No watched group of products may lose more than the margin of the exposure that the rival gives it."""
    rival = "champion" if evaluation.get("champion") else "popularity"
    ours, theirs = evaluation["candidate"], evaluation[rival]
    losses = [
        (1.0 - ours[name] / theirs[name], name.removeprefix(EXPOSURE).rpartition("_at_")[0].replace("_", " "))
        for name in ours
        if name.startswith(EXPOSURE) and ours[name] is not None and theirs.get(name)
    ]
    loss, group = max(losses, default=(0.0, ""))
    if loss <= settings.max_exposure_loss:
        return Check("exposure", True, loss, settings.max_exposure_loss, f"no group is shown less than with {rival}")
    line = f"{group} are shown {loss:.0%} less than with {rival}"
    return _at_most("exposure", loss, settings.max_exposure_loss, line)


def _exposure(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[Check]:
    """Coverage and evenness (1 - Gini) as shares of what so many places could reach at best; likeness to popularity."""
    figures, cutoff = evaluation["candidate"], settings.cutoff
    attainable = min(1.0, figures["n_users"] * cutoff / evaluation["n_products"])
    coverage = figures[f"coverage_at_{cutoff}"] / attainable
    line = f"lists reach {coverage:.1%} of the products that they could"
    yield _at_least("coverage", coverage, settings.min_coverage, line)
    evenness = (1.0 - figures[f"gini_at_{cutoff}"]) / attainable
    yield _at_least("evenness", evenness, settings.min_evenness, f"exposure is {evenness:.1%} as even as it could be")
    overlap = evaluation["popularity_overlap"]
    line = f"{overlap:.0%} of the places hold what popularity alone would show"
    yield _at_most("popularity_overlap", overlap, settings.max_popularity_overlap, line)


def _reasons(evaluation: Evaluation, settings: EvaluateSettings) -> Check:
    share, n = evaluation["reasons"]["reasons_valid_share"], evaluation["reasons"]["reasons_tested"]
    line = f"{share:.0%} of {n} reasons stand the deletion test"
    return _at_least("reasons", share, settings.min_reasons_valid, line)


def _manipulation(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[Check]:
    """How far rings of fake accounts get their products; asks nothing where the settings planted none."""
    figures = evaluation["manipulation"]
    if not figures:
        return
    who = f"a ring of {figures['ring_members']:,.0f} fake accounts"
    line = f"{who} lifts its product by {figures['ring_climb']:.1%} of the catalogue"
    yield _at_most("ring_climb", figures["ring_climb"], settings.max_ring_climb, line)
    line = f"{who} gets its product into {figures['ring_lists']:.1%} more of the lists"
    yield _at_most("ring_lists", figures["ring_lists"], settings.max_ring_lists, line)


def _cost(evaluation: Evaluation, settings: EvaluateSettings) -> Iterator[Check]:
    cost = evaluation["cost"]
    line = f"fitting took {cost['fit_seconds']:.0f} s"
    yield _at_most("fit_seconds", cost["fit_seconds"], settings.max_fit_seconds, line)
    per_user = cost["score_milliseconds_per_user"]
    line = f"scoring took {per_user:.1f} ms a user"
    yield _at_most("score_milliseconds_per_user", per_user, settings.max_score_milliseconds_per_user, line)


def _against(rival: str, evaluation: Evaluation, settings: EvaluateSettings) -> tuple[Mapping[str, float], str]:
    name, test = f"ndcg_at_{settings.cutoff}", evaluation["paired"][rival][EVERYONE]
    ours, theirs = evaluation["candidate"][name], evaluation[rival][name]
    return test, f"{name} {ours:.4f} against {theirs:.4f} of {rival} (p {test['p_better']:.3f})"


def _verdict(is_better: bool, gain: float) -> str:
    return ": better" if is_better else ": not better" + (f" by {gain:g}" if gain else "")


def _at_most(name: str, figure: float, bound: float, line: str) -> Check:
    is_passed = figure <= bound
    return Check(name, is_passed, float(figure), float(bound), line + ("" if is_passed else f", at most {bound:g}"))


def _at_least(name: str, figure: float, bound: float, line: str) -> Check:
    is_passed = figure >= bound
    return Check(name, is_passed, float(figure), float(bound), line + ("" if is_passed else f", at least {bound:g}"))
