"""Rotation of the identity key: all pseudonyms change, and dependent tables are rebuilt from bronze."""

from __future__ import annotations

import secrets
import shutil

from socialrec.contracts import TABLES
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.privacy.erasure.erase import require_quiet
from socialrec.privacy.erasure.plan import read_plan
from socialrec.privacy.erasure.tables import KEY_COLUMNS
from socialrec.privacy.pseudonyms import KEY_BYTES, KEY_FILE
from socialrec.settings import Settings
from socialrec.settings.secret_files import write_secret


def rotate_identity_key(settings: Settings, lake: Lake) -> list[str]:
    """Make a new key; drop every table with pseudonyms, exports and reports; returns the tables' names.

    The next night builds silver and gold again from bronze, for its own day. Tombstones have another key and stay. An
    interrupted rotation is simply started again. Raises UserError while a job writes, or an erasure waits to be
    finished.
    """
    require_quiet(lake)
    if read_plan(settings.secrets) is not None:
        raise UserError("an erasure was interrupted: finish it first with `socialrec erase --reason …`")
    dropped = [table for table in TABLES.values() if {column.name for column in table.columns} & set(KEY_COLUMNS)]
    for table in dropped:
        lake.drop(table)
    for folder in (settings.export, settings.reports):
        shutil.rmtree(folder, ignore_errors=True)
    write_secret(settings.secrets / KEY_FILE, secrets.token_hex(KEY_BYTES))
    return [table.name for table in dropped]
