"""Model of answers: scorer of pairs, ranking, confidence and bounds. Saved as safetensors and JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from socialrec.answers.generator_files import generator_version, saved_version
from socialrec.answers.ranking import (
    NOBODY,
    PASSAGE_FEATURES,
    QUESTION_FEATURES,
    UNTRAINED_CONFIDENCE,
    UNTRAINED_RANKING,
    Logistic,
)
from socialrec.errors import UserError
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import TextSettings

if TYPE_CHECKING:
    from socialrec.answers.generator import Generator
    from socialrec.answers.pair_scorer import PairScorer

DOCUMENT = "answers.json"
SCORER, GENERATOR = "pair_scorer", "generator"
FORMAT = 1
FILES = "files_sha256"
"""Tag of a registered version: the digest of its files as they were decided on."""
GATE, REASONS, CHAMPION_BEFORE = "gate", "gate_reasons", "champion_before"
"""Tags of a registered version: `promoted` or `refused`, the reasons, and the champion until then (UNTRAINED: none)."""
PROMOTED, REFUSED = "promoted", "refused"
UNTRAINED_SCOPE_BOUND = 0.2
"""Cosine to every passage below which a question is out of scope, until a training has seen the shop's questions."""


@dataclass(frozen=True)
class AnswersModel:
    """Everything that decides about a question, beside passages, templates and attributes.

    `scorer` is None where the shop has too few pairs. A passage is shown from the confidence `bound` on. A question
    whose greatest cosine to a passage is below `scope_bound` is out of scope.
    """

    encoder_version: str
    scorer: PairScorer | None
    ranking: Logistic
    confidence: Logistic
    bound: float
    scope_bound: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the training."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Figures of the training on validation, and the numbers of what it learned from."""
    generator: Generator | None = None
    """Phrases answers, better than the passages' own sentences by the training's test; None where these are shown."""

    @classmethod
    def untrained(cls, encoder_version: str, settings: AnswersSettings) -> Self:
        """Make the model of a shop without pairs: words and vectors decide, and only close passages are shown."""
        return cls(
            encoder_version,
            None,
            UNTRAINED_RANKING,
            UNTRAINED_CONFIDENCE,
            settings.precision,
            UNTRAINED_SCOPE_BOUND,
            settings.model_dump(mode="json"),
        )

    def save(self, folder: Path) -> None:
        """Write `answers.json`, and the scorer of pairs and the generator's adapter into folders beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.scorer is not None:
            self.scorer.save(folder / SCORER)
        if self.generator is not None:
            self.generator.save(folder / GENERATOR)
        document = {
            "format": FORMAT,
            "encoder_version": self.encoder_version,
            "has_scorer": self.scorer is not None,
            "ranking": asdict(self.ranking),
            "confidence": asdict(self.confidence),
            "bound": self.bound,
            "scope_bound": self.scope_bound,
            "settings": dict(self.settings),
            "figures": dict(self.figures),
        }
        (folder / DOCUMENT).write_text(json.dumps(document, indent=1), encoding="utf-8")


def load_answers(folder: Path, encoder_version: str, text: TextSettings, generator: str = "") -> AnswersModel:
    """Load the model that `AnswersModel.save` wrote, for this version of the encoder.

    generator: `answers.generator`; see `phrasing_version`. Raises UserError where files are missing or damaged, or the
    model was made for another format or encoder.
    """
    # torch is imported only here, so that those who pin a model do not pay for it.
    from socialrec.answers.generator import load_generator
    from socialrec.answers.pair_scorer import load_pair_scorer

    file = folder / DOCUMENT
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        version, said = document["format"], str(document["encoder_version"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{folder} is no saved model of answers: its {DOCUMENT} cannot be read ({error!r})") from None
    if version != FORMAT:
        raise UserError(f"{file} has format {version!r}, and this program reads {FORMAT}: train the answers again")
    if said != encoder_version:
        raise UserError(f"{folder} was made for the encoder {said}, not {encoder_version}: train the answers again")
    try:
        ranking = Logistic.read(document["ranking"], PASSAGE_FEATURES)
        confidence = Logistic.read(document["confidence"], QUESTION_FEATURES)
        bound, scope_bound = float(document["bound"]), float(document["scope_bound"])
        settings, figures, has_scorer = document["settings"], document["figures"], bool(document["has_scorer"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} is damaged, or of another version: train the answers again ({error!r})") from None
    if not 0 <= bound <= NOBODY:
        raise UserError(f"{file} is damaged: its bound {bound} is no share")
    scorer = load_pair_scorer(folder / SCORER, text) if has_scorer else None
    phrasing = load_generator(generator, text, folder / GENERATOR) if phrasing_version(folder, generator) else None
    return AnswersModel(said, scorer, ranking, confidence, bound, scope_bound, settings, figures, phrasing)


def phrasing_version(folder: Path, generator: str) -> str:
    """Version of the model `answers.generator` where this model's training found that its phrasings are better than the
    passages' own sentences; else empty, and nothing is phrased. Raises UserError on a wrong path.
    """
    version = generator_version(generator)
    return version if version == saved_version(folder / GENERATOR) else ""


def digest_of(folder: Path) -> str:
    """Hash the names and the contents of all files of a saved model (SHA-256, 64 hex digits)."""
    whole = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()} {digest}\n".encode())
    return whole.hexdigest()
