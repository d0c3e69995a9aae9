"""Key files: one for each profile, for its owner's eyes only, there as a whole or not at all.

A file says which kind of profile it was made for, so that a key for real money is never tried out by mistake.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from haversack.cli.profile.config import Kind, Settings
from haversack.cli.space import trouble
from haversack.clock import secret_bytes
from haversack.credentials import Credentials, Secret
from haversack.errors import InvalidCredentials, MissingCredentials, UsageError

_KIND = re.compile(r"^HAVERSACK_KIND=(\w+)$", re.MULTILINE)
_PUBLIC = re.compile(r"^(?:export )?(?:BACKPACK_API_KEY|PUBLIC_KEY)=['\"]?([A-Za-z0-9+/=]+)", re.MULTILINE)
_FILE_BYTES_MAX = 16_384
_ASIDE_MAX = 100


class KeysUnusable(MissingCredentials):
    """The key file of a profile holds no keys that can be read; `hint` says what to do about it."""

    def __init__(self, text: str, hint: str) -> None:
        self.hint = hint
        super().__init__(text)


def load_keys(settings: Settings) -> Credentials | None:
    """The keys of a profile; None if it has no file. A file that others can read, or that is for the other kind, is refused."""
    path = Path(settings["key_file"])
    if not path.exists():
        return None
    try:
        keys = Credentials.from_file(path)
    except MissingCredentials as error:
        raise KeysUnusable(str(error), f"haversack init -p {settings.name} --replace puts it aside and stores others") from None
    kind = _KIND.search(_text(path))
    if kind is not None and kind[1] != settings.kind:
        raise InvalidCredentials(f"{path} holds keys of a {kind[1]} profile, and {settings.name} is a {settings.kind} profile")
    return keys


def public_key_in(path: Path) -> str | None:
    """The public half that stands in a key file; None if there is no such file, or nothing in it."""
    try:
        found = _PUBLIC.search(_text(path))
    except OSError:
        return None
    return None if found is None else found[1]


def new_secret() -> Secret:
    """One that nobody else has."""
    from base64 import b64encode

    return Secret(b64encode(secret_bytes(32)).decode())


def store_keys(path: Path, secret: Secret, kind: Kind, *, replace: bool = False) -> Credentials:
    """Write a key file that only its owner can read. One that is there is refused, or put aside if it is to be replaced."""
    keys = Credentials.from_secret(secret)
    part = path.with_name(f".{path.name}.{secret_bytes(8).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(part, f"HAVERSACK_KIND={kind}\nBACKPACK_API_KEY={keys.public_key}\nBACKPACK_API_SECRET={secret.reveal()}\n")
            if replace and path.exists():
                _put_aside(path)
            # A link and not a rename, because a rename would silently replace keys that another command stored just now.
            os.link(part, path)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise UsageError(f"{path} is there already: --replace puts it aside as {path.name}.old") from None
    except OSError as error:
        raise trouble(f"keys cannot be stored in {path}", path, error) from None
    return keys


def _put_aside(path: Path) -> None:
    """Rename a key file to one of its own: what was put aside before is kept, because nobody gives those keys a second time."""
    for number in range(1, _ASIDE_MAX + 1):
        aside = path.with_name(path.name + (".old" if number == 1 else f".old{number}"))
        try:
            os.link(path, aside)
        except FileExistsError:
            continue
        path.unlink()
        return
    raise UsageError(f"{path.name}.old to {path.name}.old{_ASIDE_MAX} are there already: remove some from {path.parent}")


def secret_from(names: Mapping[str, str]) -> Secret | None:
    """The secret that an environment holds, checked against the public key beside it; None if it holds none."""
    for public, secret in (("BACKPACK_API_KEY", "BACKPACK_API_SECRET"), ("PUBLIC_KEY", "SECRET_KEY")):
        if names.get(secret):
            found = Secret(names[secret])
            if names.get(public):
                Credentials(names[public], found)
            return found
    return None


def keys_of_environment(names: Mapping[str, str]) -> Credentials | None:
    """The keys that an environment holds; None if it holds none. Half a pair, and what is no key, is refused by its name."""
    try:
        secret = secret_from(names)
        if secret is not None:
            return Credentials.from_secret(secret)
    except InvalidCredentials as error:
        raise InvalidCredentials(f"{error} (in the environment)") from None
    if names.get("BACKPACK_API_KEY"):
        raise MissingCredentials("the environment has BACKPACK_API_KEY but not BACKPACK_API_SECRET: set both")
    return None


def secret_in_file(path: Path) -> Secret:
    """The secret of a file of lines NAME=value, which nobody else may be able to read."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}" if not path.exists() else f"{path} is no file")
    Credentials.from_file(path)
    lines = (line.strip().removeprefix("export ").partition("=") for line in _text(path).splitlines())
    found = secret_from({name.strip(): value.strip().strip("'\"") for name, equals, value in lines if equals})
    if found is None:
        raise MissingCredentials(f"{path} holds no secret")
    return found


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_FILE_BYTES_MAX).decode("utf-8", "replace")


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
