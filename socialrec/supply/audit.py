"""Known vulnerabilities of the locked dependencies, without those that a dated waiver allows for a while.

    python socialrec/supply/audit.py requirements.lock …

Runs pip-audit, which queries the Python registry. Ends with 1 where something is vulnerable or a waiver has expired,
and with 75 where the only fault is that some packages could not be looked up: an incomplete audit is never clean.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

CLEAN, AGAINST, COULD_NOT_LOOK = 0, 1, 75
"""Exit codes."""
WAIVERS = Path(__file__).with_name("waivers.toml")
REMEDY = "run `make audit` where the package index answers about vulnerabilities"
Report = Mapping[str, Any]
"""Output of pip-audit as JSON: `dependencies`, each with `vulns` or a `skip_reason`."""


@dataclass(frozen=True)
class Waiver:
    """Waiver that allows a vulnerability of a package up to and including a day."""

    id: str
    package: str
    until: date
    reason: str


class WrongWaiver(Exception):
    """Invalid waiver: id, package, day or reason is missing."""


class NotAudited(Exception):
    """Error: the service did not answer."""


def read_waivers(file: Path) -> list[Waiver]:
    """Read the waivers of a file, `[[waiver]]` each. Raises WrongWaiver naming the first invalid one."""
    waivers = []
    for number, fields in enumerate(tomllib.loads(file.read_text(encoding="utf-8")).get("waiver", ()), 1):
        try:
            waiver = Waiver(**fields)
        except TypeError:
            raise WrongWaiver(f"{file.name}, waiver {number}: it has id, package, until and reason") from None
        if type(waiver.until) is not date or not waiver.reason.strip():
            raise WrongWaiver(f"{file.name}, waiver {number}: until is a day such as 2027-01-31, reason is not empty")
        waivers.append(waiver)
    return waivers


def judge(report: Report, waivers: Sequence[Waiver], today: date) -> list[str]:
    """Vulnerabilities of the packages that were looked up, a line each; empty where there are none."""
    return [*_expired(waivers, today), *_vulnerable(report, waivers)]


def not_looked_up(report: Report) -> str | None:
    """Line about the packages that could not be looked up; None where all were."""
    skipped = [dependency["name"] for dependency in report["dependencies"] if "skip_reason" in dependency]
    if not skipped:
        return None
    names = f"{', '.join(skipped[:3])}{', …' if len(skipped) > 3 else ''}"
    return (
        f"could not look: {len(skipped)} of {len(report['dependencies'])} packages are unknown to the vulnerability "
        f"service that answers here ({names}); {REMEDY}"
    )


def _expired(waivers: Sequence[Waiver], today: date) -> Iterator[str]:
    for waiver in waivers:
        if waiver.until < today:
            yield f"waiver expired on {waiver.until}: {waiver.package} {waiver.id} ({waiver.reason})"


def _vulnerable(report: Report, waivers: Sequence[Waiver]) -> Iterator[str]:
    waived = {(waiver.package, waiver.id) for waiver in waivers}
    for dependency in report["dependencies"]:
        for found in dependency.get("vulns", ()):
            ids = (found["id"], *found.get("aliases", ()))
            if not any((dependency["name"], each) in waived for each in ids):
                mended = ", ".join(found["fix_versions"]) or "nothing yet"
                yield f"{dependency['name']} {dependency['version']}: {' '.join(ids)}, mended in {mended}"


def ask(lock: str) -> Report:
    """Run pip-audit on a file. Raises NotAudited where it gives no answer.

    One file per call, because pip-audit does not mix files with and without hashes.
    """
    options = ("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "15")
    command = [sys.executable, "-m", "pip_audit", *options, "--requirement", lock]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: Report = json.loads(answer.stdout)
    except ValueError:
        last = (answer.stderr.strip().splitlines() or ["no word from pip-audit"])[-1]
        raise NotAudited(f"could not look: no vulnerability service answers ({last[:200]}); {REMEDY}") from None
    return report


def main(locks: Sequence[str]) -> int:
    """Print the vulnerabilities of these files' packages; returns the exit code."""
    try:
        waivers = read_waivers(WAIVERS)
        report = {"dependencies": [each for lock in locks for each in ask(lock)["dependencies"]]}
    except (WrongWaiver, NotAudited) as problem:
        print(problem, file=sys.stderr)
        return COULD_NOT_LOOK if isinstance(problem, NotAudited) else AGAINST
    against = judge(report, waivers, datetime.now(UTC).date())
    for line in dict.fromkeys(against):
        print(line, file=sys.stderr)
    if unknown := not_looked_up(report):
        print(unknown, file=sys.stderr)
    else:
        print(f"{len(report['dependencies'])} packages looked at, {len(waivers)} waivers")
    return AGAINST if against else COULD_NOT_LOOK if unknown else CLEAN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
