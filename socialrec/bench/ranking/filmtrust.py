"""FilmTrust (Guo et al., IJCAI 2013): ratings of films and who trusts whom, for opinions of trusted people.

Ratings from 0.5 to 4 are 1 to 5 stars. 8:1:1 of each user's ratings are split at random. Those to learn from are
opinions, and films that are not listed again; from `FAVOURABLE_RATING` stars on also likes. Users are asked for the
held-out likes.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.lastfm import recbole_split
from socialrec.bench.ranking.problem import Problem, SplitPairs, Window, tie_shares
from socialrec.bench.ranking.seeds import Seeds, run_seeds
from socialrec.bench.result import BenchResult
from socialrec.contracts.opinions import FAVOURABLE_RATING
from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.vectors.arrays import Csr, csr, positions, vocabulary

LOWEST, HIGHEST = 0.5, 4.0


def run(
    n_seeds: int,
    data: Path,
    settings: Settings,
    *,
    progress: Progress = to_standard_error,
    without: Sequence[str] = (),
) -> BenchResult:
    """Measure on so many splits, see `run_seeds`. Raises UserError where a file is missing or cannot be read."""
    films = FilmTrustTables(data)
    return run_seeds(Seeds("filmtrust", n_seeds, without), films.problem, settings, progress)


class FilmTrustTables:
    """Ratings as arrays, the last one of each user and film, and ties from each user to those whom they trust."""

    def __init__(self, data: Path) -> None:
        rated, trusted = (_read(data / f"{name}.txt.gz") for name in ("ratings", "trust"))
        trust = _names(user=[row[0] for row in trusted], friend=[row[1] for row in trusted])
        last = {(user, film): float(stars) for user, film, stars in rated}
        names = _names(user=[user for user, _ in last], film=[film for _, film in last])
        self.users = vocabulary(names["user"], trust["user"], trust["friend"])
        self.products = vocabulary(names["film"])
        ratings = np.array(list(last.values()))
        if len(ratings) and not (ratings.min() >= LOWEST and ratings.max() <= HIGHEST):
            raise UserError(f"{data / 'ratings.txt.gz'} has ratings outside {LOWEST:g} to {HIGHEST:g}")
        self.stars = 1.0 + 4.0 * (ratings - LOWEST) / (HIGHEST - LOWEST)
        self.rows = positions(names["user"], self.users), positions(names["film"], self.products)
        self.ties = tie_shares(trust, self.users, one_way=True)

    def problem(self, seed: int) -> Problem:
        """Split the ratings under a seed."""
        in_validation, in_test = recbole_split(self.rows[0], seed)
        held = {"validation": in_validation | in_test, "test": in_test}
        order = np.arange(len(self.stars), dtype=np.int64)
        liked = self.stars >= FAVOURABLE_RATING
        pairs = SplitPairs(*self.rows, np.ones(len(self.stars)), order)
        shape = (len(self.users), len(self.products))

        def opinions(window: Window) -> Csr:
            known = ~held[window]
            users, films = (rows[known] for rows in self.rows)
            return csr((self.stars[known] - 3.0) / 2.0, users, films, shape).astype(np.float32)

        return Problem(
            users=self.users,
            products=self.products,
            train=pairs[liked & ~held["validation"]],
            validation=pairs[liked & in_validation],
            test=pairs[liked & in_test],
            ties=self.ties,
            text=lambda window: np.zeros((shape[1], 1), dtype=np.float32),
            opinions=opinions,
            ordered=False,
        )


def _names(**columns: list[str]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _read(path: Path) -> list[tuple[str, str, str]]:
    """Rows of three columns between spaces."""
    if not path.is_file():
        raise UserError(f"{path} is missing: --data is the folder with ratings.txt.gz and trust.txt.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip()]
    if wrong := next((number for number, row in enumerate(rows, 1) if len(row) != 3), None):
        raise UserError(f"{path} line {wrong} has not three columns")
    return [(first, second, third) for first, second, third in rows]
