"""Pre-training on masked words and on next words: losses beside the processor's, and tokens per second."""

from __future__ import annotations

import time

from socialrec.bench.gpu.models import BERT_BASE, TINY, model_folder, sentences, texts_of
from socialrec.bench.gpu.part import Figures, PartResult, Setup, gap
from socialrec.settings.text import Device, LanguageModel, Precision, PretrainSettings
from socialrec.text.pretraining.pretrain import pretrain

TOLERANCE = 1e-3
"""Largest relative difference of a step's loss from the processor's."""
COMPARED_STEPS, STEPS = 6, 20
NAMES = {LanguageModel.ENCODER: "masked", LanguageModel.DECODER: "causal"}


def run(setup: Setup) -> PartResult:
    """Pre-train a tiny model of each kind here and on the processor, and one of BERT-base's size here."""
    result = PartResult()
    for kind, name in NAMES.items():
        found = gap(_losses(setup, kind, setup.device), _losses(setup, kind, Device.CPU))
        result.figures |= {f"{name}_gap": found, f"{name}_agrees": found <= TOLERANCE}
        result.figures |= {f"{name}_{key}": value for key, value in _speed(setup, kind).items()}
    result.figures["losses_agree"] = all(bool(result.figures[f"{name}_agrees"]) for name in NAMES.values())
    return result


def _losses(setup: Setup, kind: LanguageModel, device: Device) -> list[float]:
    folder = str(model_folder(setup, TINY, kind))
    settings = PretrainSettings(model=folder, train_steps=COMPARED_STEPS, train_tokens=1024, max_tokens=32)
    text = setup.settings(setup.folder, precision=Precision.FLOAT32).model_copy(update={"device": device})
    return pretrain(sentences(), settings, text, lambda step, loss: None).losses


def _speed(setup: Setup, kind: LanguageModel) -> Figures:
    """Tokens per second of the steps after the first one, padding included."""
    folder, text = str(model_folder(setup, BERT_BASE, kind)), setup.settings(setup.folder)
    tokens, steps, n_texts = (512, 3, 200) if setup.is_small else (32_768, STEPS, 8_192)
    texts = sorted(set(texts_of(setup, n_texts, 100)))
    ends: list[float] = []
    # The last step ends with a validation, and is not timed.
    settings = PretrainSettings(model=folder, train_steps=steps + 2, train_tokens=tokens, validate_every=10_000)
    pretrain(texts, settings, text, lambda step, loss: ends.append(time.perf_counter()))
    return {"tokens_per_second": round(steps * tokens / (ends[-2] - ends[0]), 1)}
