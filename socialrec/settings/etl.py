"""Settings of the data: how records are judged, masked, told apart and rolled up, and what differs by platform."""

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
    """Which personal data is masked in free text before silver."""

    mail: bool = True
    card: bool = True
    phone: bool = True
    address: bool = True
    phone_countries: tuple[Annotated[str, AfterValidator(_country)], ...] = PHONE_COUNTRIES
    """ISO 3166 codes of the countries whose phone numbers are known without + or 00 and a country code."""

    @property
    def kinds(self) -> tuple[PersonalData, ...]:
        """Those that are."""
        return tuple(kind for kind in PersonalData if getattr(self, kind))

    @classmethod
    def nothing(cls) -> MaskSettings:
        """Those that mask nothing."""
        return cls(mail=False, card=False, phone=False, address=False)


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name} is no time zone; use a name such as Europe/Paris, America/New_York or UTC")
    return name


ENCODINGS = ("utf-8", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "cp1252", "iso8859-1", "iso8859-15")
"""Encodings that landing files may have: those whose line ends, commas and quotes are the bytes of ASCII."""


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
    """Where its landing days begin and end. Times without an offset are UTC all the same."""
    encodings: dict[Entity, Annotated[str, AfterValidator(_encoding)]] = Field(default_factory=dict)
    """By entity, how its text files are encoded where that is not UTF-8."""


class EtlSettings(Section):
    """How records are judged and rolled up."""

    max_quarantine_share: Share = 0.05
    """Above this share of any entity's records in quarantine, the night stops before anything is published."""
    max_unmet_share: Share = 0.1
    """Above this share of interactions or comments whose product is not in the catalogue, or of replies to a comment
    that never landed, the night warns."""
    duplicate_window_days: int = Field(7, ge=0)
    """How many landing days back the same words of one user about one product, in another comment, are a duplicate.
    The same id is one whatever its age."""
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
    mutual_weight: float = Field(1.0, ge=0)
    reply_weight: float = Field(1.0, ge=0)
    co_interest_weight: float = Field(0.5, ge=0)
    co_interest_max_users: int = Field(200, ge=2)
    """Products that interest more users than this say nothing about a tie, and are left out of co-interest."""
    require_landing_day: bool = True
    """Whether a night whose own landing day has not arrived fails (true) or works with what is there."""
    platforms: dict[str, PlatformSettings] = Field(default_factory=dict)
    """By platform (the landing folder's name), where it differs from the defaults."""
    shared_ids: tuple[Entity, ...] = ()
    """Entities whose ids all platforms share: equal ids of two platforms then mean one product (or event, or comment).
    For the others a key is platform and id. Users and follows are always told apart by platform."""
