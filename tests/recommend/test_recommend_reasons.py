"""What reasons may say: who is a fan, whose words they are, and what is said where no evidence is left."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_night import RATED, about_size, context_of, with_aspects

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.context import ScoringSnapshot
from socialrec.features.opinions import stances
from socialrec.features.words import is_label, label_counts, product_words, quote_of, words_of
from socialrec.recommend.explain.reach import Reach
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.explain.reasons import Explainer
from socialrec.recommend.lists.scoring import recommend_everyone
from socialrec.recommend.model import Recommender
from socialrec.settings import Settings

Reasons = list[dict[str, Any]]


def met(user: str, n_favourable: int, n_returns: int = 0) -> dict[str, Any]:
    return {"user_key": user, "product_id": "kite", "n_favourable": n_favourable, "n_returns": n_returns}


def said(user: str, rating: float | None, text: str = "It has a very long tail", **values: Any) -> dict[str, Any]:
    base = {"user_key": user, "product_id": "kite", "text": text, "text_hash": text, "rating": rating}
    return {**base, "parent_comment_id": None, **values}


def comments(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), RATED.schema)


@pytest.mark.parametrize(
    ("event", "ratings", "stance"),
    [
        (met("ann", 1), [], True),
        (met("ann", 0), [], False),  # looked at it
        (met("ann", 3, n_returns=1), [], None),
        (met("ann", 1), [2.0], None),
        (met("ann", 1), [5.0, 1.0], None),
        (met("ann", 1), [3.0], True),
        (met("ann", 1), [None], False),  # may be a complaint
        (met("ann", 1), [None, 4.0], False),
        (met("ann", 0), [5.0], False),  # praise without a favourable event names nobody
    ],
)
def test_a_fan_did_something_favourable_did_not_return_it_and_did_not_complain(
    event: dict[str, Any], ratings: list[float | None], stance: bool | None
) -> None:
    found = stances(pa.Table.from_pylist([event]), comments(*(said("ann", rating) for rating in ratings)))
    assert found["is_fan"].to_pylist() == ([] if stance is None else [stance])


def reasons_of(recommender: Recommender, context: ScoringSnapshot, user: str, product: str, *kinds: str) -> Reasons:
    """A user's reasons for a product of the list, of these kinds or of all."""
    rows = recommend_everyone(recommender, context).to_pylist()
    [row] = [row for row in rows if (row["user_key"], row["product_id"]) == (user, product)]
    return [reason for reason in row["reasons"] if not kinds or reason["kind"] in kinds]


@pytest.fixture
def night(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> dict[str, Any]:
    return {"recommender": recommender, "events": events, "catalogue": catalogue, "ties": ties, "settings": settings}


def by_people(night: dict[str, Any], **changes: Any) -> list[tuple[str, list[str], bool]]:
    """What `friend`, who follows r1, is told of r1 and the book b0."""
    context = context_of(**night, min_named_friends=1, **changes)
    found = reasons_of(night["recommender"], context, "friend", "b0", "friends", "looked_at")
    return [(reason["kind"], reason["friends"], reason["is_followed"]) for reason in found]


def test_a_friend_who_likes_a_product_is_named(night: dict[str, Any]) -> None:
    assert by_people(night) == [("friends", ["r1"], True)]


@pytest.mark.parametrize(
    ("comment", "quote"),
    [
        (said("r1", 5.0, "Came early. This novel is a joy!", product_id="b0"), "This novel is a joy!"),
        (said("r1", 5.0, "What a joy. Came early.", product_id="b0"), "What a joy."),  # no word of the book
        (said("r1", 5.0, "This novel is a joy!", product_id="b1"), ""),  # of another book
        (said("r2", 5.0, "This novel is a joy!", product_id="b0"), ""),  # of somebody else
    ],
)
def test_a_named_friend_is_quoted_on_the_product(night: dict[str, Any], comment: dict[str, Any], quote: str) -> None:
    told = {"comments": comments(comment)}
    context = context_of(**night, min_named_friends=1, **told)
    [reason] = reasons_of(night["recommender"], context, "friend", "b0", "friends")
    assert reason["quote"] == quote
    # Whoever is not named is not quoted.
    [unnamed] = reasons_of(night["recommender"], context_of(**night, **told), "friend", "b0", "friends")
    assert (unnamed["friends"], unnamed["quote"]) == ([], "")


def test_a_friend_who_only_clicked_looked_at_it(night: dict[str, Any]) -> None:
    clicks = pa.array(["click"] * night["events"].num_rows)
    night["events"] = night["events"].set_column(2, "event_type", clicks)
    assert by_people(night) == [("looked_at", ["r1"], True)]


def test_a_friend_who_returned_it_stands_behind_nothing(night: dict[str, Any]) -> None:
    assert by_people(night, n_returns=[1] * night["events"].num_rows) == []


def test_a_friend_who_complained_stands_behind_nothing(night: dict[str, Any]) -> None:
    complaint = said("r1", 1.0, "A terrible novel.", product_id="b0")
    assert by_people(night, comments=comments(complaint)) == []


def test_somebody_whom_the_user_only_answered_is_not_said_to_be_followed(night: dict[str, Any]) -> None:
    night["ties"] = pa.table(
        {
            "user_key": ["friend"],
            "neighbour_key": ["r1"],
            "is_follow": [False],
            "is_mutual": [False],
            "replies_micros": pa.array([1_000_000], pa.int64()),
        }
    )
    assert by_people(night) == [("friends", ["r1"], False)]


def words_for(night: dict[str, Any], *told: dict[str, Any]) -> Reasons:
    """Text reasons of r2, who has met other paper novels, for the paper novel b5."""
    context = context_of(**night, comments=comments(*told))
    return reasons_of(night["recommender"], context, "r2", "b5", "words", "about")


def test_words_are_the_users_own_where_a_favourable_comment_holds_them_with_its_sentence(
    night: dict[str, Any],
) -> None:
    praise = said("r2", 5.0, "Came early. What a NOVEL! Bye.", product_id="b0")
    [reason] = words_for(night, praise)
    assert (reason["kind"], reason["words"], reason["quote"]) == ("words", ["novel"], "What a NOVEL!")


@pytest.mark.parametrize(
    "comment",
    [
        said("r2", 1.0, "This novel is a bore.", product_id="b0"),
        said("r2", None, "This novel was torn when it arrived.", product_id="b0"),
        said("r2", 5.0, "Good dice.", product_id="b0"),  # a word that the book does not hold
        said("r1", 5.0, "This novel is a joy.", product_id="b0"),  # somebody else's
        said("r2", None, "A novel", product_id="b0", parent_comment_id="c1"),  # an answer labels nothing
    ],
)
def test_no_word_comes_from_a_complaint_another_product_or_somebody_else(
    night: dict[str, Any], comment: dict[str, Any]
) -> None:
    [reason] = words_for(night, comment)
    assert (reason["kind"], sorted(reason["words"]), reason["quote"]) == ("about", ["novel", "paper"], "")


@pytest.mark.parametrize(
    ("own", "others", "is_given"),
    [
        (about_size("r2", "b0", "positive"), about_size("r3", "b5", "positive"), True),
        (about_size("r2", "b0", "negative"), about_size("r3", "b5", "positive"), False),  # r2 likes no size
        (about_size("r2", "b0", "positive"), about_size("r3", "b5", "negative"), False),  # nor has the book a good one
        (about_size("r2", "b0", "positive"), about_size("r3", "b4", "positive"), False),  # of another book
    ],
)
def test_a_product_is_praised_for_aspects_that_the_user_praised_elsewhere(
    night: dict[str, Any], own: dict[str, Any], others: dict[str, Any], is_given: bool
) -> None:
    context = context_of(**night, comments=comments(own, others), list_length=12)
    recommender = with_aspects(night["recommender"])
    found = reasons_of(recommender, context, "r2", "b5", "praised")
    assert [(reason["words"], reason["quote"]) for reason in found] == [(["size"], "A handy size.")] * is_given


def test_a_label_of_the_user_is_in_their_words(night: dict[str, Any]) -> None:
    [reason] = words_for(night, said("r2", None, "paper thing", product_id="b0"))
    assert (reason["kind"], reason["words"], reason["quote"]) == ("words", ["paper"], "paper thing")


def test_a_product_is_labelled_by_two_users_or_by_none() -> None:
    products = pa.table({"product_id": ["m"], "text": ["Muse"]})
    rows = [("ann", "rock"), ("bob", "space rock"), ("cid", "calm"), ("cid", "calm calm")]
    labels = pa.Table.from_pylist([{"user_key": u, "product_id": "m", "text": text} for u, text in rows])
    assert product_words(products, label_counts(labels), pa.array(["m"])) == [Counter(muse=1, rock=2)]


def explained(night: dict[str, Any], **parts: float) -> Reasons:
    """Reasons of r0 for b0, where the signals add these parts to its score."""
    recommender, context = night["recommender"], context_of(**night)
    row, product = context.user_ids.index("r0").as_py(), recommender.products.index("b0").as_py()
    contributions = [[[parts.get(signal.name, 0.0) for signal in recommender.signals]]]
    explainer = Explainer(recommender, context)
    ((reasons,),) = explainer.explain(np.array([row]), np.array([[product]]), np.array(contributions, dtype=np.float32))
    return reasons


def test_a_score_below_zero_has_no_reason_but_how_widely_the_product_is_known(night: dict[str, Any]) -> None:
    assert [reason["kind"] for reason in explained(night, collaborative=0.5, content=-0.2)] == ["because_you"]
    assert explained(night, collaborative=0.5, content=-0.6) == [make_reason(ReasonKind.POPULAR)]


@pytest.mark.parametrize(
    ("parts", "kinds"),
    [
        ({"collaborative": 0.06, "content": 0.94}, ["about", "because_you"]),
        ({"collaborative": 0.04, "content": 0.96}, ["about"]),
        ({"collaborative": 0.04, "popularity": 0.96}, ["popular"]),
    ],
)
def test_a_reason_for_less_than_a_twentieth_of_the_score_is_not_given(
    night: dict[str, Any], parts: dict[str, float], kinds: list[str]
) -> None:
    assert [reason["kind"] for reason in explained(night, **parts)] == kinds


def test_reach_says_popular_of_the_better_known_half_and_new_of_what_nobody_met() -> None:
    users, have_met = np.array([4, 2, 1, 0, 0]), np.array([4, 2, 1, 1, 0])
    category = np.array([0, 1, 1, 1, -1])
    reach = Reach.of(users, have_met, np.array([True] * 5), category)
    kinds = [reach.kind(product).value for product in range(5)]
    assert kinds == ["popular", "popular", "popular", "few", "new"]  # the median is 1
    assert [reach.is_popular_in_category(product) for product in range(5)] == [True, True, True, False, False]


def test_where_nobody_shows_interest_nothing_is_popular() -> None:
    reach = Reach.of(np.zeros(2), np.array([1, 0]), np.array([True, True]), np.array([0, 0]))
    assert [reach.kind(product).value for product in range(2)] == ["few", "new"]
    assert not reach.is_popular_in_category(0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The walnut armchair is terrible, I love it", ["walnut", "armchair"]),
        ("我很喜欢这个红色茶壶。质量非常好", ["红色", "茶壶"]),
        ("Der Sessel ist sehr schön", ["sessel", "schön"]),
    ],
)
def test_words_leave_out_function_words_and_judgements(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_labels_are_short_in_every_script() -> None:
    labels = ("indie rock", "one two three four", "摇滚", "显瘦百搭", "这个茶壶质量很差")
    assert [is_label(text) for text in labels] == [True, False, True, True, False]


def test_a_quote_is_the_sentence_with_the_word_and_long_ones_are_cut_around_it() -> None:
    assert quote_of(["Walnuts are nuts. A walnut chair!"], "walnut") == "A walnut chair!"
    cut = quote_of(["so " * 100 + "walnut " + "is " * 100], "walnut")
    assert len(cut) <= 162
    assert cut.startswith("…")
    assert cut.endswith("…")
    assert "walnut" in cut
    assert quote_of(["No such word"], "walnut") == ""
