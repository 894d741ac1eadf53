"""Rings of fake accounts are told from honest crowds by their signals, and nobody is flagged for one alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from socialrec.features.suspicion import find_suspects, same_words

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")
FAKES = [f"fake{number}" for number in range(6)]
CLUB = [f"club{number}" for number in range(8)]
PRAISE = "This is the best lamp I have ever bought, says {}"
Event = tuple[str, str, float]


def interactions(*rows: Event) -> pa.Table:
    """Rows of user, product and hours after the start."""
    times = [START + timedelta(hours=hours) for _, _, hours in rows]
    columns = {
        name: pa.array([row[place] for row in rows], pa.string())
        for place, name in enumerate(("user_key", "product_id"))
    }
    return pa.table({**columns, "event_ts": pa.array(times, TIME)})


def comments(*rows: tuple[str, str, str]) -> pa.Table:
    columns = ("user_key", "product_id", "text")
    table = pa.table({name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(columns)})
    return table.append_column("created_ts", pa.nulls(len(rows), TIME))


def follows(*edges: tuple[str, str]) -> pa.Table:
    return pa.table(
        {
            "follower_key": pa.array([edge[0] for edge in edges], pa.string()),
            "followee_key": pa.array([edge[1] for edge in edges], pa.string()),
        }
    )


def among(users: list[str]) -> list[tuple[str, str]]:
    return [(one, other) for one in users for other in users if one != other]


PUSH = [(user, "lamp", number / 10) for number, user in enumerate(FAKES)]
PRAISED = [(user, "lamp", PRAISE.format(user)) for user in FAKES]


def test_a_ring_shows_all_three_signals_and_the_product_that_it_pushes() -> None:
    found = find_suspects(
        interactions(*PUSH, ("honest", "lamp", 0), ("honest", "lamp", 90)), comments(*PRAISED), follows(*among(FAKES))
    )
    assert [suspect.user_key for suspect in found] == FAKES
    assert {suspect.signals for suspect in found} == {("burst", "same_words", "closed_ties")}
    assert {suspect.product_id for suspect in found} == {"lamp"}


def test_a_ring_that_also_clicks_on_popular_products_and_follows_honest_people_is_still_found() -> None:
    hidden = [(user, "bestseller", 1.0) for user in FAKES]
    strangers = [(user, person) for user in FAKES for person in CLUB]
    crowd = [(f"buyer{number}", "bestseller", 24.0 * day) for number in range(20) for day in (0, 3)]
    found = find_suspects(interactions(*PUSH, *hidden, *crowd), comments(), follows(*among(FAKES), *strangers))
    assert [suspect.user_key for suspect in found] == FAKES
    assert {suspect.signals for suspect in found} == {("burst", "closed_ties")}


def test_a_tight_club_that_likes_the_same_product_over_weeks_is_not_flagged() -> None:
    bought = [(user, "lamp", 40.0 * number) for number, user in enumerate(CLUB)]
    others = [(user, f"p{number}", 200.0 + number) for number, user in enumerate(CLUB)]
    words = [(user, "lamp", f"{user} put it beside the {n} window and reads there") for n, user in enumerate(CLUB)]
    assert find_suspects(interactions(*bought, *others), comments(*words), follows(*among(CLUB))) == []


def test_a_club_that_storms_a_launch_day_is_not_flagged_where_its_members_have_a_life_besides() -> None:
    stormed = [(user, "lamp", number / 10) for number, user in enumerate(CLUB)]
    life = [(user, "tea", 24.0 * (2 + number)) for number, user in enumerate(CLUB)]
    assert find_suspects(interactions(*stormed, *life), comments(), follows(*among(CLUB))) == []


def test_newcomers_whom_a_campaign_brings_in_have_the_burst_alone_and_are_not_flagged() -> None:
    assert find_suspects(interactions(*PUSH), comments(), follows(("old", FAKES[0]), *among(FAKES[:2]))) == []


def test_a_phrase_that_everybody_uses_is_too_short_to_tell() -> None:
    short = [(user, "lamp", "Great lamp, love it!") for user in FAKES]
    assert find_suspects(interactions(), comments(*short), follows(*among(FAKES))) == []


@pytest.mark.parametrize(("n_alike", "n_found"), [(2, 0), (3, 3)])
def test_words_count_where_two_others_say_the_same_of_the_same_product(n_alike: int, n_found: int) -> None:
    same = [(user, "lamp", "one two three four five six seven") for user in FAKES[:n_alike]]
    elsewhere = [(user, f"shade-{user}", "one two three four five six seven") for user in FAKES[n_alike:]]
    assert same_words(comments(*same, *elsewhere)) == dict.fromkeys(FAKES[:n_found], "lamp")


def test_undated_events_make_no_burst() -> None:
    undated = interactions(*PUSH).set_column(2, "event_ts", pa.nulls(len(PUSH), TIME))
    assert find_suspects(undated, comments(), follows(*among(FAKES))) == []


def test_the_same_words_in_chinese_are_found_without_spaces_in_either_form_of_characters() -> None:
    said = ("这件衣服质量非常好颜色也漂亮推荐大家购买", "這件衣服質量非常好顏色也漂亮推薦大家購買")
    same = [(user, "lamp", said[number % 2]) for number, user in enumerate(FAKES[:3])]
    assert same_words(comments(*same)) == dict.fromkeys(FAKES[:3], "lamp")
