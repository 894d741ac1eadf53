"""Languages in which the users of a day read: the setting's, or the one that they write in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from socialrec.contracts.gold import USER_PROFILES
from socialrec.display.messages.catalogue import AUTO, language_for
from socialrec.lake import Lake
from socialrec.lake.export import database

_MOST_WRITTEN = """
    SELECT platform, language FROM profiles WHERE language IS NOT NULL GROUP BY platform, language
    QUALIFY row_number() OVER (PARTITION BY platform ORDER BY count(*) DESC, language) = 1
"""


@dataclass(frozen=True)
class Readers:
    """Setting `lists.language`, and the language that most users of each platform write in."""

    setting: str
    most_written: Mapping[str, str]

    @classmethod
    def of_day(cls, lake: Lake, ds: str, setting: str) -> Self:
        """Count the languages of a day's users; of languages that tie, the first code by the alphabet is taken."""
        if setting != AUTO:
            return cls(setting, {})
        with database({"profiles": lake.dataset(USER_PROFILES, [ds])}) as connection:
            return cls(setting, dict(connection.execute(_MOST_WRITTEN).fetchall()))

    def language(self, platform: str, own: str | None) -> str:
        """Choose the language of a user of a platform; own: that of most of the user's comments, None without any."""
        return language_for(self.setting, (own, self.most_written.get(platform)))
