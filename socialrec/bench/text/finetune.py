"""Fine-tuning on pairs against sentence-transformers' Trainer: same pairs, model, batches, length, cores and steps."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import psutil
import torch

from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.encoders.encoder import Vectors, load_encoder
from socialrec.encoders.shipped.choice import with_model
from socialrec.encoders.weights import model_folder
from socialrec.errors import UserError
from socialrec.settings.text import Precision, TextSettings, Tuning
from socialrec.sources.demo.words import WORDS
from socialrec.sources.demo.words.vocabulary import ASPECTS, CATEGORIES, SENTIMENTS, STYLES, Remark, draw_traits
from socialrec.text.tasks import TextPairs
from socialrec.text.training.finetune import fine_tune
from socialrec.text.training.losses import info_nce

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

NAME = "finetune"
LEARNING_RATE = 5e-5
"""Default of the Trainer."""
WARM_UP_STEPS = 2
"""First steps, which are not timed because they allocate memory for the others."""
HELD_OUT = 128
_MIB = 1024**2


@dataclass
class StepClock:
    """Wall and processor seconds of the steps after the first ones."""

    skipped: int
    before: float = 0.0
    """Seconds of work done for all steps before the first, added to them."""
    marks: list[tuple[float, float]] = field(default_factory=list)

    def tick(self) -> None:
        """End a step."""
        self.marks.append((time.perf_counter(), time.process_time()))

    @property
    def step_seconds(self) -> tuple[float, float]:
        """Mean wall and CPU seconds of a step; on a busy machine CPU seconds compare better."""
        first, last = self.marks[self.skipped - 1], self.marks[-1]
        n, extra = len(self.marks) - self.skipped, self.before / len(self.marks)
        return (last[0] - first[0]) / n + extra, (last[1] - first[1]) / n + extra


@dataclass(frozen=True)
class Trained:
    """Seconds of a step on one side, and its loss on the held-out pairs after the last step."""

    wall: float
    cpu: float
    loss: float


def run(pairs: TextPairs, batch: int, steps: int, rounds: int, settings: TextSettings) -> BenchResult:
    """Tune the whole model with both for so many steps of `batch` pairs, in turn, `rounds` times; medians are reported.

    Both minimise the InfoNCE of both directions with AdamW, warm-up and a cosine, dropout and clipping. We run in the
    precision of the settings and, where that is another, in float32; so does the peer, whose default is float32.
    Raises UserError where there are too few pairs.
    """
    if len(pairs) < batch + HELD_OUT:
        raise UserError(f"only {len(pairs)} pairs: {batch + HELD_OUT} are needed, of which {HELD_OUT} are held out")
    order = np.random.default_rng(settings.seed).permutation(len(pairs))
    training, held_out = pairs.take(order[HELD_OUT:][: batch * steps]), pairs.take(order[:HELD_OUT])
    changes = {"tuning": Tuning.FULL, "learning_rate": LEARNING_RATE, "train_steps": steps, "contrastive_pairs": batch}
    settings = settings.model_copy(update=changes | {"train_tokens": 2 * batch * settings.max_tokens})
    settings = with_model(settings, training.all_texts)
    half = load_encoder(settings.model, settings).dtype is torch.bfloat16
    fp32 = settings.model_copy(update={"precision": Precision.FLOAT32})
    sides: dict[str, Callable[[], Trained]] = {
        "ours": lambda: _ours(training, held_out, settings if half else fp32),
        "peer": lambda: train_peer(training, held_out, fp32, is_half=False),
    }
    if half:
        sides["ours_fp32"] = lambda: _ours(training, held_out, fp32)
        sides["peer_bf16"] = lambda: train_peer(training, held_out, settings, is_half=True)
    taken: dict[str, list[Trained]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, train in sides.items():
            taken[name].append(train())
            to_standard_error(f"round {number + 1}, {name}: {taken[name][-1]}")
    return _result(taken, untrained_loss(held_out, settings), len(training), settings)


def demo_pairs(n: int, seed: int) -> TextPairs:
    """Comments on products of the demo world, one per product, used where no pairs are given."""
    rng, words = np.random.default_rng(seed), WORDS["en"]
    kinds = [(category, style) for category in CATEGORIES for style in STYLES]
    said: dict[str, str] = {}
    for number in range(3 * n):
        category, style = kinds[number % len(kinds)]
        traits = draw_traits(rng, category, style)
        remark = Remark(number % len(SENTIMENTS), ASPECTS[number % len(ASPECTS)], traits, style, is_reply=False)
        comment = words.comment(rng, rng, remark)
        said.setdefault(". ".join(words.product(rng, traits)), comment)
    products = list(said)[:n]
    return TextPairs([said[product] for product in products], products, np.arange(len(products)))


def read_pairs(comments: Sequence[str], products: Sequence[str]) -> TextPairs:
    """Read the pairs of a file's two columns; equal product texts are one product, and rows that lack a text are left
    out.
    """
    rows = [(comment, product) for comment, product in zip(comments, products, strict=True) if comment and product]
    _, numbers = np.unique([product for _, product in rows], return_inverse=True)
    return TextPairs([comment for comment, _ in rows], [product for _, product in rows], numbers.astype(np.int64))


def untrained_loss(held_out: TextPairs, settings: TextSettings) -> float:
    """Loss of the untrained model."""
    encode = load_encoder(settings.model, settings).encode
    return _loss(encode, held_out, settings.temperature)


def _loss(encode: Callable[[Sequence[str]], Vectors], held_out: TextPairs, temperature: float) -> float:
    comments, products = (torch.from_numpy(encode(texts)) for texts in (held_out.comments, held_out.products))
    return float(info_nce(comments, products, held_out.product_ids, temperature))


def _ours(training: TextPairs, held_out: TextPairs, settings: TextSettings) -> Trained:
    encoder = load_encoder(settings.model, settings)
    started = time.perf_counter()
    encoder.tokenize(training.all_texts)
    # We tokenize before the first step, the peer within each.
    clock = StepClock(WARM_UP_STEPS, before=time.perf_counter() - started)
    made = fine_tune([training], settings, lambda step, loss: clock.tick())
    return Trained(*clock.step_seconds, _loss(made.encoder.encode, held_out, settings.temperature))


def train_peer(training: TextPairs, held_out: TextPairs, settings: TextSettings, *, is_half: bool) -> Trained:
    """Train with sentence-transformers' Trainer, on a GPU if there is one."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback

    clock = StepClock(WARM_UP_STEPS)

    class Ticking(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            clock.tick()

    model: SentenceTransformer = SentenceTransformer(str(model_folder(settings.model)), trust_remote_code=False)
    model.max_seq_length = settings.max_tokens
    # Both directions, as ours; its default is one.
    loss = MultipleNegativesRankingLoss(
        model,
        scale=1 / settings.temperature,
        directions=("query_to_doc", "doc_to_query"),
        partition_mode="per_direction",
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            max_steps=settings.train_steps,
            per_device_train_batch_size=settings.contrastive_pairs or len(training),
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            warmup_steps=round(settings.warmup_share * settings.train_steps),
            lr_scheduler_type="cosine",
            bf16=is_half,
            use_cpu=not torch.cuda.is_available(),
            seed=settings.seed,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        rows = Dataset.from_dict({"comment": list(training.comments), "product": list(training.products)})
        trainer = SentenceTransformerTrainer(model, arguments, train_dataset=rows, loss=loss, callbacks=[Ticking()])
        trainer.train()

    def encode(texts: Sequence[str]) -> Vectors:
        return np.asarray(model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))

    return Trained(*clock.step_seconds, _loss(encode, held_out, settings.temperature))


def _result(
    taken: Mapping[str, Sequence[Trained]], before: float, n_training: int, settings: TextSettings
) -> BenchResult:
    seconds = {name: statistics.median(trained.wall for trained in runs) for name, runs in taken.items()}
    losses = {name: round(statistics.median(trained.loss for trained in runs), 4) for name, runs in taken.items()}

    def ratio(peer: str, ours: str, kind: str = "wall") -> float:
        # The runs of one round had the same load on the machine; rounds may differ.
        rounds = zip(taken[peer], taken[ours], strict=True)
        median = statistics.median(getattr(theirs, kind) / getattr(own, kind) for theirs, own in rounds)
        return float(round(median, 3))

    ratios = {"ratio": ratio("peer", "ours"), "ratio_cpu": ratio("peer", "ours", "cpu")}
    if "peer_bf16" in taken:
        for name, sides in {"fp32": ("peer", "ours_fp32"), "bf16": ("peer_bf16", "ours")}.items():
            ratios |= {f"ratio_{name}": ratio(*sides), f"ratio_{name}_cpu": ratio(*sides, "cpu")}
    peak = psutil.Process().memory_info().rss // _MIB
    names = {"peer": "sentence-transformers", "peer_bf16": "sentence-transformers-bf16"}
    return BenchResult(
        name=NAME,
        metrics={
            "pairs": n_training,
            "batch_pairs": settings.contrastive_pairs or 0,
            "steps": settings.train_steps,
            "max_tokens": settings.max_tokens,
            "precision": "bfloat16" if "peer_bf16" in taken else "float32",
            "loss_before": round(before, 4),
            "loss": losses["ours"],
            **({"loss_fp32": losses["ours_fp32"]} if "ours_fp32" in losses else {}),
        },
        seconds={name.replace("ours", "step"): round(took, 4) for name, took in seconds.items() if name not in names},
        peak_mib=peak,
        peers={
            names[name]: PeerResult({"loss": losses[name]}, {"step": round(seconds[name], 4)}, peak)
            for name in taken
            if name in names
        },
        ratios=ratios,
        versions=versions(["torch", "transformers", "sentence-transformers", "accelerate"]),
    )
