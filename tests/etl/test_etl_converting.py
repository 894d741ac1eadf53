"""Exports of spreadsheets and databases, as landing files."""

from pathlib import Path

import pytest

from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.check.converting import convert_file, guess_file, target_of
from socialrec.etl.landing.files import LandingFile


def export(folder: Path, name: str, text: str, encoding: str = "utf-8") -> LandingFile:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode(encoding))
    return LandingFile(file, Entity(name.partition(".")[0]), "csv")


def converted(file: LandingFile) -> tuple[list[str], str]:
    """What is said of a file, and what it becomes."""
    guess = guess_file(file)
    target = file.path.parent / "into" / file.path.name
    convert_file(guess, target)
    return list(guess.lines()), target.read_text(encoding="utf-8")


def test_a_spreadsheet_of_prices_becomes_products(tmp_path: Path) -> None:
    text = (
        'Product ID;Title;Price;Active;Colour\r\n007;Red kite;"1.299,50 €";Ja;red\r\n8;"Kettle; steel";19,99;nein;\r\n'
    )
    said, written = converted(export(tmp_path, "products.csv", text, "utf-16"))
    assert written == "product_id,title,price_cents,is_active\n007,Red kite,129950,true\n8,Kettle; steel,1999,false\n"
    assert said == [
        "encoding utf-16, to UTF-8", "semicolons between the columns, to commas", "Product ID as product_id",
        "Title as title", "Price as price_cents: amounts with a decimal comma, times 100",
        "Active as is_active: yes and no", "left out: Colour",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("times", "said", "first"),
    [
        (("20.11.2026 10:00", "01.02.2026"), "times with the day first, as UTC", "2026-11-20T10:00:00"),
        (("11/20/2026 9:05:01", "1/2/2026"), "times with the month first, as UTC", "2026-11-20T09:05:01"),
        (("20/11/2026", "1/2/2026"), "times with slashes and the day first, as UTC", "2026-11-20T00:00:00"),
        (("1795168800000", "1795168800001"), "", "1795168800000"),
        (("2026-11-20T10:00Z", ""), "", "2026-11-20T10:00Z"),
        (("1/2/2026", "3/4/2026"), "left as it is: day or month may be first; write times as 2026-01-31T09:00:00Z",
         "1/2/2026"),
    ],
)  # fmt: skip
def test_times_are_told_by_all_values_of_their_column(
    tmp_path: Path, times: tuple[str, str], said: str, first: str
) -> None:
    text = "event_id,user_id,product_id,event_type,event_ts\n" + "".join(f"e,u,p,VIEW,{time}\n" for time in times)
    lines, written = converted(export(tmp_path, "interactions.csv", text))
    assert lines == ["event_type: to small letters", *([f"event_ts: {said}"] if said else [])]
    assert written.splitlines()[1] == f"e,u,p,view,{first}"


def test_what_does_not_fit_stays_for_ingest_to_judge(tmp_path: Path) -> None:
    rows = "c1,u,p,fine,\n" * 999 + "c2,u,p,so so,4.5\n" + 'c3,u,p,"bad",worst\nc4,u\n'
    _, written = converted(export(tmp_path, "comments.csv", f"comment_id,user_id,product_id,text,stars\n{rows}"))
    assert written.splitlines()[-3:] == ["c2,u,p,so so,4.5", "c3,u,p,bad,worst", "c4,u"]


def test_a_file_that_lacks_a_column_or_is_there_already_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"products.csv: no column looks like title; its header is: sku, weight"):
        guess_file(export(tmp_path, "products.csv", "sku,weight\n1,2\n"))
    guess = guess_file(export(tmp_path / "shop", "products.csv", "sku,name\n1,Kite\n"))
    assert target_of(guess, tmp_path / "shop", tmp_path / "into") == tmp_path / "into" / "products.csv"
    with pytest.raises(UserError, match=r"products.csv is there already: name another folder with --into"):
        target_of(guess, tmp_path / "shop", tmp_path / "shop")


def test_an_odd_record_never_becomes_a_whole_one_of_other_columns(tmp_path: Path) -> None:
    text = "product_id,colour,title\np1,red,Kite\np2,Kettle\n"
    _, written = converted(export(tmp_path, "products.csv", text))
    assert written.splitlines()[1:] == ["p1,Kite", "p2,Kettle,"]


def test_a_quote_that_does_not_close_stops_a_conversion_with_its_line_and_leaves_nothing(tmp_path: Path) -> None:
    rows = "".join(f"p{n};Kite\n" for n in range(2_000))
    guess = guess_file(export(tmp_path, "products.csv", f'product_id;title\n{rows}p;"Kettle\n{rows}'))
    with pytest.raises(UserError, match=r"products.csv: the record at line 2002 cannot be read"):
        convert_file(guess, tmp_path / "into" / "products.csv")
    assert not any((tmp_path / "into").iterdir())


def test_rows_of_empty_cells_are_records_and_stay(tmp_path: Path) -> None:
    _, written = converted(export(tmp_path, "products.csv", "product_id;title\n1;Kite\n;\n\n"))
    assert written == "product_id,title\n1,Kite\n,\n"


def test_bytes_that_fit_no_encoding_are_named(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_bytes(b"product_id,title\n1,Caf\xe9\n2,\x81\x8d\n")
    with pytest.raises(UserError, match=r"products.csv: the record at line \d+ cannot be read"):
        guess_file(LandingFile(file, Entity.PRODUCTS, "csv"))
