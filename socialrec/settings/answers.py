"""Settings of customer service: retrieval, the model of answers, and when to hand over to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from socialrec.settings.section import Section, Share


def _absolute(path: str) -> str:
    if path and not Path(path).expanduser().is_absolute():
        raise ValueError("give an absolute path: jobs run in other folders")
    return path


class AnswersSettings(Section):
    """Settings of answers to customers' questions."""

    languages: tuple[str, ...] = Field(("en", "zh"), min_length=1)
    """Languages of questions that are answered (ISO 639-1); others are handed over."""
    max_question_characters: int = Field(1_000, ge=1)
    """Longest question that is answered; longer ones are handed over."""
    open_days: int = Field(14, ge=1)
    """Landing days for which a question waits for an answer: older ones are left alone."""
    precision: float = Field(0.95, gt=0.5, lt=1)
    """Share of the answers from passages that are to be right: a training sets the bound of the confidence by it."""
    min_intent_confidence: Share = 0.95
    """Calibrated confidence in an intent from which its template answers."""
    max_scope_loss: Share = 0.003
    """Share of the questions with a known intent that may be taken for out of scope: it sets that bound."""
    min_slot_confidence: Share = 0.9
    """Confidence of an attribute from which it may fill a slot of a template; what the shop states has 1."""
    top_k: int = Field(20, ge=1)
    """Passages per question that are scored together with it."""
    other_products: bool = True
    """True: passages about other products of the same kind, and of no product, may answer too."""
    max_tokens: int = Field(80, ge=16)
    """Tokens of a question and a passage together that are read; half of them at most of the question."""
    min_pairs: int = Field(500, ge=10)
    """Minimum of questions with a right passage to train a scorer of pairs on; with fewer the encoder's vectors and
    words decide alone."""
    min_calibration_questions: int = Field(50, ge=10)
    """Minimum of questions to learn the confidence and its bound on; with fewer both are fixed and cautious."""
    limit_confidence: float = Field(0.8, ge=0.5, lt=1)
    """Confidence of the lower limit of precision by which the bound is set: few validation questions, high bound."""
    train_epochs: float = Field(3.0, gt=0)
    """Rounds of training over all pairs, and of the generator over all phrasings."""
    train_pairs: int = Field(32, ge=2)
    """Pairs in one batch of training."""
    learning_rate: float = Field(1e-4, gt=0)
    max_wrong_passages: int = Field(6, ge=1)
    """Most wrong passages per question in one round of training."""
    generator: Annotated[str, AfterValidator(_absolute)] = ""
    """Causal language model that phrases answers: an absolute path, the same on all machines, of a `.gguf` file or a
    folder with safetensors. It phrases once a training has found its words better. Empty: answers are the passages' own
    sentences.
    """
    seed: int = 20260105
