"""Training of the generator by LoRA: question and passage in, the answer that a person wrote from them out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import nn

from socialrec.answers.generator import MAX_NEW, Generator, load_causal_model, prompt_of
from socialrec.answers.pair_training import MAX_GRADIENT, Progress, share_of_rate
from socialrec.answers.verifying import unsupported
from socialrec.encoders.body import tunable
from socialrec.encoders.language_head import NOT_ASKED, Questions, summed_loss
from socialrec.encoders.precision import chosen_device, encoding_dtype
from socialrec.encoders.tokens import Ids
from socialrec.encoders.weights import BaseModel
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import TextSettings, Tuning

MAX_PHRASINGS = 2_000
"""Most phrasings that a training learns from: on one core a step of eight takes about three seconds."""
_BATCH = 8


@dataclass(frozen=True)
class Phrasing:
    """Answer that a person wrote to a question for which a passage was found."""

    question: str
    passage: str
    text: str

    @property
    def is_supported(self) -> bool:
        """True where the passage holds every fact of the answer: others would teach the generator to make facts up."""
        return not unsupported(self.text, [self.passage])

    @property
    def hash(self) -> int:
        """Number that is the same on every machine, and has nothing to do with what is said."""
        return zlib.crc32(repr(astuple(self)).encode("utf-8", "replace"))


def train_generator(
    phrasings: Sequence[Phrasing], settings: AnswersSettings, text: TextSettings, progress: Progress
) -> Generator:
    """Train an adapter (LoRA, Hu et al. 2021) of the model `answers.generator` on phrasings, in any order.

    It learns from those whose passages hold all their facts, at most MAX_PHRASINGS of them, chosen by a hash; with
    fewer than `min_calibration_questions` it stays as it is. Rank, scale and learning rate are those of `text`. The
    loss is the cross-entropy of the answers' tokens. The same input and settings give the same generator on the same
    kind of machine. Raises UserError where the model cannot be loaded.
    """
    torch.manual_seed(settings.seed)
    base = load_causal_model(settings.generator)
    learned = sorted({one for one in phrasings if one.is_supported}, key=lambda one: (one.hash, astuple(one)))
    if len(learned) < settings.min_calibration_questions:
        return Generator.of(base, None, text)
    body = tunable(base, text.model_copy(update={"tuning": Tuning.LORA}))
    device = chosen_device(text.device)
    is_half = encoding_dtype(text.precision, device) is torch.bfloat16
    body.network.to(device).train()
    examples = [_tokenize(base, one) for one in learned[:MAX_PHRASINGS]]
    n_steps = max(1, round(settings.train_epochs * len(examples) / _BATCH))
    trained = [parameter for parameter in body.network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=text.learning_rate, weight_decay=0.0)
    batches = _batches(examples, settings.seed)
    for step, batch in zip(range(1, n_steps + 1), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = text.learning_rate * share_of_rate(step, n_steps)
        with torch.autocast(device, torch.bfloat16, enabled=is_half):
            loss = _loss(base, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, MAX_GRADIENT)
        optimizer.step()
        optimizer.zero_grad()
        progress(step, float(loss.detach()))
    return Generator.of(base, body, text)


def _tokenize(base: BaseModel, one: Phrasing) -> tuple[Ids, Ids]:
    """Tokens of the prompt, and of the answer with the end of the text."""
    answer = base.tokenizer(one.text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return prompt_of(base.tokenizer, one.question, one.passage), (
        *answer[: MAX_NEW - 1],
        int(base.tokenizer.eos_token_id),
    )


def _batches(examples: Sequence[tuple[Ids, Ids]], seed: int) -> Iterator[list[tuple[Ids, Ids]]]:
    """Batches in random order, without end; each round shows every example once."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(examples))
        for start in range(0, len(order), _BATCH):
            yield [examples[place] for place in order[start : start + _BATCH]]


def _loss(base: BaseModel, batch: Sequence[tuple[Ids, Ids]]) -> torch.Tensor:
    """Mean cross-entropy of the tokens of the answers, a scalar."""
    longest = max(len(prompt) + len(answer) for prompt, answer in batch)
    shape = (len(batch), longest)
    ids = torch.full(shape, int(base.tokenizer.pad_token_id))
    mask, targets = torch.zeros(shape, dtype=torch.int64), torch.full(shape, NOT_ASKED)
    for row, (prompt, answer) in enumerate(batch):
        n_tokens = len(prompt) + len(answer)
        ids[row, :n_tokens] = torch.tensor([*prompt, *answer])
        mask[row, :n_tokens] = 1
        targets[row, len(prompt) - 1 : n_tokens - 1] = torch.tensor(answer)
    asked = Questions(ids, mask, targets)
    return summed_loss(base, asked) / asked.n_asked
