"""`socialrec erase` and `socialrec rotate-key`: commands that remove personal data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from socialrec.cli.options import HomeOption, JsonOption
from socialrec.display.terminal import console as terminal_console
from socialrec.display.visible import say
from socialrec.errors import UserError
from socialrec.settings import load_settings


def erase(
    users: Annotated[
        list[str] | None, typer.Argument(help="Users' ids as they landed; none: finish an interrupted erasure")
    ] = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Reason, for the record; do not name anybody")],
    file: Annotated[
        Path | None, typer.Option("--file", help="File with one user id per line; inside the home it is removed too")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be removed, remove nothing")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase users: from landing files to published lists, with a proof."""
    from socialrec.lake import Lake
    from socialrec.privacy.erasure.erase import erase as erased
    from socialrec.privacy.erasure.plan import people_to_erase
    from socialrec.tracking import connect

    settings = load_settings(home)
    ids, request = people_to_erase(settings, users or [], file)
    done = erased(settings, Lake(settings.lake), connect(settings), ids, reason, request=request, dry_run=dry_run)
    if as_json:
        print(json.dumps(done.document()))
        return
    console = terminal_console()
    for name, number in done.counts().items():
        console.print(f"{name.replace('_', ' '):<30} {number:>10,}")
    if done.models:
        console.print(f"trained on them, to be trained again: {', '.join(done.models)}")
    if done.proof:
        console.print(f"searched {sum(done.proof.n_files.values()):,} files: no trace of them is left")
        if done.proof.mentions:
            n = len(done.proof.mentions)
            console.print(f"texts of others name them in {n:,} files, such as {done.proof.mentions[0]}: these stay")
    if file and not request and not dry_run:
        console.print(f"{file} still names them: delete it")


def rotate_key(
    is_sure: Annotated[bool, typer.Option("--yes", help="Lists, exports and pages of past nights go")] = False,
    home: HomeOption = None,
) -> None:
    """Give all users new pseudonyms; the next night rebuilds the tables that depend on them."""
    from socialrec.lake import Lake
    from socialrec.privacy.erasure.rotation import rotate_identity_key

    settings = load_settings(home)
    if not is_sure:
        raise UserError("tables with pseudonyms, exports and pages of past nights are dropped: say --yes to do it")
    dropped = rotate_identity_key(settings, Lake(settings.lake))
    say(f"a new identity key; dropped {', '.join(dropped)}, exports and pages: run the newest night again")
