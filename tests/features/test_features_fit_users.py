"""A bound on the users that a training learns from, in a lake of six."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tiny_shop import DS, write

from socialrec.contracts.silver import SILVER_INTERACTIONS
from socialrec.features.fit_users import users_to_fit
from socialrec.lake import Lake


def lake_of(home: Path, names: dict[str, str]) -> Lake:
    """Six users, of whom each clicked on a product of their own, and one on nothing that counts."""
    lake, common = Lake(home), {"event_type": "click", "is_late": False, "platform": "shop", "ds": DS}
    rows: list[dict[str, Any]] = [
        {"event_id": f"e{n}", "user_key": names[f"u{n}"], "product_id": f"p{n}", "quantity": 1.0, **common}
        for n in range(6)
    ]
    rows.append({"event_id": "none", "user_key": "idle", "product_id": "p0", "quantity": 0.0, **common})
    write(lake, SILVER_INTERACTIONS, DS, rows)
    return lake


PLAIN = {f"u{n}": f"u{n}" for n in range(6)}


@pytest.mark.parametrize("most", [6, 100])
def test_a_shop_that_is_not_larger_is_learned_whole(tmp_path: Path, most: int) -> None:
    assert users_to_fit(lake_of(tmp_path, PLAIN), [DS], most) is None


def test_of_more_users_so_many_are_drawn_by_what_they_did_whatever_their_names(tmp_path: Path) -> None:
    other = {f"u{n}": f"x{5 - n}" for n in range(6)}
    here, there = (
        users_to_fit(lake_of(tmp_path / folder, names), [DS], 3) for folder, names in (("a", PLAIN), ("b", other))
    )
    assert isinstance(here, pa.Array)
    assert isinstance(there, pa.Array)
    assert len(here) == 3
    assert sorted(other[name] for name in here.to_pylist()) == there.to_pylist()
