"""Sentences that an answer may cite: which ones of a text, under which id, and when two say the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache

from socialrec.contracts.vocabulary import PassageSource, PersonalData
from socialrec.display.messages.catalogue import Messages, languages, messages_in, translatable
from socialrec.features.words import sentences_of
from socialrec.language.forms import normal
from socialrec.language.segmenting import spaced
from socialrec.privacy.masking.personal_data import mask_of

MIN_WORDS = 3
MIN_UNSPACED = 6
"""Letters of a sentence in a script without spaces that are enough too: not all of them are cut into words."""
MAX_CHARS = 500
"""Maximum length of a sentence; a longer one is a text without ends of sentences, which nobody can check."""
ATTRIBUTES = frozenset({PassageSource.STATED, PassageSource.PREDICTED})
"""Sources whose text is one sentence, whatever dots the value holds."""
PRICE = "price"
"""Attribute that is read from a product's price."""
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_QUESTION = re.compile("[?\uff1f\u061f\u037e][^\\w]*$")
_ATTRIBUTE_FORMS = {
    PassageSource.STATED: translatable("The {attribute} is {value}."),
    PassageSource.PREDICTED: translatable("The {attribute} is probably {value}."),
}
ATTRIBUTE_NAMES = (
    *(translatable("brand"), translatable("category"), translatable("price"), translatable("colour")),
    *(translatable("color"), translatable("size"), translatable("style"), translatable("material")),
    *(translatable("gender"), translatable("pattern")),
)
"""Names of attributes that are translated; others keep the shop's own."""
_MASKS = tuple(mask_of(kind) for kind in PersonalData)


def passages_in(text: str, source: PassageSource) -> Iterator[tuple[int, str]]:
    """Number from 0 and text of each sentence that may be cited.

    Left out are questions, sentences that held personal data, and very short or long ones.
    """
    sentences = [text] if source in ATTRIBUTES else sentences_of(text)
    return ((place, sentence) for place, sentence in enumerate(sentences) if is_citable(sentence))


def is_citable(sentence: str) -> bool:
    """Check if an answer may cite a sentence."""
    if len(sentence) > MAX_CHARS or _QUESTION.search(sentence) or any(mask in sentence for mask in _MASKS):
        return False
    return len(_WORD.findall(spaced(normal(sentence)))) >= MIN_WORDS or len(_UNSPACED.findall(sentence)) >= MIN_UNSPACED


def price_of(cents: int, currency: str | None) -> str:
    """Say a price, such as `12.50 EUR`."""
    return f"{cents / 100:.2f} {currency or ''}".strip()


def normalised(sentence: str) -> str:
    """Words of a sentence in normal form, in order, without other signs: equal where two sentences say the same."""
    return " ".join(_WORD.findall(normal(sentence).casefold()))


def passage_id(subject: str, source: PassageSource, words: str) -> str:
    """SHA-256, 64 hex digits, of a passage's subject (its product, or without one the platform), source and normalised
    words.
    """
    return hashlib.sha256(f"{subject}\n{source}\n{words}".encode()).hexdigest()


def attribute_sentence(attribute: str, value: str, source: PassageSource, messages: Messages) -> str:
    """Say what is known of an attribute in a sentence that can be cited; attribute: its name in that language."""
    return messages.translate(_ATTRIBUTE_FORMS[source], attribute=attribute, value=value)


def attribute_of(sentence: str) -> tuple[str, str]:
    """Name and value of an attribute in a sentence such as `The brand is Acme.`, in small letters; empty where it says
    none.
    """
    found = next((found for pattern in _attribute_patterns() if (found := pattern.fullmatch(sentence))), None)
    return (found["attribute"].lower(), found["value"].lower()) if found else ("", "")


@cache
def _attribute_patterns() -> tuple[re.Pattern[str], ...]:
    """Patterns of the sentences in all languages; those about predictions, which say more, come first."""
    forms = [_ATTRIBUTE_FORMS[source] for source in (PassageSource.PREDICTED, PassageSource.STATED)]
    groups = {name: f"(?P<{name}>.+?)" for name in ("attribute", "value")}
    return tuple(
        re.compile(re.escape(messages_in(language).name(form)).replace(r"\{", "{").replace(r"\}", "}").format(**groups))
        for form in forms
        for language in languages()
    )
