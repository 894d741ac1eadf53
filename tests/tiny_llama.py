"""A Llama small enough to make on the spot, with a vocabulary of bytes and a few words: a folder, or a GGUF file."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END = "<|end|>"
TEXTS = ["Question: Fact: Answer the question in the words of the fact. The kite is made of nylon. It is a kite."] * 3
LAYERS, HIDDEN, HEADS, WIDE = 2, 32, 4, 64


def vocabulary() -> Tokenizer:
    made = Tokenizer(BPE())
    made.pre_tokenizer = ByteLevel(add_prefix_space=False)
    made.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=400, special_tokens=[END], initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


def llama(n_tokens: int, seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    sizes = {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    config = LlamaConfig(
        vocab_size=n_tokens,
        intermediate_size=WIDE,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.3,
        **sizes,
    )
    return LlamaForCausalLM(config)


def make_llama(folder: Path, seed: int = 7) -> Path:
    folder.mkdir(parents=True)
    made = vocabulary()
    llama(made.get_vocab_size(), seed).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END).save_pretrained(folder)
    return folder


def make_gguf(file: Path, seed: int = 7) -> Path:
    """The same sizes and vocabulary as one file, as llama.cpp names its parts; the weights are in another order."""
    import gguf

    made = vocabulary()
    words = sorted(made.get_vocab(), key=made.get_vocab().__getitem__)
    model = llama(len(words), seed)
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_types([3 if word == END else 1 for word in words])
    writer.add_token_merges([" ".join(pair) for pair in merges_of(made)])
    for name in ("bos", "eos", "unk", "pad"):
        getattr(writer, f"add_{name}_token_id")(0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, LAYERS)
    for name, tensor in model.state_dict().items():
        there = names.get_name(name, try_suffixes=(".weight",))
        assert there
        writer.add_tensor(there, tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def merges_of(made: Tokenizer) -> list[list[str]]:
    import json

    merges: list[list[str]] = json.loads(made.to_str())["model"]["merges"]
    return merges
