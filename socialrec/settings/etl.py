"""Settings of the data: validation, masking, identity and aggregation of records, and differences by platform."""

from __future__ import annotations

import codecs
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from socialrec.contracts.countries import COUNTRIES, PHONE_COUNTRIES
from socialrec.contracts.vocabulary import Entity, EventType, PersonalData
from socialrec.settings.section import Days, Section, Share


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError(f"{code} is no country code of ISO 3166; use codes of two capitals such as CN, GB or US")
    return code


class MaskSettings(Section):
    """Kinds of personal data that are masked in free text before silver."""

    mail: bool = True
    identity: bool = True
    """Numbers of Chinese identity cards."""
    card: bool = True
    phone: bool = True
    account: bool = True
    """Names of accounts at WeChat and QQ."""
    name: bool = True
    """Chinese names of recipients."""
    address: bool = True
    phone_countries: tuple[Annotated[str, AfterValidator(_country)], ...] = PHONE_COUNTRIES
    """Codes (ISO 3166) of the countries whose phone numbers are recognised without + or 00 and a country code."""

    @property
    def kinds(self) -> tuple[PersonalData, ...]:
        """Kinds that are masked."""
        return tuple(kind for kind in PersonalData if getattr(self, kind))

    @classmethod
    def nothing(cls) -> MaskSettings:
        """Settings that mask nothing."""
        return cls(**{kind.value: False for kind in PersonalData})


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name} is no time zone; use a name such as Europe/Paris, America/New_York or UTC")
    return name


ENCODINGS = ("utf-8", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "cp1252", "iso8859-1", "iso8859-15")
"""Encodings of landing files: those in which line ends, commas and quotes are the bytes of ASCII."""


def _encoding(name: str) -> str:
    try:
        known = codecs.lookup({"gbk": "gb18030", "gb2312": "gb18030"}.get(name.lower(), name)).name
    except LookupError:
        known = ""
    if known not in ENCODINGS:
        raise ValueError(f"{name} is no encoding of landing files; use one of {', '.join(ENCODINGS)}")
    return known


class PlatformSettings(Section):
    """Settings of the deliveries of one platform."""

    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    """Time zone of its landing days. Times without an offset are UTC anyway."""
    encodings: dict[Entity, Annotated[str, AfterValidator(_encoding)]] = Field(default_factory=dict)
    """Encoding of text files that are not UTF-8, by entity."""


class EtlSettings(Section):
    """Settings of validation and aggregation of records."""

    max_quarantine_share: Share = 0.05
    """Largest share of any entity's records in quarantine; above it the night stops before anything is published."""
    max_unmet_share: Share = 0.1
    """Largest share of interactions or comments whose product is not in the catalogue, or of replies to a comment that
    never landed; above it the night warns.
    """
    duplicate_window_days: int = Field(7, ge=0)
    """Landing days in which a user's repeated words about one product, in another comment, are a duplicate. A repeated
    id is one at any age.
    """
    mask: MaskSettings = MaskSettings()
    affinity_half_life_days: Days = 30.0
    reply_half_life_days: Days = 30.0
    event_weights: dict[EventType, float] = Field(
        default_factory=lambda: {
            EventType.VIEW: 0.5,
            EventType.CLICK: 1.0,
            EventType.LIKE: 2.0,
            EventType.SAVE: 3.0,
            EventType.SHARE: 3.0,
            EventType.CART: 3.0,
            EventType.PURCHASE: 5.0,
            EventType.RETURN: -5.0,
        }
    )
    follow_weight: float = Field(1.0, ge=0)
    """Part of a follow in the strength of a tie."""
    mutual_weight: float = Field(1.0, ge=0)
    """Part of following back in it."""
    reply_weight: float = Field(1.0, ge=0)
    """Part of `ln(1 + decayed replies)` in it."""
    require_landing_day: bool = True
    """True: a night whose own landing day has not arrived fails. False: it works with the data that is there."""
    platforms: dict[str, PlatformSettings] = Field(default_factory=dict)
    """Settings that differ from the defaults, by platform (the landing folder's name)."""
    shared_ids: tuple[Entity, ...] = ()
    """Entities whose ids all platforms share: equal ids of two platforms then mean one product (or event, or comment).
    For the others a key is platform and id. Users and follows are always distinguished by platform.
    """
