"""Text vectors from words alone."""

from __future__ import annotations

import numpy as np

from socialrec.bench.ranking.lexical import lexical_vectors

TEXTS = ["paper novel", "novel, paper!", "dice board", "board & dice", "3 7", "7 3 9", "unique"]


def test_products_of_the_same_words_are_alike_and_of_other_words_are_not() -> None:
    vectors = lexical_vectors(TEXTS, np.arange(7), 8, 4)
    cosines = vectors @ vectors.T
    assert min(cosines[0, 1], cosines[2, 3], cosines[4, 5]) > 0.99
    assert cosines[0, 2] < 0.2


def test_numbers_are_words_and_a_word_of_one_product_says_nothing() -> None:
    vectors = lexical_vectors(TEXTS, np.arange(7), 8, 4)
    assert vectors[4].any()
    assert not vectors[6].any()


def test_several_texts_of_a_product_count_together() -> None:
    split = lexical_vectors(["paper", "novel", *TEXTS[1:]], np.array([0, *range(7)]), 8, 4)
    assert np.allclose(split, lexical_vectors(TEXTS, np.arange(7), 8, 4), atol=1e-5)


def test_without_shared_words_there_are_vectors_of_zero() -> None:
    assert lexical_vectors(["one", "two"], np.arange(2), 3, 4).tolist() == [[0], [0], [0]]
    assert not lexical_vectors([], np.arange(0), 3, 4).any()


def test_the_same_texts_give_the_same_vectors() -> None:
    first, second = (lexical_vectors(TEXTS, np.arange(7), 8, 3) for _ in range(2))
    assert np.array_equal(first, second)
