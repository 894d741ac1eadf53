"""Words of questions and passages: stems to search by, numbers, negations, and the words that carry the content."""

from __future__ import annotations

import re
from collections.abc import Iterator

from socialrec.language.forms import normal
from socialrec.language.segmenting import pieces_of, spaced


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|[\u0e00-\u0e7f]+|[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_UNCUT = re.compile("[\u0e00-\u0e7f\u3040-\u30ff]{2,}")
"""Words of scripts without a dictionary, whose texts are searched by pairs of characters."""
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_LATIN_NEGATIONS = _set(
    "no not never none nothing nor neither without cannot cant dont doesnt didnt isnt wasnt arent wont couldnt "
    "shouldnt wouldnt hasnt havent hadnt aint"
)
_CHINESE_NEGATIONS = _set("不 没 無 无 非 别 未")
_NEGATED = re.compile("([不没未])([\u3400-\u9fff]+)")
_NOT_NEGATED = _set(
    "不锈钢 不错 不仅 不但 不过 不管 不论 不同 不断 不得不 不少 不久 不禁 不妨 不止 不光 不单 不然 不知不觉 "
    "不可思议 未来 没事 没想到"
)
"""Words with a negation at their start that negate nothing."""
_OR_NOT = re.compile("(.+)[不没]\\1")
"""Chinese question of yes or no: `好不好`, `有没有`."""
FUNCTION_WORDS = _set(
    "a an the this that these those it its is are was were be been being am do does did done has have had having "
    "will "
    "would can could shall should may might must of to in on at by for from with as and or but if so than then there "
    "here i me my mine we us our you your yours he she they them their his her hers him who what which when where "
    "why "
    "how all any some each both very too also just only really quite about into over out up down off again more most "
    "much many such own same one ones "
    "的 地 得 了 着 过 吗 呢 吧 啊 呀 嘛 么 是 为 在 有 和 与 跟 及 或 就 才 都 也 还 又 很 太 更 最 挺 非常 比较 "
    "特别 这 那 个 件 款 这个 那个 "
    "这款 那款 这件 那件 这种 那种 这样 那样 它 他 她 我 你 您 我们 你们 他们 大家 会 能 要 想 该 可 可以 可能 "
    "应该 需要 什么 怎么 怎么样 怎样 "
    "如何 为什么 哪 哪个 哪些 哪里 多少 几 请问 问 一下 一个 一些 一点 把 被 对 给 到 从 向 往 于 以 而 但 但是 "
    "不过 所以 因为 如果 上 下 里 "
    "中 说 觉得 请 来 去 让 使 使用 用 时 时候 后 前 亲"
)
_SUFFIXES = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))
_MIN_STEM = 3


def tokens(text: str) -> list[str]:
    """Words and numbers in normal form and in order; a Chinese negation is a word of its own (`不慢`: `不`, `慢`).

    Of kana and Thai, which no dictionary cuts, pairs of characters.
    """
    small = normal(text).replace("\u2019", "'")
    found: list[str] = _TOKEN.findall(spaced(small))
    return found if text.isascii() else [part for word in found for part in _parts(word)]


def _parts(word: str) -> Iterator[str]:
    if _UNCUT.fullmatch(word):
        yield from pieces_of((word,))
    elif asked := _OR_NOT.fullmatch(word):
        yield asked[1]
    elif (negated := _NEGATED.fullmatch(word)) and word not in _NOT_NEGATED:
        yield from negated.groups()
    else:
        yield word


def stem(word: str) -> str:
    """Cut the usual English endings off a word in lower case: `batteries`, `battery`; `washed`, `wash`."""
    word = word.removesuffix("'s")
    for ending, replacement in _SUFFIXES:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= _MIN_STEM:
            return word.removesuffix(ending) + replacement
    return word


def stems(text: str) -> list[str]:
    """Stems of all words of a text, for searching; of long Chinese words also the words in them."""
    return [stem(word) for word in pieces_of(tokens(text))]


def numbers(text: str) -> set[str]:
    """Numbers of a text as they are written, in ASCII digits."""
    return set(_NUMBER.findall(normal(text)))


def is_negation(word: str) -> bool:
    """Check if a word in lower case negates."""
    return word in _CHINESE_NEGATIONS or word.replace("'", "") in _LATIN_NEGATIONS or word.endswith("n't")


def n_negations(text: str) -> int:
    """Number of negations in a text."""
    return sum(map(is_negation, tokens(text)))


def content(text: str) -> set[str]:
    """Stems of the words that carry the content of a text: no function words, negations or numbers."""
    return {
        stem(word)
        for word in tokens(text)
        if word not in FUNCTION_WORDS and not is_negation(word) and not word[0].isdigit()
    }
