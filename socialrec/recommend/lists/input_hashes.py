"""Input hash of each user's list: equal on two nights if none of its inputs changed."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from socialrec.contracts.gold import LIST_INPUTS
from socialrec.features.context import Stamp
from socialrec.lake.row_hashes import Hashes, mixed, row_hashes
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import Settings
from socialrec.vectors.arrays import positions, vocabulary


def hash_inputs(
    affinities: pa.Table, ties: pa.Table, profiles: pa.Table, comments: pa.Table, *, facts: tuple[str, ...]
) -> pa.Table:
    """Make rows of gold.list_inputs of every user of the profiles, sorted by key, as if each list were made on their
    day.

    affinities, ties, profiles: rows of gold.user_product_affinity, gold.social_ties and gold.user_profiles of one day;
    comments: user_key, product_id, rating and text_hash. facts: inputs of all lists, such as the model's version.

    The inputs of a list are the events and comments of its user and the user's neighbours, and the ties between them.
    Affinities and replies count as settled: they change on a day with an event, and not by decay.
    """
    everyone = vocabulary(profiles["user_key"], affinities["user_key"], comments["user_key"], ties["neighbour_key"])
    did = _sums(affinities, everyone, "product_id", "settled_ds", "settled_micros", "n_events")
    shown = mixed(did, _sums(comments, everyone, "product_id", "rating", "text_hash"))
    of_ties = row_hashes(ties, ("neighbour_key", "is_follow", "is_mutual", "settled_ds", "settled_micros"))
    of_ties = mixed(of_ties, shown[positions(ties["neighbour_key"], everyone)])
    salt = int.from_bytes(hashlib.blake2b(repr(facts).encode(), digest_size=8).digest(), "little")
    own = mixed(mixed(shown, _added_up(ties, of_ties, everyone)), np.full(len(everyone), salt, dtype=np.uint64))
    listed = profiles.select(["user_key", "platform", "ds"]).sort_by("user_key")
    hashes = mixed(own[positions(listed["user_key"], everyone)], row_hashes(listed, ["platform"]))
    columns = {name: listed[name] for name in listed.column_names}
    columns |= {"inputs_hash": pa.chunked_array([hashes.view(np.int64)]), "made_ds": listed["ds"]}
    return pa.table(columns).select(arrow_schema(LIST_INPUTS).names)


def facts_of(stamp: Stamp, settings: Settings) -> tuple[str, ...]:
    """Inputs of all lists of a night: the model and the settings."""
    sections = (settings.recommend, settings.etl)
    versions = (stamp.recommender_version, stamp.encoder_version, stamp.model_kind)
    return *versions, *(section.model_dump_json() for section in sections)


def _sums(rows: pa.Table, everyone: pa.Array, *columns: str) -> Hashes:
    return _added_up(rows, row_hashes(rows, columns), everyone)


def _added_up(rows: pa.Table, hashes: Hashes, everyone: pa.Array) -> Hashes:
    """Sum the hashes of each user's rows, uint64 (n_everyone,): the order of rows does not matter."""
    users = positions(rows["user_key"], everyone)
    sums = np.zeros(len(everyone) + 1, dtype=np.uint64)
    # Unknown users are counted in the place after the last, at ABSENT.
    np.add.at(sums, users, hashes)
    return sums[:-1]
