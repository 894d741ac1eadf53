"""The check of reasons and profiles: each kind of lie is found, and no truth is called one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from socialrec.bench.reason_truth import Truth, check_truth, stands_in
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import RECOMMENDATIONS, SOCIAL_TIES, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import Settings, load_settings

DS, NEXT_DAY = "2026-03-31", "2026-04-01"
ANN, BOB, CID, DAN, EVE, FAY, GUS, NOBODY = (letter * 64 for letter in "abcdefgh")
Row = dict[str, Any]


def write(lake: Lake, table: Table, rows: list[Row], ds: str = DS) -> None:
    filled = [{column.name: {"platform": "shop", "ds": ds, **row}.get(column.name) for column in table.columns}
              for row in rows]  # fmt: skip
    with lake.stage(table, job="test", partitions=[ds]) as stage:
        stage.write(pa.Table.from_pylist(filled, schema=arrow_schema(table)))
        stage.commit()


def event(user: str, product: str, kind: str, day: int | None = None) -> Row:
    time = day and datetime(2026, 3, day, tzinfo=UTC)
    known = {"user_key": user, "product_id": product, "event_type": kind, "event_ts": time}
    return {"event_id": f"{user[0]}-{product}-{kind}", "quantity": 1.0, "is_late": False, **known}


def comment(user: str, product: str, text: str, rating: float | None, day: int | None = None) -> Row:
    time = day and datetime(2026, 3, day, tzinfo=UTC)
    known = {"user_key": user, "product_id": product, "text": text, "rating": rating, "created_ts": time}
    return {"comment_id": f"{user[0]}-{product}", "text_hash": "0" * 64, "language": "en", "is_late": False, **known}


def tie(user: str, friend: str, **parts: Any) -> Row:
    none = {"is_follow": False, "is_mutual": False, "replies_micros": 0}
    return {
        "user_key": user, "neighbour_key": friend, "strength": 1.0, "settled_micros": 0, "n_co_interest": 0,
        **none, **parts,
    }  # fmt: skip


PRODUCTS = {
    "kite": ("Red kite", "toys", "A red kite with a long tail"),
    "ball": ("Ball, round", "toys", "A ball"),
    "lamp": ("Lamp", "home", "A bright lamp"),
    "rug": ("Rug", "home", "A woolly rug"),
    "tea": ("Tea", "food and drink", "Green tea"),
    "pan": ("Pan", "kitchen", "A pan of iron"),
    "new": ("New thing", "toys", "Still unknown, with a tail"),
}
EVENTS = [
    event(ANN, "ball", "like", 3), event(ANN, "lamp", "purchase", 4), event(ANN, "lamp", "return", 5),
    event(ANN, "rug", "view", 6), event(ANN, "pan", "cart", 7),
    event(BOB, "kite", "purchase"), event(BOB, "tea", "view"),
    event(CID, "kite", "view"), event(CID, "ball", "save"),
    event(DAN, "kite", "like"), event(EVE, "kite", "cart"), event(EVE, "kite", "return"), event(FAY, "kite", "share"),
]  # fmt: skip
COMMENTS = [
    comment(ANN, "ball", "A lovely ball with a Tail, really", 5.0, 3), comment(ANN, "rug", "terrible red rug", 1.0, 6),
    comment(ANN, "pan", "so so", 2.5, 7), comment(ANN, "kite", "iron frame", None, 8),
    comment(DAN, "kite", "It broke", 2.0), comment(BOB, "kite", "high flyer", 4.0), comment(CID, "kite", "wobbly", 3.0),
    comment(BOB, "ball", "for a flyer", None, 2), comment(CID, "ball", "a flyer", None),
    comment(BOB, "tea", "calm", None), comment(EVE, "kite", "the iron kite", None),
    comment(GUS, "tea", "Is this any good?", None, 9), comment(GUS, "pan", "calm", None, 10),
]  # fmt: skip
"""Those without stars and of at most three words are labels: two users label the kite with iron, two the ball a flyer,
one the tea and one the pan calm."""
TIES = [
    tie(ANN, BOB, is_follow=True), tie(ANN, CID, is_mutual=True), tie(ANN, DAN, replies_micros=5),
    tie(ANN, EVE, is_follow=True), tie(CID, DAN, is_follow=True),
]  # fmt: skip
LIKED = [
    (ANN, "ball"), (ANN, "rug"), (ANN, "pan"), (BOB, "kite"), (BOB, "tea"), (CID, "kite"), (CID, "ball"),
    (DAN, "kite"), (FAY, "kite"),
]  # fmt: skip
"""Four users like the kite, two the ball, one each the rug, the pan and the tea, nobody the lamp and the new thing: the
median of all is 1, as that of those that are liked; of the toys it is 2."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop of seven users, whose kite is bought, returned, complained of and looked at."""
    settings = load_settings(tmp_path_factory.mktemp("shop"))
    lake = Lake(settings.lake)
    described = [
        {"product_id": product, "title": title, "category": category, "text": text, "text_hash": "0" * 64,
         "is_active": True, "first_seen_ds": DS}
        for product, (title, category, text) in PRODUCTS.items()
    ]  # fmt: skip
    write(lake, SILVER_PRODUCTS, described)
    write(lake, SILVER_INTERACTIONS, EVENTS)
    write(lake, SILVER_INTERACTIONS, [event(BOB, "kite", "return")], NEXT_DAY)
    write(lake, SILVER_COMMENTS, COMMENTS)
    write(lake, SOCIAL_TIES, TIES)
    sums = {
        "affinity_micros": 1,
        "settled_micros": 1,
        "settled_ds": DS,
        "n_events": 1,
        "n_favourable": 1,
        "n_returns": 0,
    }
    write(lake, USER_PRODUCT_AFFINITY, [{"user_key": user, "product_id": p, **sums} for user, p in LIKED])
    return settings


WORDS = pa.list_(pa.string())
REASON = pa.struct({
    "kind": pa.string(), "share": pa.float32(), "products": WORDS, "friends": WORDS, "is_followed": pa.bool_(),
    "words": WORDS, "quote": pa.string(),
})  # fmt: skip
OLD_REASON = pa.struct([field for field in REASON if field.name != "quote"])


def reason(kind: str, share: float | None = 0.5, **parts: Any) -> Row:
    nothing = {"products": [], "friends": [], "is_followed": False, "words": [], "quote": ""}
    return {"kind": kind, "share": share, **nothing, **parts}


def list_places(
    settings: Settings, places: Sequence[Row], profiles: Sequence[tuple[str, str]] = (), shape: pa.DataType = REASON
) -> None:
    """Write recommendations to Ann and profiles (users and texts), in tables with only the columns that matter here."""
    lake, text = Lake(settings.lake), pa.string()
    columns = {"user_key": text, "product_id": text, "score": pa.float64(), "reasons": pa.list_(shape), "ds": text}
    listed = [{"user_key": ANN, "ds": DS, **place} for place in places]
    said = [
        {"user_key": user, "text": words, "ds": DS} for user, words in profiles or [(NOBODY, "No interests known yet.")]
    ]
    for table, rows, schema in (
        (RECOMMENDATIONS, listed, columns),
        (USER_PROFILES, said, {"user_key": text, "text": text, "ds": text}),
    ):
        written = pa.Table.from_pylist(rows, schema=pa.schema(schema))
        write_deltalake(lake.path(table), written, mode="overwrite", schema_mode="overwrite", partition_by=["ds"])


def place(*reasons: Row, product: str = "kite", score: float = 1.0) -> Row:
    return {"product_id": product, "score": score, "reasons": list(reasons)}


def untrue(settings: Settings, *places: Row, shape: pa.DataType = REASON) -> list[str]:
    """Why the reasons of these recommendations to Ann are untrue, a line each."""
    list_places(settings, places, shape=shape)
    truth = check_truth(settings, DS)
    assert truth.n_reasons == sum(len(one["reasons"]) for one in places)
    return [line.rpartition(": ")[2] for line in truth.untrue]


GONE = "names a product that the user did not act on, returned, rated 2 stars or less, or lost interest in"
TRUE_REASONS = [
    (reason("because_you", products=["ball", "pan"]), "kite"),
    (reason("friends", friends=[BOB], is_followed=True), "kite"),
    (reason("friends", is_followed=True), "kite"),
    (reason("looked_at", friends=[CID, BOB]), "kite"),
    (reason("looked_at"), "tea"),
    (reason("words", words=["tail"], quote="ball with a Tail"), "kite"),
    (reason("words", words=["TAIL"], quote="…with a Tail…"), "kite"),
    (reason("words", words=["iron"], quote="iron frame"), "kite"),
    (reason("about", words=["iron"]), "kite"),
    (reason("about", words=["flyer"]), "ball"),
    (reason("category", words=["toys"]), "ball"),
    (reason("popular", share=1.0), "kite"),
    (reason("popular"), "tea"),
    (reason("few", share=0.0), "lamp"),
    (reason("new"), "new"),
]
UNTRUE_REASONS = [
    (reason("because_you"), "kite", "names no product"),
    (reason("because_you", products=["kite"]), "kite", "kite is the recommended product itself"),
    (reason("because_you", products=["ball", "tea"]), "kite", "tea was not acted on"),
    (reason("because_you", products=["lamp"]), "kite", "lamp was returned"),
    (reason("because_you", products=["rug"]), "kite", "rug was rated 2 stars or less"),
    (reason("friends", friends=[FAY]), "kite", "ffffffff has no tie with the user"),
    (reason("friends", friends=[BOB, CID]), "kite", "the product was only looked at by cccccccc"),
    (reason("friends", friends=[EVE]), "kite", "the product was returned by eeeeeeee"),
    (reason("friends", friends=[DAN]), "kite", "the product was rated 2 stars or less by dddddddd"),
    (reason("friends"), "tea", "holds for nobody whom the user has a tie with"),
    (reason("looked_at", friends=[EVE]), "kite", "the product was returned by eeeeeeee"),
    (reason("looked_at", friends=[DAN]), "kite", "the product was rated 2 stars or less by dddddddd"),
    (reason("looked_at", friends=[CID], is_followed=True), "kite", "cccccccc is not followed by the user"),
    (reason("looked_at"), "lamp", "holds for nobody whom the user has a tie with"),
    (reason("looked_at", is_followed=True), "ball", "holds for nobody whom the user follows"),
    (reason("words"), "kite", "names no word"),
    (reason("words", words=["red"]), "kite",
     "'red' is in no comment of the user's own with 4 stars or more, and in no label"),
    (reason("words", words=["ail"]), "kite",
     "'ail' is in no comment of the user's own with 4 stars or more, and in no label"),
    (reason("words", words=["lovely"]), "kite", "'lovely' is no word of the product"),
    (reason("words", words=["tail"], quote="a red tail"), "kite",
     "the quote 'a red tail' is from no favourable comment of the user's own"),
    (reason("words", words=["tail"], quote="A lovely ball"), "kite",
     "the quote 'A lovely ball' holds none of the words"),
    (reason("about"), "kite", "names no word"),
    (reason("about", words=["wobbly"]), "kite", "'wobbly' is no word of the product"),
    (reason("about", words=["calm"]), "tea", "'calm' is no word of the product"),
    (reason("about", words=["kite"]), "kite", "'kite' is no word of a product that the user acted on and kept"),
    (reason("category"), "kite", "the product's category is 'toys'"),
    (reason("category", words=["home"]), "kite", "the product's category is 'toys'"),
    (reason("category", words=["toys"]), "new", "0 users like it, the median is 2"),
    (reason("popular"), "new", "0 users like it, the median is 1"),
    (reason("popular", share=1.1), "kite", "its share is 1.100000023841858, not 0 to 1"),
    (reason("popular", share=None), "kite", "its share is None, not 0 to 1"),
    (reason("few"), "kite", "4 users like it, as many as the median of liked products"),
    (reason("few"), "new", "nobody has acted on it"),
    (reason("new"), "lamp", "1 users acted on it"),
    (reason("stars"), "kite", "no rule knows this kind"),
]  # fmt: skip
TRUE_PROFILES = [
    (ANN, "Likes toys. Looks at kitchen and home. Last interested in: Pan, Ball, round. Last commented on: Pan, Rug. "
          "Last labelled: Red kite as iron frame.", 5),
    (BOB, "Likes toys. Looks at food and drink and toys. Interested in: Red kite, Tea. Commented on: Red kite. "
          "Last labelled: Ball, round as for a flyer.", 5),
    (CID, "Interested in: Ball, round, Red kite. Labelled: Ball, round as a flyer.", 2),
    (GUS, "Last commented on: Tea. Last labelled: Pan as calm.", 2),
    (NOBODY, "No interests known yet.", 1),
]  # fmt: skip
UNTRUE_PROFILES = [
    (ANN, "Likes toys and food and drink.", "names a category of no product that the user acted on"),
    (ANN, "Looks at food and drink.", "names a category of no product that the user acted on"),
    (ANN, "Likes home.", "home has no product that the user chose and kept, or praised"),
    (ANN, "Likes toys and kitchen.", "kitchen has 2.50 of the user's own stars on average"),
    (ANN, "Last interested in: Lamp.", GONE),
    (ANN, "Interested in: Ball, round, Rug.", GONE),
    (ANN, "Interested in: Tea.", GONE),
    (ANN, "Last interested in: Ball, round.", "'Pan' is newer"),
    (BOB, "Last interested in: Red kite.", "'Red kite' has no date"),
    (BOB, "Last commented on: Red kite.", "'Red kite' has no date"),
    (BOB, "Commented on: Tea.", "names a product on which the user wrote no more than a label"),
    (ANN, "Labelled: Red kite as iron.", "names a label that the user did not give"),
    (GUS, "No interests known yet.", "something is known of tea"),
    (ANN, "Recently interested in: Ball, round.", "no rule knows this sentence"),
    (ANN, "", "the profile has no text"),
]


def test_reasons_that_the_tables_bear_out_are_true(settings: Settings) -> None:
    assert untrue(settings, *(place(told, product=product) for told, product in TRUE_REASONS)) == []


def test_reasons_that_the_tables_deny_are_found_with_why(settings: Settings) -> None:
    found = untrue(settings, *(place(told, product=product) for told, product, _ in UNTRUE_REASONS))
    assert found == [why for *_, why in UNTRUE_REASONS]


def test_a_place_with_a_negative_score_carries_no_reason_of_the_users_own(settings: Settings) -> None:
    told = reason("because_you", products=["ball"]), reason("popular")
    why = "the score is -0.1, so nothing of the user's speaks for the product"
    assert untrue(settings, place(*told, score=-0.1), place(*told, score=0.0)) == [why]


def test_a_line_names_user_product_and_sentence(settings: Settings) -> None:
    list_places(settings, [place(reason("friends", friends=[BOB, CID]))])
    line = "aaaaaaaa kite: friends bbbbbbbb, cccccccc: the product was only looked at by cccccccc"
    assert check_truth(settings, DS) == Truth(1, 1, [line])


def test_missing_tables_and_reasons_are_untrue_and_no_crash(settings: Settings, tmp_path: Path) -> None:
    empty = [f"gold.recommendations has no rows of {DS}", f"gold.user_profiles has no rows of {DS}"]
    assert check_truth(load_settings(tmp_path), DS) == Truth(0, 0, empty)
    assert untrue(settings, place()) == ["no reason is given"]


def test_an_older_table_without_quotes_is_told_so(settings: Settings) -> None:
    told = [{name: value for name, value in reason(kind, words=["tail"]).items() if name != "quote"}
            for kind in ("words", "popular")]  # fmt: skip
    assert untrue(settings, place(*told), shape=OLD_REASON) == ["the table has no quote of a reason"]


def test_profiles_that_the_tables_bear_out_are_true(settings: Settings) -> None:
    list_places(settings, [place(reason("popular"))], [(user, text) for user, text, _ in TRUE_PROFILES])
    assert check_truth(settings, DS) == Truth(1, sum(n for *_, n in TRUE_PROFILES), [])


def test_profile_sentences_that_the_tables_deny_are_found_with_why(settings: Settings) -> None:
    list_places(settings, [place(reason("popular"))], [(user, text) for user, text, _ in UNTRUE_PROFILES])
    found = [(line[:8], line.rpartition(": ")[2]) for line in check_truth(settings, DS).untrue]
    assert found == [(user[:8], why) for user, _, why in UNTRUE_PROFILES]


@pytest.mark.parametrize(
    ("word", "text", "stands"),
    [("kite", "A KITE.", True), ("kite", "kites", False), ("well-made", "so well-made!", True),
     ("pack", "a 3pack", True), ("茶", "绿茶很好", True), ("kite", "一个kite很好", True),
     ("", "anything", False)],
)  # fmt: skip
def test_words_stand_whole_in_a_text_and_anywhere_in_one_without_spaces(word: str, text: str, stands: bool) -> None:
    assert stands_in(word, text) is stands
