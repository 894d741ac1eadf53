"""Comparison of phrased answers with the passages' own sentences, by answers that people wrote to the questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from socialrec.answers.composing import second_person
from socialrec.answers.generator_training import Phrasing
from socialrec.answers.verifying import shown
from socialrec.answers.words import tokens

MAX_MEASURED = 200
"""Most written answers that phrasings are measured by: on one core one takes about a second."""
Phrase = Callable[[Sequence[str], Sequence[str]], list[str]]
"""Function from questions and passages to texts, such as `Generator.phrase`."""


@dataclass(frozen=True)
class PhrasingTest:
    """Mean ROUGE-L of answers as they are shown to those that people wrote: with phrasings, and without any.

    n_phrased: those of the n answers that the verification let through in other words.
    """

    n: int
    n_phrased: int
    phrased: float
    extractive: float

    @property
    def is_better(self) -> bool:
        """True where phrasings are closer to what people wrote: a tie goes to the passages' own sentences."""
        return self.phrased > self.extractive

    @property
    def sentence(self) -> str:
        """The comparison and what follows from it, for people."""
        outcome = "answers are phrased" if self.is_better else "answers stay the passages' own sentences"
        return (
            f"{outcome}: ROUGE-L to {self.n:,} held-out answers is {self.phrased:.3f} phrased ({self.n_phrased:,} of "
            f"them) and {self.extractive:.3f} as the passages are"
        )

    def figures(self) -> dict[str, float]:
        """Figures by name; none without answers to compare with."""
        if not self.n:
            return {}
        return {
            "val/rouge_l_phrased": self.phrased,
            "val/rouge_l_extractive": self.extractive,
            "val/phrased_share": self.n_phrased / self.n,
        }


def compare_phrasings(held_out: Sequence[Phrasing], phrase: Phrase) -> PhrasingTest:
    """Compare phrasings with the passages' own sentences on answers that nothing was trained on, at most MAX_MEASURED,
    chosen by a hash.
    """
    chosen = sorted(set(held_out), key=lambda one: one.hash)[:MAX_MEASURED]
    if not chosen:
        return PhrasingTest(0, 0, 0.0, 0.0)
    words = phrase([one.question for one in chosen], [one.passage for one in chosen])
    plain = [second_person(one.passage) for one in chosen]
    texts = [shown(said, own, [one.passage]) for one, own, said in zip(chosen, plain, words, strict=True)]
    return PhrasingTest(
        len(chosen),
        sum(text != own for text, own in zip(texts, plain, strict=True)),
        _mean_rouge_l(texts, chosen),
        _mean_rouge_l(plain, chosen),
    )


def _mean_rouge_l(texts: Sequence[str], written: Sequence[Phrasing]) -> float:
    return float(np.mean([rouge_l(text, one.text) for text, one in zip(texts, written, strict=True)]))


def rouge_l(text: str, written: str) -> float:
    """ROUGE-L (Lin 2004): F1 of the longest common subsequence of words; 0 where nothing is common."""
    here, there = tokens(text), tokens(written)
    lengths = np.zeros(len(there) + 1, dtype=np.int64)
    for word in here:
        before = lengths.copy()
        for place, other in enumerate(there, start=1):
            lengths[place] = before[place - 1] + 1 if word == other else max(lengths[place - 1], before[place])
    common = int(lengths[-1])
    return 2 * common / (len(here) + len(there)) if common else 0.0
