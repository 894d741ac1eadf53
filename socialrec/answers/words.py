"""Words of questions and passages: stems to search by, numbers, negations, and the words that carry the content."""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+")
"""Scripts without spaces: their texts are searched by pairs of characters."""
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_LATIN_NEGATIONS = _set(
    "no not never none nothing nor neither without cannot cant dont doesnt didnt isnt wasnt arent wont couldnt "
    "shouldnt wouldnt hasnt havent hadnt aint"
)
_CHINESE_NEGATIONS = re.compile("不|没|無|无|非|别")
_FUNCTION_WORDS = _set(
    "a an the this that these those it its is are was were be been being am do does did done has have had having will "
    "would can could shall should may might must of to in on at by for from with as and or but if so than then there "
    "here i me my mine we us our you your yours he she they them their his her hers him who what which when where why "
    "how all any some each both very too also just only really quite about into over out up down off again more most "
    "much many such own same one ones"
)
_SUFFIXES = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))
_MIN_STEM = 3


def tokens(text: str) -> list[str]:
    """Words, numbers, and pairs of characters of scripts without spaces, in lower case and in order."""
    small = text.lower().replace("\u2019", "'")
    runs = _UNSPACED.findall(small)
    pairs = [run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))]
    return _TOKEN.findall(_UNSPACED.sub(" ", small)) + pairs


def stem(word: str) -> str:
    """Cut the usual English endings off a word in lower case: `batteries`, `battery`; `washed`, `wash`."""
    word = word.removesuffix("'s")
    for ending, replacement in _SUFFIXES:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= _MIN_STEM:
            return word.removesuffix(ending) + replacement
    return word


def stems(text: str) -> list[str]:
    """Stems of all words of a text, for searching."""
    return [stem(word) for word in tokens(text)]


def numbers(text: str) -> set[str]:
    """Numbers of a text as they are written."""
    return set(_NUMBER.findall(text))


def is_negation(word: str) -> bool:
    """Check if a word in lower case negates."""
    return word.replace("'", "") in _LATIN_NEGATIONS or word.endswith("n't")


def n_negations(text: str) -> int:
    """Number of negations in a text."""
    return sum(map(is_negation, tokens(text))) + len(_CHINESE_NEGATIONS.findall(text))


def content(text: str) -> set[str]:
    """Stems of the words that carry the content of a text: no function words, negations or numbers."""
    return {
        stem(word)
        for word in tokens(text)
        if word not in _FUNCTION_WORDS and not is_negation(word) and not word[0].isdigit()
    }
