"""Landing folder: its days, their files, and changes of their content."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from socialrec.contracts.columns import DAY_PATTERN
from socialrec.contracts.landing import FILE_FORMATS, PICTURE_FOLDER
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.landing.opening import open_packed, require_file, require_no_link
from socialrec.settings.etl import PlatformSettings

UTF_8 = "utf-8"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Pattern of a platform's name."""
_FILE_NAME = re.compile(
    rf"({'|'.join(Entity)})(?:-[A-Za-z0-9._-]+)?\.({'|'.join(re.escape(form) for form in FILE_FORMATS)})"
)
_REMEDY = "run `socialrec import demo` or deliver files to <landing>/<platform>/<day>/"


@dataclass(frozen=True)
class LandingFile:
    """One delivered file. `format` is parquet, jsonl or csv; text files may be gzipped, and have an encoding.

    target: the path of its bytes, for a file that is checked as if it were at `path`. seen: its identity, size and
    modification time when it was listed.
    """

    path: Path
    entity: Entity
    format: str
    encoding: str = UTF_8
    target: Path | None = field(default=None, compare=False)
    seen: tuple[int, ...] = field(default=(), compare=False)

    @property
    def opened(self) -> Path:
        """The path to open."""
        return self.target or self.path

    def state(self) -> tuple[int, ...]:
        """Current identity, size and modification time of the file, without following links; None where it is gone."""
        try:
            status = os.lstat(self.opened)
        except OSError:
            return ()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    @property
    def is_as_seen(self) -> bool:
        """Check if the file was neither written nor replaced since it was listed."""
        return self.state() == self.seen

    @property
    def name(self) -> str:
        """`<platform>/<day>/<file>`: what `source_file` holds."""
        return "/".join(self.path.parts[-3:])

    @property
    def platform(self) -> str:
        """The platform that delivered it."""
        return self.path.parts[-3]


@dataclass(frozen=True)
class LandingDay:
    """Files of one day, of all platforms. `settings` are the non-default settings of its platforms, as text."""

    ds: str
    files: tuple[LandingFile, ...]
    settings: str = ""

    @property
    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(file.path.stat().st_size for file in self.files)

    def without(self, files: Container[LandingFile]) -> LandingDay:
        """The same day without some of its files."""
        return replace(self, files=tuple(file for file in self.files if file not in files))

    def stamp(self) -> str:
        """Token that changes with a file's name, size, modification time or reading settings; cheap to compute."""
        facts = [(file.name, (status := file.path.stat()).st_size, status.st_mtime_ns) for file in self.files]
        return _short_hash(f"{facts!r}{self.settings}")

    def content(self) -> str:
        """Hash that changes only with a file's name, content or reading settings; reads every file."""
        facts = []
        for file in self.files:
            with open_packed(file.opened) as handle:
                facts.append((file.name, hashlib.file_digest(handle, "sha256").hexdigest()))
        return _short_hash(f"{facts!r}{self.settings}")


def find_days(
    landing: Path,
    until: str,
    platforms: Mapping[str, PlatformSettings] = MappingProxyType({}),
    *,
    follow: bool = False,
) -> list[LandingDay]:
    """Find landing days up to `until`, oldest first, each with its files by name.

    platforms: settings by platform, which decide how files are read. follow: files are our own links, which are
    followed.

    Names that begin with a dot or an underscore are uploads under way, and are left out. Raises UserError where the
    landing folder is missing or empty, where a folder or file has an unknown name, and where one is a link, a
    pipe or a device. The landing folder itself may be a link: only this account can make it one.
    """
    if not landing.is_dir():
        raise UserError(f"no landing folder {landing}: {_REMEDY}")
    found: dict[str, list[LandingFile]] = {}
    for platform in _visible(landing):
        require_no_link(platform)
        if platform.is_dir():
            for day in _day_folders(platform):
                files = _files(day, platforms, follow=follow) if day.name <= until else ()
                found.setdefault(day.name, []).extend(files)
    if not found:
        raise UserError(f"nothing has landed in {landing}: {_REMEDY}")
    return [
        LandingDay(ds, tuple(sorted(files, key=lambda file: file.name)), _settings_of(files, platforms))
        for ds, files in sorted(found.items())
        if ds <= until
    ]


def settled_days(
    days: Iterable[LandingDay], waiting: Container[LandingFile], in_bronze: Container[str]
) -> list[LandingDay]:
    """Remove files that still change, and days that have no other.

    A day that bronze already has waits as a whole, because a part of it would replace its rows.
    """
    settled: list[LandingDay] = []
    for day in days:
        rest = day.without(waiting)
        if rest == day or (rest.files and day.ds not in in_bronze):
            settled.append(rest)
    return settled


def require_day(landing: Path, arrived: Container[str], ds: str, waiting: Iterable[LandingFile] = ()) -> None:
    """Raise UserError where the night's own landing day is missing.

    waiting: files that still change, as those of a day may all do.
    """
    if ds not in arrived:
        if changing := [file.name for file in waiting if file.path.parent.name == ds]:
            raise UserError(f"{', '.join(changing)} changed while being read: run again when the day is whole")
        raise UserError(
            f"no landing day {landing}/*/{ds}: deliver it and run again, or set etl.require_landing_day = false to "
            "work with what is there"
        )


def require_as_seen(days: Iterable[LandingDay]) -> None:
    """Raise UserError where a file was written or replaced since it was listed."""
    for day in days:
        for file in day.files:
            if not file.is_as_seen:
                raise UserError(f"{file.path} changed while it was read: run again when it is whole")


def _day_folders(platform: Path) -> Iterator[Path]:
    if not SAFE_NAME.fullmatch(platform.name):
        raise UserError(f"{platform}: a platform's name holds letters, digits, '.', '_', '-' only; rename it")
    for day in _visible(platform):
        require_no_link(day)
        if day.is_dir():
            if not is_day(day.name):
                raise UserError(f"{day}: a day's folder is named YYYY-MM-DD, such as 2026-01-31; rename the folder")
            yield day


def _settings_of(files: Sequence[LandingFile], platforms: Mapping[str, PlatformSettings]) -> str:
    """Non-default settings of the files' platforms, in a fixed order; empty where there are none."""
    own = {file.platform: platforms[file.platform] for file in files if file.platform in platforms}
    said = {name: one.model_dump(mode="json", exclude_defaults=True) for name, one in own.items()}
    said = {name: one for name, one in said.items() if one}
    return json.dumps(said, sort_keys=True) if said else ""


def _files(day: Path, platforms: Mapping[str, PlatformSettings], *, follow: bool) -> Iterator[LandingFile]:
    for file in _visible(day):
        if file.name == PICTURE_FOLDER:
            require_no_link(file)
            continue
        match = _FILE_NAME.fullmatch(file.name)
        if not match:
            raise UserError(
                f"{file}: not a landing file; files are named <entity>.<format> or <entity>-<anything>.<format>, "
                f"entities: {', '.join(Entity)}, formats: {', '.join(FILE_FORMATS)}; "
                f"pictures lie in a folder {PICTURE_FOLDER}"
            )
        entity = Entity(match[1])
        settings = platforms.get(day.parent.name)
        encoding = settings.encodings.get(entity, UTF_8) if settings else UTF_8
        target = file.resolve() if follow else None
        require_file(target or file)
        listed = LandingFile(file, entity, match[2].removesuffix(".gz"), encoding, target)
        yield replace(listed, seen=listed.state())


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_")))


def is_day(name: str) -> bool:
    """Check if a folder's name is that of a landing day."""
    try:
        return bool(DAY_PATTERN.fullmatch(name)) and bool(date.fromisoformat(name))
    except ValueError:
        return False


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
