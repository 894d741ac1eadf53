"""Names from outside as people are shown them, and the doors that show them."""

from __future__ import annotations

import io
import logging
import re
import sys
from pathlib import Path

import pytest
from rich.text import Text

import socialrec
from socialrec.display import visible as shown
from socialrec.display.terminal import console
from socialrec.errors import UserError
from socialrec.runtime.job import VisibleFormatter, configure_logging, guarded

STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ATTACKS = {
    "colour": "\x1b[31mred\x1b[0m",
    "title of the window": "\x1b]0;owned\x07",
    "C1": "\x9b31mred",
    "back to the start": "kite\rfake",
    "other direction": "invoice\u202egpj.exe",
    "isolate": "\u2066x\u2069",
    "nothing between letters": "ad\u200bmin\u200d!",
    "half a pair": "a\ud800b",
    "invisible word": "kite\U000e0041\U000e0042",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_is_hidden_or_steers_is_written_out(attack: str) -> None:
    said = shown.visible(attack)
    assert not STEERS.search(said)
    assert said.encode("utf-8")
    assert said.isprintable()


@pytest.mark.parametrize(
    "text",
    ["红色风筝", "👨‍👩‍👧‍👦 ❤️‍🔥 👍🏽", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "طائرة ورقية حمراء", "می‌خواهم", "क्‍ष", "ภาษา​ไทย", "Ünïcödé ½ €"],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert shown.visible(text) == text


def test_a_label_is_one_line_never_empty_and_cut() -> None:
    assert shown.label("red\nkite") == r"red\nkite"
    assert shown.label("") == shown.label(" ") == "(empty)"
    assert shown.label("x" * 10_000) == "x" * 59 + "…"
    assert shown.plot_label(r"$\frac{$") == r"\$\frac{\$"


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://evil.example/x)",
        "[all is well](https://evil.example)",
        "<img src=x>",
        r"\[x](y)",
        r"\\[x](y)",
        "[x]: y",
    ],
)
def test_markdown_finds_no_link_no_picture_and_no_html(text: str) -> None:
    plain = shown.plain_markdown(text)
    assert re.sub(r"\\(.)", r"\1", plain) == text
    assert not re.search(r"[\[<]", re.sub(r"\\.", "", plain))


def test_of_many_names_the_first_are_shown_and_the_rest_is_counted() -> None:
    assert shown.named([f"t{n}" for n in range(10_000)], 3) == "t0, t1, t2, and 9,997 more"
    assert shown.first_values({"a": 1, "b": 2, "c": 3}, 2) == [("a", 1), ("and 2 more", 5)]
    assert shown.first_values({"a": 1, "b": 2}, 2) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_console_with_colours_of_its_own_takes_none_from_a_text(attack: str) -> None:
    out = io.StringIO()
    screen = console(file=out, force_terminal=True, color_system="standard")
    screen.print(Text(attack, style="bold"))
    screen.print(attack, markup=False)
    own = re.sub("\x1b\\[(0|1)m", "", out.getvalue())
    assert "\x1b[1m" in out.getvalue()
    assert not STEERS.search(own)


def test_an_error_is_one_line_whatever_a_file_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> int:
        raise UserError("products\nerror: all is well\x1b[2K.csv is damaged")

    assert guarded(main) == 2
    assert capsys.readouterr().err == "error: products\\nerror: all is well\\x1b[2K.csv is damaged\n"


def test_a_message_begins_no_line_of_a_log_and_a_traceback_stays_readable() -> None:
    try:
        int("\x1b[31mred")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "a\nERROR y: %s", ("\u202e",), sys.exc_info())
    first, *traceback = VisibleFormatter("%(levelname)s %(name)s: %(message)s").format(record).splitlines()
    assert first == r"ERROR x: a\nERROR y: \u202e"
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "ValueError: invalid literal for int() with base 10: '\\x1b[31mred'"


def test_a_value_forges_no_line_of_a_jobs_log(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging().info("read\n00:00:00 [info] forged", file="a\x1b[31m\nb")
    [line] = capsys.readouterr().err.splitlines()
    assert not STEERS.search(line)
    assert r"read\n00:00:00" in line


def test_nothing_else_prints_for_people() -> None:
    """JSON escapes what it holds; all other output goes through a door."""
    doors = {"visible.py", "supervisor.py", "audit.py", "page.py", "encoding.py"}
    found = {
        f"{file.name}: {line.strip()}"
        for file in Path(socialrec.__file__).parent.rglob("*.py")
        if not {"bench", "benchmarks"} & set(file.parts) and file.name not in doors
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?<![\w.])print\((?!json\.|lines\()|(?<!Visible)\bConsole\(\w*=", line)
    }
    assert found == {'main.py: print(f"socialrec {__version__}")'}
