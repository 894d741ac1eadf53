"""Pseudonyms and the key that makes them."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.privacy.pseudonyms import PSEUDONYM, identity_key, pseudonym


def test_a_pseudonym_is_the_hmac_of_platform_and_id() -> None:
    key = bytes(range(32))
    expected = hmac.new(key, "shop:Żółć".encode(), hashlib.sha256).hexdigest()
    assert pseudonym(key, "shop", "Żółć") == expected
    assert PSEUDONYM.fullmatch(expected)


def test_one_id_on_two_platforms_is_two_people() -> None:
    key = bytes(range(32))
    assert pseudonym(key, "shop", "ann") != pseudonym(key, "app", "ann")


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = identity_key(tmp_path / "secrets")
    file = tmp_path / "secrets" / "identity.key"
    assert len(key) == 32
    assert identity_key(tmp_path / "secrets") == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "identity.key").write_text("lost")
    with pytest.raises(UserError, match=r"identity\.key does not hold 64 hex digits"):
        identity_key(tmp_path)
