"""Bulk encoding: texts per second from text to vector, beside sentence-transformers in half precision."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from socialrec.bench.gpu.models import BERT_BASE, MINILM, Shape, model_folder, texts_of
from socialrec.bench.gpu.part import Figures, PartResult, Setup, matrix_rate, seconds_of
from socialrec.encoders.bulk import GPU_CHUNK_TEXTS
from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.settings.text import Device, Precision

NAMES = {MINILM: "minilm", BERT_BASE: "bert_base"}
LENGTHS = {MINILM: (40, 54, 200), BERT_BASE: (40, 200)}
CHUNKS = {(MINILM, 40): 4, (MINILM, 54): 8, (MINILM, 200): 1, (BERT_BASE, 40): 1, (BERT_BASE, 200): 1}
"""Chunks of GPU_CHUNK_TEXTS texts that are encoded, by model and tokens a text: seconds of work each."""
COMPILED = {(MINILM, 54), (BERT_BASE, 200)}
"""Models and lengths that are measured with compiled layers too, which takes a minute each."""
BATCH_TOKENS = 131_072
WARM_UP = 4096
"""Texts that are encoded first: libraries are loaded and layers compiled with them."""
PEER_TEXTS = 16_384
COMPARED = 128


def run(setup: Setup) -> PartResult:
    """Encode with each model and length; `least_cosine` compares with float32 on the processor."""
    result = PartResult({"matrix_teraflops": round(matrix_rate(setup) / 1e12, 3)})
    for shape, lengths in LENGTHS.items():
        folder = model_folder(setup, shape)
        for n_tokens in lengths:
            name = f"{NAMES[shape]}_{n_tokens}"
            n_chunks, n_texts = (1, 128) if setup.is_small else (CHUNKS[shape, n_tokens], GPU_CHUNK_TEXTS)
            texts = texts_of(setup, n_texts, n_tokens)
            sides = (False, True) if setup.device_name == "cuda" and (shape, n_tokens) in COMPILED else (False,)
            for compiled in sides:
                suffix = "_compiled" if compiled else ""
                settings = setup.settings(folder, max_tokens=256, batch_tokens=BATCH_TOKENS, compile=compiled)
                measured = _ours(load_encoder(str(folder), settings), texts, n_chunks, setup)
                result.figures |= {f"{name}{suffix}_{key}": value for key, value in measured.items()}
            peer = f"sentence-transformers {name}"
            result.beside(peer, "sentence_transformers", partial(_peer, folder, texts[:PEER_TEXTS], setup))
            for suffix in ("_compiled" if compiled else "" for compiled in sides):
                rate = f"{name}{suffix}_texts_per_second"
                result.compare(f"ratio_{name}{suffix}", rate, peer, "texts_per_second")
        result.figures[f"{NAMES[shape]}_least_cosine"] = _least_cosine(setup, shape)
    return result


def _ours(encoder: Encoder, texts: list[str], n_chunks: int, setup: Setup) -> Figures:
    """Texts per second with the start of the tokenizing processes, and without tokenizing at all."""

    def encode() -> None:
        for _ in encoder.encode_stream([texts] * n_chunks):
            pass

    first = seconds_of(lambda: encoder.encode(texts[:WARM_UP]), setup.device_name)
    rows = encoder.tokenize(texts[:1024])
    seconds = seconds_of(encode, setup.device_name)
    n_tokens = sum(map(len, rows)) / len(rows)
    return {
        "texts_per_second": round(n_chunks * len(texts) / seconds, 1),
        "tokens_per_text": round(n_tokens, 1),
        "first_seconds": round(first, 3),
        "tokenizing_processes": encoder.tokenizers,
    }


def _least_cosine(setup: Setup, shape: Shape) -> float:
    folder, texts = model_folder(setup, shape), texts_of(setup, COMPARED, 54)
    here = load_encoder(str(folder), setup.settings(folder))
    exact_settings = setup.settings(folder, precision=Precision.FLOAT32).model_copy(update={"device": Device.CPU})
    exact = load_encoder(str(folder), exact_settings)
    return round(float(np.min(np.sum(here.encode(texts) * exact.encode(texts), axis=1))), 5)


def _peer(folder: Path, texts: list[str], setup: Setup) -> Figures:
    """sentence-transformers in float16 with its best attention on a GPU, in float32 on a processor."""
    import torch
    from sentence_transformers import SentenceTransformer

    is_gpu = setup.device_name == "cuda"
    attention = "flash_attention_2" if is_gpu and find_spec("flash_attn") else "sdpa"
    kinds = {"dtype": torch.float16 if is_gpu else torch.float32, "attn_implementation": attention}
    model = SentenceTransformer(str(folder), device=setup.device_name, model_kwargs=kinds, trust_remote_code=False)
    model.max_seq_length = 256
    rates = {}
    for batch in (32, 256, 1024) if is_gpu else (32,):
        encode = partial(model.encode, texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)
        model.encode(texts[:batch], batch_size=batch)
        rates[batch] = len(texts) / seconds_of(encode, setup.device_name)
    best = max(rates, key=lambda batch: rates[batch])
    return {"texts_per_second": round(rates[best], 1), "batch": best, "attention": attention}
