"""Ids that meet nothing, and what happened to them."""

import pytest

from socialrec.etl.silver.unmet import likely_cause, plain_form, unmet_ids


@pytest.mark.parametrize(
    ("found", "meant", "cause"),
    [
        ("125", "00125", "leading zeros"),
        ("125.0", "125", "decimals"),
        ("125,00", "125", "decimals"),
        (" p7", "p7", "blanks"),
        ("p7\u00a0", "p7", "blanks"),
        ("\ufeffp7", "p7", "invisible"),
        ("SKU-9", "sku-9", "capital letters"),
        (" 125.0", "00125", "blanks"),
    ],
)
def test_the_cause_of_an_id_that_changed_on_its_way_is_named(found: str, meant: str, cause: str) -> None:
    assert cause in likely_cause(found, meant)
    assert cause in likely_cause(meant, found)
    assert plain_form(found) == plain_form(meant)


def test_ids_that_have_nothing_to_do_with_each_other_have_no_cause() -> None:
    assert likely_cause("p7", "p8") == ""
    assert likely_cause("125.5", "125") == ""
    assert likely_cause("100", "1") == ""


def test_records_are_counted_with_an_example_of_the_most_frequent_cause() -> None:
    named = {"0012": 4, "12": 3, "13": 2, "P7": 1, "gone": 90}
    found = unmet_ids("interactions", "product_id", named, {"0012", "0013", "p7"})
    assert found is not None
    assert (found.n, found.n_in, found.example, found.meant) == (96, 100, "12", "0012")
    assert found.line() == (
        "interactions: 96 of 100 (96.0%) name a product that is not in the catalogue (product_id, such as '12', which "
        "is '0012' there): leading zeros were lost, as a spreadsheet does: keep the column as text"
    )


def test_without_a_cause_the_most_frequent_id_is_the_example() -> None:
    found = unmet_ids("comments", "parent_comment_id", {"c9": 1, "c8": 3}, ["c1"])
    assert found is not None
    assert (found.example, found.cause, found.share) == ("c8", "", 1.0)
    assert "'c8'); compare the ids with those of the other file" in found.line()


def test_a_line_says_what_kind_of_thing_never_came() -> None:
    found = unmet_ids("answers", "question_id", {"q9": 1}, ["q1"])
    assert found is not None
    assert found.line().startswith("answers: 1 of 1 (100.0%) name a question that never landed (question_id, such as")


def test_ids_that_are_all_known_are_no_matter() -> None:
    assert unmet_ids("interactions", "product_id", {"p1": 5}, ["p1", "p2"]) is None
    assert unmet_ids("interactions", "product_id", {}, []) is None
