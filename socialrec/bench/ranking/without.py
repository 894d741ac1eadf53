"""Worth of single signals on the test pairs: the blend beside one that validation learned without the signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from socialrec.errors import UserError
from socialrec.evaluate.measure import accuracy
from socialrec.evaluate.metrics.hits import Ranked
from socialrec.evaluate.paired import paired_test
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.ablation import Ablation
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import EvaluateSettings, RecommendSettings

METRICS = ("ndcg", "recall")


@dataclass(frozen=True)
class WithoutSignals:
    """Blends without one signal each, by the signal's name: weights by signal, as validation relearned them."""

    blends: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, signals: Sequence[str], ablation: Sequence[Ablation]) -> WithoutSignals:
        """Take the blends of these signals from the ablation."""
        return cls({row.signal: row.others for row in ablation if row.signal in signals})

    def wanted(self, weights: Mapping[str, float]) -> dict[str, float]:
        """Largest weight of each signal in any of the blends and in these weights: what has to be fitted."""
        blends = (weights, *self.blends.values())
        return {name: max(blend.get(name, 0.0) for blend in blends) for name in weights}

    def measure(
        self,
        whole: tuple[Recommender, Ranked],
        data: FeatureSet,
        held: HeldOut,
        cutoffs: Sequence[int],
        settings: tuple[RecommendSettings, EvaluateSettings],
    ) -> dict[str, float]:
        """Figures without each signal, and of the paired test of the whole blend against that: `gain_…` is the mean
        difference over users, with its 95% interval `…_low` to `…_high`, and `…_p` the chance of so high a one.
        """
        recommender, ranked = whole
        (chosen, evaluate), found = settings, dict[str, float]()
        for name, weights in self.blends.items():
            newcomers = recommender.newcomer_weights and recommender.newcomer_weights | {name: 0.0}
            lesser = recommender.with_weights(weights).with_newcomers(newcomers)
            lists = rank(lesser, data, held, max(cutoffs), chosen).ranked
            for cutoff in cutoffs:
                ours, theirs = (accuracy(each, held.relevant, METRICS, cutoff) for each in (ranked, lists))
                for metric, values in theirs.items():
                    test = paired_test(ours[metric], values, evaluate.n_resamples, evaluate.seed)
                    gain = f"gain_{name}_{metric}"
                    found |= {f"without_{name}_{metric}": float(values.mean()), gain: test.difference}
                    found |= {f"{gain}_low": test.low, f"{gain}_high": test.high, f"{gain}_p": test.p_better}
        return found


def signals_of(text: str) -> tuple[str, ...]:
    """Names of signals written as `ties,opinion`. Raises UserError on an unknown one."""
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    known = [signal.name for signal in SIGNALS]
    for name in names:
        if name not in known:
            raise UserError(f"--without {name!r} is no signal; use some of {', '.join(known)}")
    return names
