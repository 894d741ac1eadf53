"""Aspects beyond the lists: nouns of which comments say praise or complaint.

They are the frequent features of Hu and Liu ("Mining and summarizing customer reviews", KDD 2004). In English a noun is
a word that often follows an article or a possessive; in Chinese the dictionary tells. It is judged where a polar word
is said of it (`the screen is really bright`, `屏幕很清晰`) or, in English, stands before it (`a bright screen`). What
the product's own text names, such as `dress`, is the product.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from socialrec.language.latin_words import FUNCTION_WORDS
from socialrec.language.segmenting import tagged
from socialrec.language.stop_words import CHINESE, ENGLISH
from socialrec.settings.aspects import entry_of
from socialrec.text.understanding.phrases import is_unspaced, tokens_of
from socialrec.text.understanding.polarity import PolarText

DOCUMENT = "aspects.json"
LEAST_JUDGED = 10
"""Comments that must judge an aspect."""
LEAST_JUDGED_SHARE = 0.05
"""Share of them among the comments that name it."""
LEAST_DETERMINED_SHARE = 0.3
"""Share of an English word's places that follow a determiner, from which it is a noun."""
MOST_OWN_SHARE = 0.3
"""Share of the comments with a word whose product's text has it too, from which it names the product."""
_NOUN = "n"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DETERMINERS = frozenset(
    ("the", "a", "an", "my", "this", "these", "those", "its", "their", "his", "her", "your", "our")
)
_COPULAS = _set(
    "is are was were isn't aren't wasn't weren't be looks look looked feels feel felt seems seem seemed works work "
    "worked runs ran gets got stays"
)
_ADVERBS = _set(
    "very so really too quite pretty just not also all a bit super extremely little such absolutely more rather fairly "
    "even still always"
)
_LINKS = frozenset("也都还很太真挺非常比较有点些是不没够特别超的蛮更最算好像感觉就确实相当")
_SKIPPED, _SKIPPED_UNSPACED = 3, 4
"""Adverbs, or characters of such, that may stand between a noun and what is said of it."""
_UNTOLD = _set(
    f"{ENGLISH} {CHINESE} "
    "product products item items unit device machine purchase choice option piece part idea reason problem issue "
    "issues problems husband wife son daughter kids mom mother dad father friend friends people person girl boy "
    "company seller store shop amazon star stars review reviews gift half rest lot bit top other front "
    "东西 商品 产品 宝贝 机器 问题 情况 方面 样子 时候 感觉 时间 孩子 儿子 女儿 老公 老婆 妈妈 爸爸 老妈 老爸 家人 "
    "朋友 男朋友 女朋友 弟弟 哥哥 哥 姐姐 妹妹 小哥 同事 老人 小孩 宝宝 人员 客人 公司 商家 卖家 店家 店铺 超市 商城 "
    "商场 实体店 自营 心情 心里 心 眼光 运气 结果 原因 关键 地方 活动 一股 一级 全都 想象 本身 评价 评论 客户 顾客 "
    "消费者 人家"
)
"""Words that are no property of a product: the product by another name, people, shops, and what is no thing."""
_FOLLOWING = _UNTOLD | _set(FUNCTION_WORDS["en"])
"""Words after which a phrase such as `bright screen` has ended."""


@dataclass
class _Found:
    """Comments by word in small letters and without the plural's ending: those that name it, judge it, and whose
    product's text has it; and its places, all and after a determiner.
    """

    naming: Counter[str] = field(default_factory=Counter)
    judging: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    determined: Counter[str] = field(default_factory=Counter)
    forms: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, text: str, product_words: frozenset[str]) -> None:
        """Count a comment on a product with these words."""
        polar = PolarText.of(text)
        starts, ends = ({getattr(match, side) for match, _ in polar.polar} for side in ("start", "end"))
        inside = {place for match, _ in polar.polar for place in range(match.start, match.end)}
        named, judged = set(), set()
        for word, start, end in _nouns(polar.tokens):
            if start in inside:
                continue
            key = singular(word)
            named.add(key)
            self.forms[key][word] += 1
            self.places[key] += 1
            self.determined[key] += start > 0 and polar.tokens[start - 1] in _DETERMINERS
            if _is_judged(polar.tokens, start, end, starts, ends):
                judged.add(key)
        self.naming.update(named)
        self.judging.update(judged)
        self.own.update(named & product_words)

    def is_aspect(self, word: str) -> bool:
        """Check if a word is a noun that is no product and is judged often enough."""
        n = self.naming[word]
        is_noun = is_unspaced(word) or self.determined[word] >= LEAST_DETERMINED_SHARE * self.places[word]
        is_often = self.judging[word] >= max(LEAST_JUDGED, LEAST_JUDGED_SHARE * n)
        return is_noun and is_often and self.own[word] < MOST_OWN_SHARE * n


def learn_aspects(
    comments: Iterable[tuple[str, str]], listed: Mapping[str, Sequence[str]], most: int
) -> dict[str, tuple[str, ...]]:
    """Learn at most so many aspects from comments with the texts of their products, those that most comments judge
    first; each is named by its most frequent form, with all its forms as entries.

    listed: entries of known aspects, as in `text.aspects`; no word of theirs is learned. Equal comments count once.
    """
    found = _Found()
    for text, product in dict.fromkeys(comments):
        found.add(text, frozenset(singular(word) for word, *_ in _words(tokens_of(product))))
    known = [entry_of(entry).phrase for entries in listed.values() for entry in entries]
    words = {singular(token) for phrase in known for token in tokens_of(phrase)}
    unspaced = [phrase for phrase in known if is_unspaced(phrase) and len(phrase) > 1]
    learned = [
        word
        for word in found.judging
        if word not in words and found.is_aspect(word) and not any(phrase in word for phrase in unspaced)
    ]
    learned.sort(key=lambda word: (-found.judging[word], word))
    entries = (sorted(found.forms[word].items(), key=lambda form: (-form[1], form[0])) for word in learned[:most])
    return {forms[0][0]: tuple(form for form, _ in forms) for forms in entries}


def save_aspects(learned: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Write learned aspects beside the encoder of their training."""
    (folder / DOCUMENT).write_text(json.dumps(learned, ensure_ascii=False, indent=1), encoding="utf-8")


def aspects_beside(folder: Path) -> dict[str, tuple[str, ...]]:
    """Read what `save_aspects` wrote; nothing where a training learned none."""
    file = folder / DOCUMENT
    said = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {str(name): tuple(map(str, entries)) for name, entries in said.items()}


def singular(word: str) -> str:
    """Strip the ending of an English plural: `batteries`, `keys`, `boxes`; others stay as they are."""
    if not word.isascii() or len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("xes", "ches", "shes", "sses")) else word.removesuffix("s")


def _nouns(tokens: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Words that may be nouns, with their places: from start to before end."""
    for word, start, end, tag in _words(tokens):
        is_candidate = tag == _NOUN if is_unspaced(word) else len(word) > 2 and word.isalpha()
        if is_candidate and word not in _UNTOLD and singular(word) not in _UNTOLD:
            yield word, start, end


def _words(tokens: Sequence[str]) -> Iterator[tuple[str, int, int, str]]:
    """Words with their places and, in Chinese, their parts of speech; runs of characters are cut into words."""
    place = 0
    while place < len(tokens):
        end = place
        while end < len(tokens) and is_unspaced(tokens[end]):
            end += 1
        if end == place:
            yield tokens[place], place, place + 1, ""
            place += 1
            continue
        for word, tag in tagged("".join(tokens[place:end])):
            yield word, place, place + len(word), tag
            place += len(word)
        place = end


def _is_judged(tokens: Sequence[str], start: int, end: int, starts: set[int], ends: set[int]) -> bool:
    if is_unspaced(tokens[start]):
        return _leads_to(tokens, end, starts, _LINKS, _SKIPPED_UNSPACED)
    if end < len(tokens) and tokens[end] in _COPULAS and _leads_to(tokens, end + 1, starts, _ADVERBS, _SKIPPED):
        return True
    # After `bright screen` comes no other noun: `great price range` does not judge a price.
    is_last = end >= len(tokens) or not tokens[end][0].isalpha() or tokens[end] in _FOLLOWING
    return start in ends and is_last


def _leads_to(tokens: Sequence[str], place: int, starts: set[int], skipped: frozenset[str], most: int) -> bool:
    for reached in range(place, min(place + most + 1, len(tokens))):
        if reached in starts:
            return True
        if tokens[reached] not in skipped:
            return False
    return False
