"""Keys and passwords: made once, for their owner alone, the same for everybody who asks."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import sys

from cryptography.fernet import Fernet

from socialrec.local_stack.secrets import USER, password, password_file, signing_key
from socialrec.settings import Settings


def test_secrets_are_readable_by_their_owner_alone(settings: Settings) -> None:
    password(settings)
    signing_key(settings, "a.key", 64)
    assert stat.S_IMODE(settings.secrets.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in settings.secrets.iterdir()}
    assert modes == {"airflow_passwords.json": 0o600, "a.key": 0o600}


def test_secrets_are_made_once_and_differ_from_each_other(settings: Settings) -> None:
    assert password(settings) == password(settings)
    first, second = (signing_key(settings, name, 32) for name in ("a.key", "b.key"))
    assert first != second
    assert signing_key(settings, "a.key", 32) == first


def test_the_password_file_is_what_airflow_reads(settings: Settings) -> None:
    content = json.loads(password_file(settings).read_text())
    assert content == {USER: password(settings)}
    assert len(content[USER]) >= 16


def test_a_key_has_the_length_it_is_for(settings: Settings) -> None:
    Fernet(signing_key(settings, "fernet.key", 32))
    assert len(base64.urlsafe_b64decode(signing_key(settings, "hmac.key", 64))) == 64


ASK = """
import pathlib, sys, time
from socialrec.local_stack.secrets import password, signing_key
from socialrec.settings import load_settings
settings = load_settings(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
print(password(settings), signing_key(settings, "a.key", 32))
"""


def test_processes_that_make_a_secret_at_once_agree_on_it(settings: Settings) -> None:
    command = [sys.executable, "-c", ASK, str(settings.home)]
    asked = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(4)
    ]
    for process in asked:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in asked:
        assert process.stdin is not None
        process.stdin.close()
    told = {process.stdout.read() for process in asked if process.stdout is not None}
    assert told == {f"{password(settings)} {signing_key(settings, 'a.key', 32)}\n"}
    assert [process.wait() for process in asked] == [0, 0, 0, 0]
    assert sorted(file.name for file in settings.secrets.iterdir()) == ["a.key", "airflow_passwords.json"]
