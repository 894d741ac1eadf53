"""Descriptions of this project's experiments and models on MLflow's own pages, as Markdown."""

from __future__ import annotations

TRAINING = "socialrec/train"
PRETRAINING = "socialrec/pretrain"
NIGHTLY = "socialrec/nightly"
ERASURE = "socialrec/erasure"
BASE = "socialrec-base"
ENCODER = "socialrec-encoder"
RECOMMENDER = "socialrec-recommender"
ANSWERS = "socialrec-answers"
ANSWERS_TRAINING = "socialrec/answers"

EXPERIMENTS = {
    NIGHTLY: "One run per night, named by its day and the model version that made the lists. The description says why "
    "that model is in use, and which versions of the tables it read. Under Artifacts: `report/report.html`, "
    "`report/lists.csv`.",
    TRAINING: "One run per training, from the encoder to the gate, named by its day, its model version and the "
    "decision. The description says why the gate decided so. Charts: `at_a_glance/` comes first (`evaluate.cutoff` "
    "recommendations per user); `worth/` at the end is what each signal is worth. Under Artifacts: `tables/` (every "
    "figure, the ablation, sample lists), `plots/`, `confusion/`, the candidate.",
    PRETRAINING: "One run per pre-training of the base model on the shop's own texts. A person starts them.",
    ANSWERS_TRAINING: "One run per training of the model that answers customers' questions, with the decision about "
    "it. The figures are of questions that nothing was learned from.",
    ERASURE: "One run per erasure, FAILED if something was left. It says how much was removed from where, which models "
    "were trained on the erased people, and why they were erased. It names nobody.",
}
"""Descriptions, by experiment."""

OPENED_BY = {
    NIGHTLY: "jobs/report_run.py",
    TRAINING: "jobs/finetune_encoder.py",
    PRETRAINING: "jobs/pretrain_encoder.py",
    ANSWERS_TRAINING: "jobs/fit_answers.py",
    ERASURE: "jobs/erase_users.py",
}
"""Program that opens the runs of each experiment."""

AT_A_GLANCE = "at_a_glance/"
"""Prefix of the main figures: MLflow sorts sections of charts by name, and shows metrics without a prefix last."""

_COLUMNS = [
    "attributes.`Created`",
    "tags.`model`",
    "tags.`decision`",
    f"metrics.`{AT_A_GLANCE}ndcg`",
    "tags.`split`",
]
MAIN_COLUMNS = {NIGHTLY: _COLUMNS, TRAINING: _COLUMNS}
"""Columns of an experiment's runs that people compare."""

_RECOMMENDER_CARD = """
**What it is.** A blend of signals (what users do, what texts say, whom people follow, what is popular) that gives every
user a list of products with reasons. The weights of the blend are learned on a validation window. A version with the
tag `kind` = `baseline` has fixed weights instead: it serves until the first trained model is sound.

**Which version is in use.** The one with the alias `champion`; `challenger` is the newest candidate. The newest run of
the experiment `socialrec/nightly` names the version that made last night's lists.

**How a version becomes champion.** It must not be broken, and must beat popularity on held-out users by a paired test.
Beside a trained champion it must also beat that one, and may lose only a little in any group of users, in exposure, in
reasons and in cost. Other checks warn. Each version's description has the decision, every check, the figures, and the
versions of the tables that it was trained on.

**What it is not for.** Users and products of another shop, and products that came after its training.
"""
_ENCODER_CARD = """
**What it is.** A text encoder, fine-tuned on the shop's own texts, with linear heads for sentiment, topic, product
attributes and next actions. It turns a text into a vector; each text is encoded once per version.

**Which version is in use.** The one with the alias `champion`: the encoder of the champion recommender.

**What is inside.** Its weights, or an adapter for a base model that is named with its hash; and its heads.
"""
_BASE_CARD = """
**What it is.** A language model that was pre-trained further on the shop's own texts. Set `text.model` to its folder to
fine-tune it. Its run has the perplexity of held-out texts, and the recall of products by later comments, before and
after. A version that finds fewer products than `text.model` did says so, and has no folder.
"""
_ANSWERS_CARD = """
**What it is.** What decides about a question of a customer: a scorer that reads a question and a passage together, the
ranking of passages, a calibrated confidence, and the bound below which a question goes to a person.

**Which version is in use.** The one with the alias `champion`; without one the untrained model answers, which shows
only passages that are very close to the question.

**How a version becomes champion.** On held-out questions its answers must be right as often as `answers.precision`
says, and it must answer more questions rightly than the champion by a paired test. `socialrec_rollback_answers` goes
back to the champion before (tags `rolled_back_to` and `rollback_reason`).

**What it is not for.** Passages of another shop, and vectors of another encoder.
"""
MODELS = {
    RECOMMENDER: _RECOMMENDER_CARD.strip(),
    ENCODER: _ENCODER_CARD.strip(),
    BASE: _BASE_CARD.strip(),
    ANSWERS: _ANSWERS_CARD.strip(),
}
"""Model cards, by registered model."""


def whole_lines(text: str, most: int) -> str:
    """Keep the first whole lines of a text, at most `most` characters with a last line that counts what is left out."""
    if len(text) <= most:
        return text
    start = text[: most - len(_left_out(len(text))) + 1]
    kept = start.rpartition("\n")[0] or start[:-1]
    return kept + _left_out(len(text) - len(kept))


def _left_out(n_characters: int) -> str:
    return f"\n\n… {n_characters:,} characters left out"
