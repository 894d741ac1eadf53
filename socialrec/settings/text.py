"""Settings of the text side: the encoder, its pre-training, its fine-tuning and bulk encoding."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from socialrec.settings.aspects import ASPECTS
from socialrec.settings.section import Section, Share

AUTO = "auto"
"""Value of `text.model` that leaves the choice to the first training."""


class Precision(StrEnum):
    """Number formats, by torch's names."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class Device(StrEnum):
    """Devices, by torch's names."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Tuning(StrEnum):
    """Parameters of the base model that are trained beside the heads."""

    FULL = "full"
    LAYERS = "layers"
    """All but the embeddings, which are most of a multilingual model."""
    FROZEN = "frozen"
    LORA = "lora"
    ADALORA = "adalora"
    BOTTLENECK = "bottleneck"


class StartFrom(StrEnum):
    """Starting point of fine-tuning."""

    BASE = "base"
    """Base model, trained on everything before the validation cut."""
    CHAMPION = "champion"
    """Champion, trained on newer data and a share of older data."""


class AdversarialMethod(StrEnum):
    """Method that finds adversarial embeddings."""

    FGM = "fgm"
    FREELB = "freelb"


class TaskName(StrEnum):
    """Tasks of the shop's own tables for which the encoder can be tuned."""

    RETRIEVAL = "retrieval"
    SENTIMENT = "sentiment"
    TOPIC = "topic"
    ATTRIBUTES = "attributes"
    NEXT_ACTION = "next_action"
    NEXT_PRODUCT = "next_product"
    INTENT = "intent"
    ANSWERS_QUESTION = "answers_question"


class Engine(StrEnum):
    """Engine of bulk encoding."""

    SPARK = "spark"
    """Every core of the cluster, with a copy of the encoder each."""
    PROCESS = "process"
    """One process on the machine of the task, with its GPU where it has one."""


_TASK_TOKENS = {
    TaskName.SENTIMENT.value: 384,
    TaskName.TOPIC.value: 256,
    TaskName.ATTRIBUTES.value: 256,
    TaskName.NEXT_ACTION.value: 128,
    TaskName.INTENT.value: 256,
    TaskName.ANSWERS_QUESTION.value: 640,
}
"""Sentiment serves most readers; the next action starts from counts, and needs least. The scorer of pairs learns
questions and answers again.
"""


class TextSettings(Section):
    """Settings of the encoder, its fine-tuning and bulk encoding."""

    model: str = AUTO
    """Hugging Face name or path; `all-MiniLM-L6-v2` (English) and `multilingual-e5-small` come with the dependencies.
    `auto` is the one of these two that knows the shop's texts: the first training measures that, and writes its choice
    below the home, where all later ones find it.
    """
    max_tokens: int = Field(64, ge=8)
    batch_tokens: int = Field(4096, ge=1)
    """Tokens that are encoded at once, including padding; a longer text is a batch of its own."""
    encode_with: Engine = Engine.SPARK
    few_texts: int = Field(16_384, ge=0)
    """Number of new texts up to which the job's own process encodes them: starting Spark takes longer."""
    precision: Precision = Precision.AUTO
    """Number format of bulk encoding; `auto` is half precision where the machine is fast in it."""
    device: Device = Device.AUTO
    """Device that encodes and trains; `auto` is the GPU where there is one."""
    compile: bool = False
    """True: torch.compile makes one program of each layer. It needs Triton and a C compiler, and a minute before the
    first batch; pays on a GPU, with many texts or steps.
    """
    tokenizers: int | None = Field(None, ge=0)
    """Processes that tokenize while a GPU encodes; none given means all cores but one on a GPU machine, else 0."""
    tasks: tuple[TaskName, ...] = Field(
        tuple(name for name in TaskName if name is not TaskName.NEXT_PRODUCT), min_length=1
    )
    """Tasks to learn; tasks without data in the shop's tables are left out. `next_product` (what a user did and said
    lately, and the product they took next) is learned where it is named: docs/tuning.md says what it costs.
    """
    tuning: Tuning = Tuning.LORA
    start_from: StartFrom = StartFrom.BASE
    replay_share: float = Field(0.5, ge=0, lt=1)
    """Share of older examples in the data of an update from the champion, as far as there are enough."""
    lora_rank: int = Field(8, ge=1)
    lora_alpha: int = Field(16, ge=1)
    lora_dropout: Share = 0.0
    bottleneck_dim: int = Field(32, ge=1)
    head_dropout: Share = 0.1
    probe_texts: int = Field(1_000, ge=0)
    """Texts of each task that its head is fitted on before training, with the encoder fixed; 0 is a random start. They
    are drawn evenly over the classes.
    """
    task_weights: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Weight of each task's loss, by the task's name; the default is 1."""
    learn_task_weights: bool = False
    """True: the weights are learned from each task's uncertainty instead (Kendall et al. 2018)."""
    class_balance: Share = 0.5
    """Strength of class balancing: at 0 every example counts the same, at 1 every class does."""
    train_steps: int = Field(40, ge=1)
    train_tokens: int = Field(1280, ge=1)
    """Tokens of one task in one batch, including padding, and at most in memory at once; halved where they do
    not fit.
    """
    task_tokens: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=lambda: dict(_TASK_TOKENS))
    """Tokens in a batch of single tasks, by name: a head needs fewer than pairs, which are each other's negatives."""
    contrastive_pairs: int | None = Field(None, ge=2)
    """Pairs in one batch, in chunks of `train_tokens` with cached gradients (Gao et al. 2021); none means one chunk."""
    hard_negatives: int = Field(0, ge=0)
    """Hard negatives per comment: the wrong products that are nearest before training, beside those of the batch."""
    hard_negative_margin: float = Field(0.05, ge=0)
    """Margin by which a hard negative must be less similar (cosine) than the comment's own product: nearer ones may be
    right.
    """
    accumulation: int = Field(1, ge=1)
    """Batches of each task in one step."""
    processes: int = Field(1, ge=1)
    """Processes of this machine that share every batch: one per GPU, or several on a CPU of many cores."""
    learning_rate: float = Field(5e-4, gt=0)
    warmup_share: Share = 0.1
    weight_decay: float = Field(0.01, ge=0)
    temperature: float = Field(0.05, gt=0)
    adversarial_every: int = Field(0, ge=0)
    """Interval of steps with adversarial embeddings; 0 is never."""
    adversarial_epsilon: float = Field(0.5, gt=0)
    """Largest length of the perturbation of one text."""
    adversarial_method: AdversarialMethod = AdversarialMethod.FGM
    """One step to that length (Miyato et al. 2017), or several short ones within it (`freelb`, Zhu et al. 2020)."""
    adversarial_steps: int = Field(3, ge=1)
    """Passes over the batch in FreeLB; FGM takes two."""
    adversarial_step: float = Field(0.2, gt=0)
    """Length of one of FreeLB's steps."""
    validate_every: int = Field(20, ge=1)
    patience: int = Field(5, ge=1)
    """Consecutive validations without a lower loss after which training stops."""
    checkpoint_every: int = Field(50, ge=1)
    aspects: dict[str, tuple[str, ...]] = Field(default_factory=lambda: dict(ASPECTS))
    """Words and phrases by aspect: a comment names an aspect that it contains an entry of, whole, in any case.

    Word forms are entries of their own; the longest entry counts. An entry that begins with `+ ` or `- ` praises or
    complains by itself (`- overpriced`); one that begins with `! ` is a phrase that does not name the aspect
    (`! fits my budget`).
    """
    learned_aspects: int = Field(20, ge=0)
    """Most aspects that a training learns beyond these lists: nouns that comments judge, those most often judged
    first.
    """
    min_attribute_confidence: Share = 0.5
    """Calibrated confidence from which a predicted attribute fills a value that the shop does not state."""
    propensity_products: int = Field(1, ge=1)
    """Products per user and day, those liked most, for which the next action is predicted."""
    seed: int = 20260101


class LanguageModel(StrEnum):
    """Kind of a model made from scratch, which decides its training."""

    ENCODER = "encoder"
    """Bidirectional (BERT): predicts masked words."""
    DECODER = "decoder"
    """Left to right (GPT): predicts the next word."""


class PretrainSettings(Section):
    """Settings of language modelling on the shop's own texts, before any fine-tuning."""

    model: str | None = None
    """Checkpoint to start from, a Hugging Face name or path; none means `text.model`."""
    from_scratch: bool = False
    """True: a new model with a vocabulary of the shop's own words is made instead."""
    kind: LanguageModel = LanguageModel.ENCODER
    """Kind of a model made from scratch; a checkpoint defines its own."""
    vocabulary: int = Field(8_000, ge=300)
    """Most tokens of a new vocabulary; this and the four sizes below are of a model made from scratch."""
    hidden_dim: int = Field(256, ge=1)
    layers: int = Field(4, ge=1)
    heads: int = Field(4, ge=1)
    max_positions: int = Field(512, ge=8)
    max_tokens: int = Field(128, ge=8)
    """Tokens of a text that are read in pre-training."""
    masked_share: float = Field(0.15, gt=0, lt=1)
    """Share of tokens that an encoder has to predict."""
    held_out_share: float = Field(0.05, gt=0, lt=1)
    """Share of texts, chosen by their hash, that are only measured on."""
    train_steps: int = Field(300, ge=1)
    train_tokens: int = Field(2048, ge=1)
    """Tokens in one batch, including padding."""
    accumulation: int = Field(1, ge=1)
    """Batches in one step."""
    learning_rate: float = Field(1e-4, gt=0)
    warmup_share: Share = 0.1
    weight_decay: float = Field(0.01, ge=0)
    validate_every: int = Field(50, ge=1)
    patience: int = Field(3, ge=1)
    """Consecutive validations without a lower loss after which training stops."""
    checkpoint_every: int = Field(50, ge=1)
    seed: int = 20260104

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.hidden_dim % self.heads:
            raise ValueError(f"hidden_dim {self.hidden_dim} is not a multiple of heads, {self.heads}")
        return self
