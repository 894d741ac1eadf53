"""Published lists without erased people: what is left of a reason that named or quoted them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.erasure.lists import ListCleaner
from socialrec.recommend.explain.reason import make_reason


@pytest.mark.parametrize(
    ("friends", "left", "quote"),
    [
        (["ann", "cyd"], ["ann", "cyd"], "So soft."),
        (["ann", "bob", "cyd"], ["ann", "cyd"], ""),  # the sentence may be Bob's
    ],
)
def test_nobody_is_quoted_after_one_of_the_named_is_erased(
    lake: Lake, friends: list[str], left: list[str], quote: str
) -> None:
    reason = make_reason(ReasonKind.FRIENDS, friends=friends, quote="So soft.")
    row: dict[str, Any] = dict.fromkeys(arrow_schema(RECOMMENDATIONS).names)
    row |= {"user_key": "dot", "product_id": "kite", "reasons": [reason]}
    behind = {("dot", "kite", ReasonKind.FRIENDS): 2}
    cleaner = ListCleaner(lake, "2026-01-09", {"bob"}, 2, set(behind), behind, {"dot"})
    [cleaned] = cleaner.clean(pa.Table.from_pylist([row], arrow_schema(RECOMMENDATIONS)))["reasons"].to_pylist()[0]
    assert (cleaned["friends"], cleaned["quote"]) == (left, quote)
