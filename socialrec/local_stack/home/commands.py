"""Commands that a person can type next, as they work in the current folder."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from socialrec.settings import DEFAULT_HOME, HOME_VARIABLE, Settings

MAKES_A_RUN = "/socialrec run"
"""Line of a Makefile with a target that runs a night."""


@dataclass(frozen=True)
class RunCommand:
    """Command that runs a night of one home: `make` where the current folder has this project's Makefile, else
    `socialrec`.

    home: None for the default home of the current folder, which needs no name. program: None with `make`. ds: the
    landing day, None for the newest.
    """

    home: Path | None
    program: str | None
    ds: str | None = None

    @classmethod
    def here(cls, settings: Settings, ds: str | None = None) -> RunCommand:
        """Make the command for the home of these settings, as typed in the current folder."""
        elsewhere = os.environ.get(HOME_VARIABLE)
        is_default = settings.home == Path(DEFAULT_HOME).resolve() and not elsewhere
        return cls(None if is_default else settings.home, None if _has_makefile() else _program(), ds)

    def text(self, *, model: str | None = None) -> str:
        """Command line to type, with a registered version of the model where given."""
        home = shlex.quote(str(self.home)) if self.home else ""
        if self.program is None:
            words = [f"{HOME_VARIABLE}={home}" if home else "", "make run"]
            words += [f"DAY={self.ds}" if self.ds else "", f"MODEL={model}" if model else ""]
        else:
            words = [self.program, "run", f"--home {home}" if home else ""]
            words += [f"--ds {self.ds}" if self.ds else "", f"--model-version {model}" if model else ""]
        return " ".join(filter(None, words))


def _has_makefile() -> bool:
    try:
        return MAKES_A_RUN in Path("Makefile").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _program() -> str:
    """Name of this program where the shell finds it, else its path."""
    typed, found = Path(sys.argv[0]), shutil.which("socialrec")
    if typed.name != "socialrec" or not typed.exists() or (found and typed.samefile(found)):
        return "socialrec"
    return shlex.quote(str(typed))
