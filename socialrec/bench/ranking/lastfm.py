"""Last.fm (HetRec 2011) by the two protocols of published social recommenders.

`recbole`: all pairs, 8:1:1 at random per user (RecBole-GNN's leaderboard, as its configuration describes it), one split
per seed. `sociallgn`: the 80:20 files of Liao et al., "SocialLGN" (Information Sciences 2022), with a validation tenth
cut from train. Texts are the users' tags, without the tags on held-out pairs.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import TEXT_DIM
from socialrec.bench.ranking.lexical import lexical_vectors
from socialrec.bench.ranking.problem import Problem, SplitPairs, hold_out, shuffled_places, tie_shares
from socialrec.bench.ranking.seeds import Seeds, run_seeds
from socialrec.bench.result import BenchResult
from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.sources.lastfm import read_raw
from socialrec.vectors.arrays import F32, Flags, Indices, positions, vocabulary

Protocol = Literal["recbole", "sociallgn"]
SPLIT = "sociallgn_split"


def run(
    protocol: Protocol,
    n_seeds: int,
    data: Path,
    settings: Settings,
    *,
    progress: Progress = to_standard_error,
    without: Sequence[str] = (),
) -> BenchResult:
    """Run the protocol over the seeds, see `run_seeds`. Under `recbole` a seed makes the split, under `sociallgn` it
    cuts the validation part. Raises UserError where files are missing.
    """
    shop = LastFmTables(data)
    seeds = Seeds(f"lastfm_{protocol}", n_seeds, without)
    return run_seeds(seeds, lambda seed: shop.problem(protocol, seed), settings, progress)


def recbole_split(users: Indices, seed: int) -> tuple[Flags, Flags]:
    """Validation and test rows, bool (n,) each: `int(n / 10)` of a user's n pairs at random in each.

    At least one goes to test, then one to validation, while at least one stays in train (RecBole's RS [0.8, 0.1, 0.1]
    by user). Sizes are RecBole's; which rows they are depends on its own random numbers.
    """
    place, size = shuffled_places(users, seed)
    n_test = np.where(size > 1, np.maximum(size // 10, 1), 0)
    n_validation = np.where(size > n_test + 1, np.maximum(size // 10, 1), 0)
    in_test: Flags = place < n_test
    return ~in_test & (place < n_test + n_validation), in_test


class LastFmTables:
    """Raw files as arrays; `data` is their folder, or the folder that holds them as `raw`."""

    def __init__(self, data: Path) -> None:
        self.folder = data
        raw = read_raw(data / "raw" if (data / "raw").is_dir() else data)
        listened, friends = raw["user_artists"], raw["user_friends"]
        self.users = vocabulary(listened["userID"], friends["userID"], friends["friendID"])
        self.products = vocabulary(listened["artistID"])
        weights = listened["weight"].cast(pa.float64()).to_numpy()
        order = np.arange(len(weights), dtype=np.int64)
        self.pairs = SplitPairs(self._users(listened["userID"]), self._products(listened["artistID"]), weights, order)
        self.ties = tie_shares(friends.rename_columns(["user", "friend"]), self.users)
        tagged, tags = raw["user_taggedartists"], raw["tags"]
        words = tags["tagValue"].combine_chunks().take(pc.index_in(tagged["tagID"], tags["tagID"].combine_chunks()))
        owners = self._products(tagged["artistID"])
        self.tag_keys, self.tag_owners = self._keys(self._users(tagged["userID"]), owners), owners
        self.tags = np.asarray(pc.fill_null(words, "").to_pylist(), dtype=object)

    def problem(self, protocol: Protocol, seed: int) -> Problem:
        """Make the protocol's three parts under a seed."""
        if protocol == "recbole":
            in_validation, in_test = recbole_split(self.pairs.users, seed)
        else:
            in_test = np.isin(self._keys(self.pairs.users, self.pairs.products), self._published_test())
            in_validation = np.zeros_like(in_test)
            in_validation[~in_test] = hold_out(self.pairs.users[~in_test], 0.1, seed)
        held = {"validation": in_test | in_validation, "test": in_test}
        return Problem(
            users=self.users,
            products=self.products,
            train=self.pairs[~held["validation"]],
            validation=self.pairs[in_validation],
            test=self.pairs[in_test],
            ties=self.ties,
            text=lambda window: self.text_without(held[window]),
            ordered=False,
        )

    def text_without(self, held: Flags) -> F32:
        """Vectors of the tags, less those of held-out pairs, float32 (n_products, TEXT_DIM)."""
        hidden = np.isin(self.tag_keys, self._keys(self.pairs.users[held], self.pairs.products[held]))
        known = ~hidden & (self.tag_owners >= 0)
        return lexical_vectors(self.tags[known].tolist(), self.tag_owners[known], len(self.products), TEXT_DIM)

    def _published_test(self) -> Indices:
        """Keys of the pairs of SocialLGN's test file; its index files map the numbers to the raw ids."""
        pairs = np.loadtxt(self._split_file("test_set.txt"), delimiter=",", skiprows=1, dtype=np.int64)
        columns = []
        for column, name in enumerate(("userReindex.json", "itemReindex.json")):
            with self._split_file(name) as file:
                original = {int(number): raw for raw, number in json.load(file).items()}
            columns.append(pa.array([original[number] for number in pairs[:, column].tolist()]))
        return self._keys(self._users(columns[0]), self._products(columns[1]))

    def _split_file(self, name: str) -> IO[str]:
        path = self.folder / SPLIT / f"{name}.gz"
        if not path.is_file():
            raise UserError(f"{path} is missing: the sociallgn protocol needs the split files of leo0481/SocialLGN")
        return gzip.open(path, "rt", encoding="utf-8")

    def _users(self, names: pa.Array | pa.ChunkedArray) -> Indices:
        return positions(names, self.users)

    def _products(self, names: pa.Array | pa.ChunkedArray) -> Indices:
        return positions(names, self.products)

    def _keys(self, users: Indices, products: Indices) -> Indices:
        """One number per pair; negative, and so equal to no known pair, where the user or the product is unknown."""
        keys: Indices = np.where((users >= 0) & (products >= 0), users * len(self.products) + products, -1)
        return keys
