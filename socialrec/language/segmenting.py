"""Words of texts in scripts that put no spaces between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise

import rjieba

from socialrec.language.chinese_words import SHOP_WORDS

HAN = "\u3005-\u3007\u3400-\u9fff"
KANA = "\u3040-\u30ff"
OTHERS = "\u0e00-\u0e7f"
UNSPACED = f"{OTHERS}{KANA}{HAN}"
"""Characters of scripts without spaces between words (Thai, kana, Han), for a class of a pattern."""

_SHOP_FREQUENCY = 2_000
"""Frequency of a shop's words among those of the dictionary, which are of 2 to 300,000."""
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_IS_JAPANESE = re.compile("[\u3041-\u306d\u306f-\u3096\u30a1-\u30fa]")
"""Kana other than の, with which Chinese shops decorate names."""
_SCRIPT_RUN = re.compile(f"[{HAN}]+|[\u3040-\u309f]+|[\u30a0-\u30ff]+|[{OTHERS}]+")
_UNSPLIT = re.compile(f"[{OTHERS}{KANA}]|[{HAN}]{{3}}")


def spaced(text: str) -> str:
    """Put spaces around each word of scripts that write none; texts without such scripts stay as they are.

    Chinese is cut by jieba: the likeliest path through the words of its dictionary and of shops. Its guesses at other
    words are off: they join a noun to the negation after it (`鞋不慢`). Japanese is cut where the script changes, since
    its nouns are runs of Han or katakana. Thai stays one piece. The text should be in normal form (`forms.normal`),
    which the dictionary is in.
    """
    return text if text.isascii() else _UNSPACED_RUN.sub(lambda run: f" {' '.join(_words_in(run[0]))} ", text)


def pieces_of(words: Iterable[str]) -> Iterator[str]:
    """Cut words for searching: words of Chinese that hold other words of the dictionary into these too, and pieces that
    no dictionary has cut into pairs of characters. Others stay as they are.
    """
    for word in words:
        if word.isascii() or not _UNSPLIT.match(word):
            yield word
        elif _IS_JAPANESE.match(word) or not _UNSPACED_RUN.fullmatch(word) or "\u0e00" <= word[0] <= "\u0e7f":
            yield from ("".join(pair) for pair in pairwise(word)) if len(word) > 1 else (word,)
        else:
            yield from _jieba().cut_for_search(word, hmm=False)


def tagged(run: str) -> list[tuple[str, str]]:
    """Words of a run of Chinese characters, cut as `spaced` cuts them, with their parts of speech in the dictionary:
    `n` for nouns, `nr` and `ns` for names. Japanese and Thai have none.
    """
    return _jieba().tag(run, hmm=False) if _is_chinese(run) else [(word, "") for word in _words_in(run)]


def _is_chinese(run: str) -> bool:
    return not (_IS_JAPANESE.search(run) or OTHERS[0] <= run[0] <= OTHERS[-1])


def _words_in(run: str) -> list[str]:
    return _jieba().cut(run, hmm=False) if _is_chinese(run) else _SCRIPT_RUN.findall(run)


@cache
def _jieba() -> rjieba.Jieba:
    jieba = rjieba.Jieba()
    for word in SHOP_WORDS.split():
        jieba.add_word(word, _SHOP_FREQUENCY, "n")
    return jieba
