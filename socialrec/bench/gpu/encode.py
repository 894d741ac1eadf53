"""Bulk encoding: texts per second from text to vector, beside sentence-transformers in half precision."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from socialrec.bench.gpu.models import BERT_BASE, MINILM, Shape, model_folder, texts_of
from socialrec.bench.gpu.part import Figures, PartResult, Place, matrix_rate, seconds_of
from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.encoders.encoding import GPU_CHUNK_TEXTS
from socialrec.settings.text import Device, Precision

NAMES = {MINILM: "minilm", BERT_BASE: "bert_base"}
LENGTHS = {MINILM: (40, 54, 200), BERT_BASE: (40, 200)}
CHUNKS = {(MINILM, 40): 8, (MINILM, 54): 8, (MINILM, 200): 2, (BERT_BASE, 40): 2, (BERT_BASE, 200): 1}
"""Chunks of GPU_CHUNK_TEXTS texts that are encoded, by model and tokens a text: seconds of work each."""
BATCH_TOKENS = 131_072
PEER_TEXTS = 16_384
COMPARED = 128


def run(place: Place) -> PartResult:
    """Encode with each model and length; `least_cosine` compares with float32 on the processor."""
    result = PartResult({"matrix_rate": round(matrix_rate(place) / 1e12, 3)})
    for shape, lengths in LENGTHS.items():
        folder = model_folder(place, shape)
        for n_tokens in lengths:
            name = f"{NAMES[shape]}_{n_tokens}"
            n_chunks, n_texts = (1, 128) if place.is_small else (CHUNKS[shape, n_tokens], GPU_CHUNK_TEXTS)
            texts = texts_of(place, n_texts, n_tokens)
            sides = (False, True) if place.device_name == "cuda" else (False,)
            for compiled in sides:
                suffix = "_compiled" if compiled else ""
                settings = place.settings(folder, max_tokens=256, batch_tokens=BATCH_TOKENS, compile=compiled)
                measured = _ours(load_encoder(str(folder), settings), texts, n_chunks, place)
                result.figures |= {f"{name}{suffix}_{key}": value for key, value in measured.items()}
            peer = f"sentence-transformers {name}"
            result.beside(peer, "sentence_transformers", partial(_peer, folder, texts[:PEER_TEXTS], place))
            for suffix in ("_compiled" if compiled else "" for compiled in sides):
                rate = f"{name}{suffix}_texts_per_second"
                result.compare(f"ratio_{name}{suffix}", rate, peer, "texts_per_second")
        result.figures[f"{NAMES[shape]}_least_cosine"] = _least_cosine(place, shape)
    return result


def _ours(encoder: Encoder, texts: list[str], n_chunks: int, place: Place) -> Figures:
    """Texts per second with the start of the tokenizing processes, and without tokenizing at all."""

    def encode() -> None:
        for _ in encoder.encode_stream([texts] * n_chunks):
            pass

    first = seconds_of(lambda: encoder.encode(texts), place.device_name)
    rows = encoder.tokenize(texts[:1024])
    seconds = seconds_of(encode, place.device_name)
    n_tokens = sum(map(len, rows)) / len(rows)
    return {
        "texts_per_second": round(n_chunks * len(texts) / seconds, 1),
        "tokens_per_text": round(n_tokens, 1),
        "first_seconds": round(first, 3),
        "tokenizing_processes": encoder.tokenizers,
    }


def _least_cosine(place: Place, shape: Shape) -> float:
    folder, texts = model_folder(place, shape), texts_of(place, COMPARED, 54)
    here = load_encoder(str(folder), place.settings(folder))
    exact_settings = place.settings(folder, precision=Precision.FLOAT32).model_copy(update={"device": Device.CPU})
    exact = load_encoder(str(folder), exact_settings)
    return round(float(np.min(np.sum(here.encode(texts) * exact.encode(texts), axis=1))), 5)


def _peer(folder: Path, texts: list[str], place: Place) -> Figures:
    """sentence-transformers in float16 with its best attention on a GPU, in float32 on a processor."""
    import torch
    from sentence_transformers import SentenceTransformer

    is_gpu = place.device_name == "cuda"
    attention = "flash_attention_2" if is_gpu and find_spec("flash_attn") else "sdpa"
    kinds = {"dtype": torch.float16 if is_gpu else torch.float32, "attn_implementation": attention}
    model = SentenceTransformer(str(folder), device=place.device_name, model_kwargs=kinds, trust_remote_code=False)
    model.max_seq_length = 256
    rates = {}
    for batch in (32, 256, 1024) if is_gpu else (32,):
        encode = partial(model.encode, texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
        model.encode(texts[:batch], batch_size=batch)
        rates[batch] = len(texts) / seconds_of(encode, place.device_name)
    best = max(rates, key=lambda batch: rates[batch])
    return {"texts_per_second": round(rates[best], 1), "batch": best, "attention": attention}
