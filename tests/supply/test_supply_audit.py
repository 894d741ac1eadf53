"""The audit of the dependencies: what it refuses, what a waiver lets through, and that silence is never consent."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from socialrec.supply import audit

TODAY = date(2026, 11, 25)


def report(*vulnerable: str, skipped: tuple[str, ...] = ()) -> dict[str, Any]:
    """Packages `safe`, `vulnerable` and `skipped`, as pip-audit prints them."""
    found = {"id": "PYSEC-2026-7", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"], "description": "bad"}
    return {
        "dependencies": [
            {"name": "safe", "version": "2.0", "vulns": []},
            *({"name": name, "version": "1.0", "vulns": [found]} for name in vulnerable),
            *({"name": name, "skip_reason": "not found on the registry"} for name in skipped),
        ],
        "fixes": [],
    }


def waivers(tmp_path: Path, text: str) -> list[Any]:
    file = tmp_path / "waivers.toml"
    file.write_text(text, encoding="utf-8")
    found: list[Any] = audit.read_waivers(file)
    return found


def waiver(until: str, id: str = "CVE-2026-1") -> str:
    return f'[[waiver]]\nid = "{id}"\npackage = "leaky"\nuntil = {until}\nreason = "we do not call it"\n'


def test_without_vulnerabilities_nothing_speaks_against_the_lock() -> None:
    assert audit.judge(report(), [], TODAY) == []


def test_a_vulnerability_is_named_with_its_ids_and_what_mends_it() -> None:
    assert audit.judge(report("leaky"), [], TODAY) == ["leaky 1.0: PYSEC-2026-7 CVE-2026-1, mended in 1.1"]


@pytest.mark.parametrize("id", ["PYSEC-2026-7", "CVE-2026-1"])
def test_a_waiver_lets_its_own_vulnerability_through_up_to_its_day(tmp_path: Path, id: str) -> None:
    given = waivers(tmp_path, waiver("2026-11-25", id))
    assert audit.judge(report("leaky"), given, TODAY) == []
    assert len(audit.judge(report("leaky", "other"), given, TODAY)) == 1


def test_an_expired_waiver_fails_even_where_nothing_is_vulnerable_any_more(tmp_path: Path) -> None:
    given = waivers(tmp_path, waiver("2026-11-24"))
    expected = "waiver expired on 2026-11-24: leaky CVE-2026-1 (we do not call it)"
    assert audit.judge(report(), given, TODAY) == [expected]


def test_packages_that_could_not_be_looked_up_are_never_clean() -> None:
    line = audit.not_looked_up(report(skipped=("ghost",)))
    assert line is not None
    assert line.startswith("could not look: 1 of 2 packages are unknown to the vulnerability service that answers here")
    assert "(ghost)" in line
    assert audit.not_looked_up(report()) is None


def test_what_was_looked_up_is_judged_beside_what_was_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "ask", lambda lock: report("leaky", skipped=("ghost",)))
    assert audit.main(["requirements.lock"]) == audit.AGAINST
    first, second = capsys.readouterr().err.splitlines()[-2:]
    assert (first[:9], second[:14]) == ("leaky 1.0", "could not look")


def test_where_no_service_knows_the_packages_one_line_says_that_nobody_looked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "ask", lambda lock: {"dependencies": report(skipped=("a", "b"))["dependencies"][1:]})
    assert audit.main(["requirements.lock"]) == audit.COULD_NOT_LOOK
    told = capsys.readouterr()
    [line] = told.err.splitlines()
    assert line.startswith("could not look: 2 of 2 packages")
    assert told.out == ""


@pytest.mark.parametrize(
    "text",
    ['[[waiver]]\nid = "x"\n', waiver('"soon"'), waiver("2026-11-25").replace("we do not call it", " ")],
)
def test_a_waiver_that_is_not_whole_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(audit.WrongWaiver, match=r"waivers\.toml, waiver 1"):
        waivers(tmp_path, text)


def test_a_service_that_does_not_answer_fails_the_audit_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit.sys, "executable", "/bin/false")
    assert audit.main(["requirements.lock"]) == audit.COULD_NOT_LOOK
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "could not look: no vulnerability service answers (no word from pip-audit); run `make audit`"
    )


def test_the_waivers_of_this_project_are_whole() -> None:
    assert all(len(waiver.reason) > 10 for waiver in audit.read_waivers(audit.WAIVERS))
