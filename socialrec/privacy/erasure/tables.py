"""Erasure of users from each table of the lake."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts import TABLES
from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.columns import Table
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.gold import (
    ANSWERS,
    COMMENT_INSIGHTS,
    LIST_INPUTS,
    PASSAGES,
    RECOMMENDATIONS,
    SOCIAL_TIES,
    TEXT_EMBEDDINGS,
    TEXTS,
    USER_FEATURES,
    USER_PROFILES,
)
from socialrec.contracts.vocabulary import Entity, TextKind
from socialrec.etl.progress import pack_tokens
from socialrec.lake import Commit, Lake
from socialrec.lake.rewriting import affected_partitions, commit_again, read_file, standing_commits, with_changes
from socialrec.privacy.erasure.landing import RawIds
from socialrec.privacy.erasure.lists import ListCleaner
from socialrec.privacy.erasure.plan import Plan, parquet_files
from socialrec.settings import Settings

KEY_COLUMNS = tuple(dict.fromkeys(name for spec in ENTITIES.values() for name in (*spec.user_keys, "neighbour_key")))
"""Columns that hold pseudonyms, in silver and gold."""
OWNERS = tuple(
    table
    for table in TABLES.values()
    if table is not TEXT_EMBEDDINGS and "text_hash" in {column.name for column in table.columns}
)
"""Tables whose rows have texts with vectors."""
Stays = Callable[[pa.Table], pa.ChunkedArray]
Rule = tuple[tuple[str, ...], Stays]
"""Columns that identify the users of a file's rows, and a filter of the rows to keep."""


@dataclass
class TableEraser:
    """Eraser of a plan's users in the tables.

    `rows` counts removed rows by table, `old_files` deleted files of old versions that contained the users, and
    `changed` has by day the other users whose reasons included them.
    """

    settings: Settings
    lake: Lake
    plan: Plan
    job: str
    rows: dict[str, int] = field(default_factory=dict)
    old_files: int = 0
    changed: dict[str, set[str]] = field(default_factory=dict)

    def erase(self, tokens: Mapping[str, str], *, dry_run: bool) -> None:
        """Erase table by table against the data flow, because derived tables are cleaned with the help of earlier ones.

        tokens: new tokens for bronze of landing days that were rewritten without the users.
        """
        for table in reversed(TABLES.values()):
            self._erase_from(table, tokens, dry_run=dry_run)
            if not dry_run:
                self._delete_old_files(table)

    def holds_people(self, table: Table, file: str) -> bool:
        """Check if a file contains a row that belongs to one of the users or names them."""
        rule = self.rules.get(table.name)
        if rule is None:
            return False
        columns, stays = rule
        rows = pq.read_table(file, columns=list(columns))
        return not pc.all(stays(rows), min_count=0).as_py()

    def cleaner(self, ds: str) -> ListCleaner:
        """Cleaner for the lists of a day; made while ties and affinities still include the users."""
        if ds not in self._cleaners:
            self._cleaners[ds] = ListCleaner.of_day(self.lake, ds, frozenset(self.plan.keys), self.settings)
        return self._cleaners[ds]

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Rules by table that can contain users."""
        found: dict[str, Rule] = {}
        names, keys = RawIds(self.plan.ids), self.plan.keys
        for entity, spec in ENTITIES.items():
            if spec.users:
                found[BRONZE[entity].name] = _none_of(spec.users, self.plan.ids)
            found[QUARANTINE[entity].name] = _records_without(names, entity)
        for table in TABLES.values():
            if columns := tuple(name for name in KEY_COLUMNS if name in {column.name for column in table.columns}):
                found[table.name] = _none_of(columns, keys)
        theirs = pa.array(self.plan.comments, pa.string())
        found[COMMENT_INSIGHTS.name] = (
            ("platform", "ds", "comment_id"),
            lambda rows: pc.invert(pc.is_in(_joined(rows), value_set=theirs)),
        )
        found[ANSWERS.name] = (("user_key", "citations"), self._cites_nobody)
        found[PASSAGES.name] = _none_of(("passage_id",), self.plan.passage_ids)
        found[TEXTS.name] = _texts_but(self.plan.text_hashes)
        found[TEXT_EMBEDDINGS.name] = (
            ("text_hash",),
            lambda rows: pc.is_in(rows["text_hash"], value_set=self._owned_hashes),
        )
        found[RECOMMENDATIONS.name] = (("user_key", "reasons"), self._names_nobody)
        found[LIST_INPUTS.name] = (("user_key", "ds"), self._rests_on_nobody)
        found[USER_FEATURES.name] = (("user_key", "ties"), self._ties_nobody)
        return found

    @cached_property
    def _cleaners(self) -> dict[str, ListCleaner]:
        return {}

    @cached_property
    def _owned_hashes(self) -> pa.Array:
        """Texts that somebody else wrote or has."""
        others = pc.invert(pc.field("text_hash").isin(pa.array(self.plan.text_hashes, pa.string())))
        # Texts of older snapshots are in gold.texts too, or are encoded again when somebody asks for that day.
        newest = {table: [day] for table in OWNERS if table.is_snapshot and (day := self.lake.last_partition(table))}
        hashes = [self.lake.read(table, newest.get(table), ["text_hash"], others)["text_hash"] for table in OWNERS]
        return pc.unique(pa.chunked_array([chunk for column in hashes for chunk in column.chunks], pa.string()))

    def _names_nobody(self, rows: pa.Table) -> pa.ChunkedArray:
        keys = frozenset(self.plan.keys)
        pairs = zip(rows["user_key"].to_pylist(), rows["reasons"].to_pylist(), strict=True)
        stays = [
            user not in keys and all(keys.isdisjoint(reason["friends"]) for reason in reasons)
            for user, reasons in pairs
        ]
        return pa.chunked_array([stays], pa.bool_())

    def _cites_nobody(self, rows: pa.Table) -> pa.ChunkedArray:
        """Mark answers to keep: those to other users' questions that cite no passage of the users."""
        keys, passages = frozenset(self.plan.keys), frozenset(self.plan.passage_ids)
        pairs = zip(rows["user_key"].to_pylist(), rows["citations"].to_pylist(), strict=True)
        stays = [
            user not in keys and passages.isdisjoint(citation["passage_id"] for citation in citations)
            for user, citations in pairs
        ]
        return pa.chunked_array([stays], pa.bool_())

    def _rests_on_nobody(self, rows: pa.Table) -> pa.ChunkedArray:
        """Mark rows of list inputs to keep: hashes cannot be corrected, so those of the users' neighbours are removed
        too.
        """
        keys = frozenset(self.plan.keys)
        stays = [
            user not in keys and user not in self.cleaner(ds).tied
            for user, ds in zip(rows["user_key"].to_pylist(), rows["ds"].to_pylist(), strict=True)
        ]
        return pa.chunked_array([stays], pa.bool_())

    def _ties_nobody(self, rows: pa.Table) -> pa.ChunkedArray:
        """Mark rows of features of others, without a tie to the users."""
        keys, ties = pa.array(sorted(self.plan.keys), pa.string()), rows["ties"].combine_chunks()
        tied = pc.list_parent_indices(ties).filter(pc.is_in(ties.flatten().field("neighbour_key"), value_set=keys))
        stays = np.ones(rows.num_rows, dtype=np.bool_)
        stays[tied.to_numpy()] = False
        return pc.and_(pa.chunked_array([stays]), pc.invert(pc.is_in(rows["user_key"], value_set=keys)))

    def _erase_from(self, table: Table, tokens: Mapping[str, str], *, dry_run: bool) -> None:
        n_gone = 0

        def change(rows: pa.Table) -> pa.Table:
            nonlocal n_gone
            kept = self._changed(table, rows)
            n_gone += rows.num_rows - kept.num_rows
            return kept

        def affected(file: str) -> bool:
            return self.holds_people(table, file) or (
                table in (RECOMMENDATIONS, USER_PROFILES) and self._tells_of_people(table, file)
            )

        partitions = affected_partitions(self.lake, table, affected)
        if dry_run:
            for file in filter(affected, self.lake.files(table, partitions)):
                change(read_file(table, file))
        else:
            fill = with_changes(self.lake, affected, change)
            stamped = tokens if table in BRONZE.values() else {}
            for commit in standing_commits(self.lake, table):
                if mine := sorted(set(commit.partitions) & {*partitions, *stamped}):
                    fresh = _stamped(commit, stamped)
                    commit_again(self.lake, table, fresh, mine, dict.fromkeys(mine, fill), job=self.job)
        self.rows[table.name] = n_gone

    def _changed(self, table: Table, rows: pa.Table) -> pa.Table:
        if table is RECOMMENDATIONS:
            cleaner = self.cleaner(rows["ds"][0].as_py())
            kept = cleaner.clean(rows)
            self.changed.setdefault(rows["ds"][0].as_py(), set()).update(cleaner.changed)
            return kept
        if table is USER_FEATURES:
            others = pc.invert(pc.is_in(rows["user_key"], value_set=pa.array(sorted(self.plan.keys), pa.string())))
            return without_ties(rows.filter(others), self.plan.keys)
        _, stays = self.rules[table.name]
        kept = rows.filter(stays(rows))
        return self._fewer_follows(kept) if table is USER_PROFILES and kept.num_rows else kept

    def _tells_of_people(self, table: Table, file: str) -> bool:
        """Check if another user's row depends on one of theirs: an unnamed reason, or a number of follows."""
        rows = read_file(table, file)
        if not rows.num_rows:
            return False
        if table is RECOMMENDATIONS:
            return self.cleaner(rows["ds"][0].as_py()).concerns(rows)
        return not self._fewer_follows(rows).equals(rows)

    def _fewer_follows(self, profiles: pa.Table) -> pa.Table:
        """Recount the follows in profiles of a day without the users; idempotent."""
        keys = pa.array(self.plan.keys, pa.string())
        follows = self.lake.read(
            SOCIAL_TIES, [profiles["ds"][0].as_py()], ["user_key", "neighbour_key"], pc.field("is_follow")
        )
        to_people = pc.is_in(follows["neighbour_key"], value_set=keys)
        followers = pc.unique(follows["user_key"].filter(to_people))
        counted = follows.filter(pc.invert(to_people)).group_by("user_key").aggregate([([], "count_all")])
        place = pc.index_in(profiles["user_key"], value_set=counted["user_key"].combine_chunks())
        n_left = pc.fill_null(counted["count_all"].combine_chunks().take(place.combine_chunks()), 0)
        is_follower = pc.is_in(profiles["user_key"], value_set=followers)
        numbers = pc.if_else(is_follower, pa.chunked_array([n_left]), profiles["n_follows"])
        return profiles.set_column(profiles.schema.get_field_index("n_follows"), "n_follows", numbers)

    def _delete_old_files(self, table: Table) -> None:
        """Delete old versions with the users, and leftovers of killed writers."""
        live = set(self.lake.files(table))
        for file in parquet_files(self.lake, table):
            if str(file) not in live and not self._is_whole_and_clean(table, str(file)):
                file.unlink()
                file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
                self.old_files += 1

    def _is_whole_and_clean(self, table: Table, file: str) -> bool:
        try:
            return not self.holds_people(table, file)
        except pa.ArrowInvalid:
            return False  # half written by a killed writer, content unknown


def without_ties(rows: pa.Table, keys: Collection[str]) -> pa.Table:
    """Take ties to these users out of rows of gold.user_features; the shares of others stay as they were."""
    ties = rows["ties"].combine_chunks()
    stays = pc.invert(pc.is_in(ties.flatten().field("neighbour_key"), value_set=pa.array(sorted(keys), pa.string())))
    kept = stays.to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(kept)])[ties.offsets.to_numpy()].astype(np.int32)
    left = pa.ListArray.from_arrays(pa.array(ends), ties.flatten().filter(stays), type=ties.type)
    return rows.set_column(rows.schema.get_field_index("ties"), rows.schema.field("ties"), left)


def _none_of(columns: tuple[str, ...], values: Collection[str]) -> Rule:
    people = pa.array(sorted(values), pa.string())

    def stays(rows: pa.Table) -> pa.ChunkedArray:
        keep = pc.invert(pc.is_in(rows[columns[0]], value_set=people))
        for name in columns[1:]:
            keep = pc.and_(keep, pc.invert(pc.is_in(rows[name], value_set=people)))
        return keep

    return columns, stays


def _records_without(names: RawIds, entity: Entity) -> Rule:
    def stays(rows: pa.Table) -> pa.ChunkedArray:
        return pa.chunked_array(
            [[not names.are_in(record, entity) for record in rows["record"].to_pylist()]], pa.bool_()
        )

    return ("record",), stays


def _texts_but(hashes: Collection[str]) -> Rule:
    theirs = pa.array(sorted(hashes), pa.string())

    def stays(rows: pa.Table) -> pa.ChunkedArray:
        return pc.or_(
            pc.equal(rows["kind"], TextKind.PRODUCT.value), pc.invert(pc.is_in(rows["text_hash"], value_set=theirs))
        )

    return ("kind", "text_hash"), stays


def _joined(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["platform"], rows["ds"], rows["comment_id"], " ")


def _stamped(commit: Commit, tokens: Mapping[str, str]) -> Commit:
    """Copy of the commit with the new tokens of its landing days."""
    mine = {day: tokens[day] for day in commit.partitions if day in tokens}
    if not mine:
        return commit
    return replace(commit, fingerprint=pack_tokens({**json.loads(commit.fingerprint), **mine}))
