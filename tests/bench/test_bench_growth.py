"""Growth of memory with users: the slope by hand, and the benchmark whole in a shop of a few hundred users."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.bench.growth import fill, run, slope
from socialrec.contracts.gold import SOCIAL_TIES, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.lake import Lake


@pytest.mark.parametrize(("mib", "expected"), [([500, 500, 500], 0.0), ([100, 200, 400], 1.0), ([100, 400, 1600], 2.0)])
def test_the_slope_is_the_power_of_users_that_memory_grows_with(mib: list[int], expected: float) -> None:
    assert slope([1_000, 2_000, 4_000], mib) == pytest.approx(expected)


def test_each_user_of_the_generated_shop_has_ten_products_and_five_ties_whatever_the_number_of_users(
    tmp_path: Path,
) -> None:
    found = []
    for n_users in (100, 200):
        lake = Lake(tmp_path / str(n_users))
        fill(lake, n_users, 300)
        assert lake.read(USER_PROFILES).num_rows == n_users
        pairs = lake.read(USER_PRODUCT_AFFINITY, columns=["user_key", "product_id"])
        assert pairs.num_rows == pairs.group_by(["user_key", "product_id"]).aggregate([]).num_rows == 10 * n_users
        ties = lake.read(SOCIAL_TIES, columns=["user_key", "neighbour_key"])
        assert ties.num_rows == ties.group_by(["user_key", "neighbour_key"]).aggregate([]).num_rows == 5 * n_users
        found.append(pairs.num_rows)
    assert found == [1_000, 2_000]


@pytest.mark.slow
def test_the_benchmark_measures_driver_executor_and_trainer_at_four_sizes(tmp_path: Path) -> None:
    result = run(tmp_path, scale=0.002)
    assert {name for name in result.metrics if name.startswith("slope")} == {
        *("slope_driver", "slope_executor", "slope_trainer")
    }
    sizes = [result.metrics[f"{who}_mib_at_{n}"] for who in ("driver", "executor", "trainer") for n in (100, 800)]
    assert all(isinstance(size, int) and size > 100 for size in sizes)
    assert list(tmp_path.iterdir()) == []
