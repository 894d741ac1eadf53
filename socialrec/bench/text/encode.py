"""Bulk encoding against sentence-transformers' default, on the same texts, model, length and cores."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil

from socialrec.bench.load import LoadMeter, MachineLoad
from socialrec.bench.progress import to_standard_error
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.text.tasks import load_task
from socialrec.encoders.encoder import Encoder, Vectors, load_encoder
from socialrec.encoders.shipped.choice import with_model
from socialrec.encoders.weights import model_folder
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings
from socialrec.sources.demo.words import WORDS
from socialrec.sources.demo.words.vocabulary import CATEGORIES, STYLES, draw_traits

NAME = "encode"
N_NEIGHBOURS = 10
MIN_TEXTS = N_NEIGHBOURS + 1
_MIB = 1024**2


def run(texts: Sequence[str], n_texts: int, rounds: int, settings: TextSettings) -> BenchResult:
    """Encode `n_texts` distinct texts with both, in turn, `rounds` times; medians are reported.

    `neighbour_overlap` is the mean share of a text's ten nearest neighbours in the peer's fp32 vectors that are also
    among its ten nearest in ours. Raises UserError where there are too few texts.
    """
    texts = _sample(texts, n_texts, settings.seed)
    settings = with_model(settings, texts)
    ours, peer = load_encoder(settings.model, settings), _peer(settings)
    for encode in (ours.encode, peer):
        encode(texts[:MIN_TEXTS])
    taken: list[tuple[_Taken, _Taken]] = []
    meter = LoadMeter()
    for number in range(rounds):
        vectors, own = _timed(ours.encode, texts)
        expected, theirs = _timed(peer, texts)
        taken.append((own, theirs))
        to_standard_error(f"round {number + 1}: {own.wall:.1f} s, peer {theirs.wall:.1f} s")
    load = meter.load()
    return _result(ours, texts, taken, neighbour_overlap(vectors, expected), load)


def demo_texts(n_texts: int, seed: int, language: str = "en") -> list[str]:
    """Names and descriptions of products of the demo world, used where no texts are given."""
    rng, words = np.random.default_rng(seed), WORDS[language]
    names = [(category, style) for category in CATEGORIES for style in STYLES]
    # Some texts are equal, and only distinct ones are encoded.
    traits = (draw_traits(rng, *names[number % len(names)]) for number in range(2 * n_texts))
    return [". ".join(words.product(rng, each)) for each in traits]


def chinese_texts(data: Path | None) -> list[str]:
    """Reviews of zh-shopping; UserError where the folder of the data sets is not given."""
    if data is None:
        raise UserError("--language zh reads zh-shopping: set SOCIALREC_DATA_DIR to the folder that holds it")
    return load_task("zh-category", data).training.texts


def neighbour_overlap(ours: Vectors, expected: Vectors) -> float:
    """Mean share of each row's ten nearest other rows that both sets of unit vectors (n, dim) agree on."""
    pairs = zip(_neighbours(ours), _neighbours(expected), strict=True)
    return float(np.mean([len(set(a) & set(b)) / N_NEIGHBOURS for a, b in pairs]))


def _neighbours(vectors: Vectors) -> npt.NDArray[np.intp]:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest: npt.NDArray[np.intp] = np.argpartition(-scores, N_NEIGHBOURS, axis=1)[:, :N_NEIGHBOURS]
    return nearest


def _sample(texts: Sequence[str], n_texts: int, seed: int) -> list[str]:
    distinct = sorted(set(texts) - {""})
    if len(distinct) < MIN_TEXTS:
        raise UserError(f"only {len(distinct)} distinct texts: {MIN_TEXTS} at least are needed for ten neighbours")
    return [distinct[place] for place in np.random.default_rng(seed).permutation(len(distinct))[:n_texts]]


def _peer(settings: TextSettings) -> Callable[[Sequence[str]], Vectors]:
    """sentence-transformers with its defaults, except that it reads no more tokens than we do."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder(settings.model)), trust_remote_code=False)
    model.max_seq_length = settings.max_tokens

    def encode(texts: Sequence[str]) -> Vectors:
        return np.asarray(model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))

    return encode


@dataclass(frozen=True)
class _Taken:
    """Wall and CPU seconds; on a busy machine CPU seconds compare better."""

    wall: float
    cpu: float


def _timed(encode: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> tuple[Vectors, _Taken]:
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = encode(texts)
    return vectors, _Taken(time.perf_counter() - wall, time.process_time() - cpu)


def _result(
    ours: Encoder, texts: Sequence[str], taken: Sequence[tuple[_Taken, _Taken]], overlap: float, load: MachineLoad
) -> BenchResult:
    tokens = sum(len(ids) for ids in ours.tokenize(texts))
    seconds, peer = (statistics.median(side.wall for side in sides) for sides in zip(*taken, strict=True))
    # The runs of one round had the same load on the machine; rounds may differ.
    ratios = {
        "ratio": statistics.median(theirs.wall / own.wall for own, theirs in taken),
        "ratio_cpu": statistics.median(theirs.cpu / own.cpu for own, theirs in taken),
    }
    peak = psutil.Process().memory_info().rss // _MIB
    return BenchResult(
        name=NAME,
        metrics={
            "texts": len(texts),
            "tokens_per_text": round(tokens / len(texts), 1),
            "texts_per_second": round(len(texts) / seconds, 1),
            "precision": str(ours.dtype).removeprefix("torch."),
            "neighbour_overlap": round(overlap, 4),
        },
        seconds={"encode": round(seconds, 3)},
        peak_mib=peak,
        peers={
            "sentence-transformers": PeerResult(
                {"texts_per_second": round(len(texts) / peer, 1)}, {"encode": round(peer, 3)}, peak
            )
        },
        ratios={name: round(ratio, 3) for name, ratio in ratios.items()},
        versions=versions(["torch", "transformers", "sentence-transformers"]),
        load=load,
    )
