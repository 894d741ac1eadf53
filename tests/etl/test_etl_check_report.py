"""The verdict on files before they land, and how findings are said."""

from __future__ import annotations

from socialrec.etl.check.report import Fault, FileCheck, give_verdict, report_lines

FAULT = Fault("user_id", "missing_value", 5, 7, "null", "fill it, or leave the record out")


def comments(n: int, n_valid: int, *faults: Fault, name: str = "comments.jsonl") -> FileCheck:
    return FileCheck(name, "comments", n, n_valid, faults=faults)


def test_files_whose_records_are_all_valid_pass() -> None:
    verdict = give_verdict([comments(50, 50), FileCheck("follows.csv", "follows", 4, 4)], 0.05)
    assert (verdict.passes, list(verdict.lines())) == (True, ["passes: all 54 records are valid"])


def test_too_many_invalid_records_do_not_pass_and_the_limit_is_named_with_how_many_to_correct() -> None:
    verdict = give_verdict([comments(70, 65, FAULT)], 0.05)
    assert list(verdict.lines()) == [
        "would not pass: 7.1% of comments would go to quarantine, at most 5% may (etl.max_quarantine_share); correct "
        "at least 2 of the 5 invalid records"
    ]
    assert not verdict.passes


def test_the_share_is_that_of_all_files_of_an_entity() -> None:
    verdict = give_verdict([comments(10, 5, FAULT, name="a/comments.csv"), comments(90, 90)], 0.05)
    assert verdict.passes
    assert verdict.reasons == ("5% of comments would go to quarantine, at most 5% may (etl.max_quarantine_share)",)


def test_several_reasons_stand_on_lines_of_their_own() -> None:
    broken = FileCheck("follows.csv", "follows", problem="required column followee_id is missing")
    verdict = give_verdict([broken, comments(2, 0, FAULT)], 0.05)
    assert list(verdict.lines()) == [
        "would not pass:",
        "  follows.csv cannot be taken in",
        "  100% of comments would go to quarantine, at most 5% may (etl.max_quarantine_share); correct all 2 "
        "invalid records",
    ]


def test_planted_faults_alarm_nobody() -> None:
    planted = Fault("user_id", "missing_value", 5, 7, "null", "fill it", planted_by="demo")
    found = [comments(1_000, 995, planted)]
    [line] = give_verdict(found, 0.05).lines()
    assert line.startswith("passes: 0.5% of comments would go to quarantine")
    assert line.endswith("all planted by the demo world to show quarantine")
    assert list(report_lines(found))[-1] == (
        "  5 x missing_value, such as line 7: user_id = null: planted by the demo world to show quarantine"
    )
    [line] = give_verdict([comments(1_000, 994, planted, FAULT)], 0.05).lines()
    assert "planted" not in line


def test_nothing_to_judge_passes() -> None:
    assert list(give_verdict([FileCheck("follows.csv", "follows")], 0.05).lines()) == ["passes: no records"]


def test_a_file_is_reported_with_its_columns_and_faults() -> None:
    found = FileCheck(
        "products.csv", "products", 3, 1, ("brand",), ("colour", "price"), {"price": "price_cents"}, (FAULT,)
    )
    assert list(report_lines([found])) == [
        "products.csv: 1 of 3 records are valid",
        "  optional columns that are not there: brand",
        "  ignored columns: colour, price",
        "  did you mean: rename price to price_cents (price in hundredths of the currency)?",
        "  5 x missing_value, such as line 7: user_id = null: fill it, or leave the record out",
    ]


def test_files_of_a_kind_are_reported_together_and_those_with_problems_alone() -> None:
    days = [f"shop/2026-01-0{day}/comments{part}.jsonl" for day, part in ((1, ""), (2, "-eu"))]
    one, other = (comments(10, 5, FAULT, name=name) for name in days)
    broken = FileCheck("shop/2026-01-01/follows.csv", "follows", problem="required column followee_id is missing")
    assert list(report_lines([one, other, broken])) == [
        "shop/2026-01-01/follows.csv: cannot be taken in: required column followee_id is missing",
        "shop/comments.jsonl, 2 files: 10 of 20 records are valid",
        f"  10 x missing_value, such as line 7 of {days[0]}: user_id = null: fill it, or leave the record out",
    ]
