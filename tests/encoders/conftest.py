"""Tiny encoders, for every test of this folder."""

from tiny_encoders import (
    always_one_thread,
    bert,
    bert_of_other_weights,
    bert_of_other_words,
    cls_bert,
    encoder,
    own_bert,
    shop,
    still_bert,
    tiny,
)

__all__ = [
    "always_one_thread",
    "bert",
    "bert_of_other_weights",
    "bert_of_other_words",
    "cls_bert",
    "encoder",
    "own_bert",
    "shop",
    "still_bert",
    "tiny",
]
