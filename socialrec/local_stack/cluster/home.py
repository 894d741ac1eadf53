"""Home in which a cluster on this machine repeats a home's night, and comparison of both nights."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from socialrec.contracts import TABLES
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.integrity.content import content_of_all_runs, require_same
from socialrec.local_stack.environment import REPOSITORY
from socialrec.privacy.pseudonyms import KEY_FILE, identity_key
from socialrec.settings import ENV_PREFIX, Settings, load_settings
from socialrec.settings.secret_files import kept

FOLDER = "cluster"
SETTINGS_FILE = REPOSITORY / "docker" / "cluster.env"
HERE = {f"{ENV_PREFIX}CLUSTER__IS_HERE": "true"}


def cluster_home(settings: Settings) -> Settings:
    """Settings of `<home>/cluster`: the same landing files, pseudonyms and settings, except for the cluster's
    addresses.

    The settings of the cluster become variables of this environment, which every process started from here inherits;
    those that a person set stay.
    """
    home = settings.home / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "landing").is_symlink():
        (home / "landing").symlink_to(settings.landing, target_is_directory=True)
    key = identity_key(settings.secrets).hex()
    if kept(home / "secrets" / KEY_FILE, lambda: key) != key:
        raise UserError(f"{home} makes pseudonyms with another key than {settings.home}: delete {home}")
    file = settings.home / "settings.toml"
    if file.exists():
        shutil.copyfile(file, home / "settings.toml")
    for name, value in (read_variables(SETTINGS_FILE) | HERE).items():
        os.environ.setdefault(name, value)
    return load_settings(home)


def read_variables(file: Path) -> dict[str, str]:
    """Read lines `NAME=value` of an env file as compose does; lines that begin with `#` are comments."""
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def compare(here: Settings, there: Settings) -> dict[str, int]:
    """Compare two homes' lakes; returns rows by table. Raises UserError that lists the tables that differ."""
    ours, theirs = (Lake(home.lake) for home in (here, there))
    found = (
        (table, content_of_all_runs(table, ours.files(table)), content_of_all_runs(table, theirs.files(table)))
        for table in TABLES.values()
    )
    return require_same(found, str(here.home), str(there.home))
