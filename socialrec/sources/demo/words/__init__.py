"""Words of the demo world: one module a language, and the kinds that all of them name.

Another language is a module with a `DemoWords`, and its code in `WORDS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from socialrec.sources.demo.words.en import ENGLISH_WORDS
from socialrec.sources.demo.words.vocabulary import DemoWords
from socialrec.sources.demo.words.zh import CHINESE_WORDS

WORDS: Mapping[str, DemoWords] = {"en": ENGLISH_WORDS, "zh": CHINESE_WORDS}
"""Words by language, ISO 639-1."""

SPOKEN: Mapping[str, tuple[str, ...]] = {**{language: (language,) for language in WORDS}, "mixed": ("zh", "en")}
"""Languages of a world by its setting `language`; the first one is the shop's own."""
