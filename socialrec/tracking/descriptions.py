"""What MLflow's own pages say about this project's experiments and models, as Markdown."""

from __future__ import annotations

TRAINING = "socialrec/train"
PRETRAINING = "socialrec/pretrain"
NIGHTLY = "socialrec/nightly"
ERASURE = "socialrec/erasure"
BASE = "socialrec-base"
ENCODER = "socialrec-encoder"
RECOMMENDER = "socialrec-recommender"

EXPERIMENTS = {
    NIGHTLY: "A run a night. Its description says which model made the lists, on which versions of the tables, and why "
    "that model is in use. Under Artifacts: `report/report.html`, `report/lists.csv`.",
    TRAINING: "A run a training, from the encoder to the gate. Its description says what the gate decided, and why. "
    "Under Artifacts: `tables/` (every figure, the ablation, sample lists), `plots/`, `confusion/`, the candidate.",
    PRETRAINING: "A run a pre-training of the base model on the shop's own texts, started by hand.",
    ERASURE: "A run an erasure, FAILED where something was left: how much went from where, which models remember the "
    "people, and why they were erased. It names nobody.",
}
"""Descriptions, by experiment."""

_RECOMMENDER_CARD = """
**What it is.** A blend of signals (what users do, what texts say, whom people follow, what is popular) that gives every
user a list of products with reasons. Weights of the blend are learned on a validation window.

**Which version is in use.** The one with the alias `champion`; `challenger` is the one that was registered last. Which
version made last night's lists: see the newest run of the experiment `socialrec/nightly`.

**How a version becomes champion.** It must beat popularity and the champion on the same held-out users by a paired
test, harm no group of users, and give reasons that hold when their evidence is taken away. Each version's description
has the figures, the versions of the tables that it saw, and the decision.

**What it is not for.** Users and products of another shop; products that came after its training.
"""
_ENCODER_CARD = """
**What it is.** A text encoder, fine-tuned on the shop's own texts, with linear heads for sentiment, topic, product
attributes and next actions. It turns a text into a vector; each text is encoded once per version.

**Which version is in use.** The one with the alias `champion`: the encoder of the champion recommender.

**What is inside.** Its weights, or an adapter for a base model that is named there with its hash; and its heads.
"""
_BASE_CARD = """
**What it is.** A language model that went on reading the shop's own texts. Name its folder as `text.model` to fine-tune
from it. The perplexity of held-out texts before and after stands in its run.
"""
MODELS = {RECOMMENDER: _RECOMMENDER_CARD.strip(), ENCODER: _ENCODER_CARD.strip(), BASE: _BASE_CARD.strip()}
"""Model cards, by registered model."""
