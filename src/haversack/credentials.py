"""Keys: from arguments, from the environment, from a `.env` file or from a signer that lives elsewhere.

The secret is turned into a signing function at once and kept nowhere else, so that no repr, log, pickle or traceback can show it.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_seed_keypair, crypto_sign_SEEDBYTES

from haversack.clock import secret_bytes
from haversack.errors import InvalidCredentials, MissingCredentials

_NAMES = (("BACKPACK_API_KEY", "BACKPACK_API_SECRET"), ("PUBLIC_KEY", "SECRET_KEY"))


class Secret:
    """A text that does not show itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; keep it in no variable that could end up in a traceback."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


class Credentials:
    """A key pair for the exchange: a public key that names you, and the power to sign.

    `Credentials(public_key, secret)` takes base64 of 32 bytes each, and checks that they belong together.
    """

    __slots__ = ("_public_key", "_sign")

    def __init__(self, public_key: str, secret: Secret | str) -> None:
        # The name is bound anew, so that a traceback that shows the variables of this function shows no secret.
        secret = secret if isinstance(secret, Secret) else Secret(secret)
        derived, sign = _key_pair(secret)
        given = public_key.strip()
        if given != derived:
            raise InvalidCredentials(f"the secret belongs to the public key {derived}, not to {given}: check both")
        self._public_key = derived
        self._sign = sign

    @classmethod
    def from_secret(cls, secret: Secret | str) -> Credentials:
        """Both halves from the secret alone, base64 of 32 bytes."""
        secret = secret if isinstance(secret, Secret) else Secret(secret)
        return cls.from_signer(*_key_pair(secret))

    @classmethod
    def from_signer(cls, public_key: str, sign: Callable[[bytes], bytes]) -> Credentials:
        """Keys whose secret half lives elsewhere: `sign` returns the 64 bytes of an ED25519 signature."""
        made = cls.__new__(cls)
        made._public_key = public_key
        made._sign = sign
        return made

    @classmethod
    def generate(cls) -> Credentials:
        """A new key pair that exists in this process only: good for the local exchange."""
        return cls.from_secret(Secret(b64encode(secret_bytes(crypto_sign_SEEDBYTES)).decode()))

    @classmethod
    def from_env(cls) -> Credentials:
        """BACKPACK_API_KEY and BACKPACK_API_SECRET, or PUBLIC_KEY and SECRET_KEY, of the environment."""
        return cls._from_mapping(os.environ, "the environment")

    @classmethod
    def from_file(cls, path: str | Path = ".env") -> Credentials:
        """The same names from lines `NAME=value` of a file that nobody else can read; the environment is left alone."""
        return cls._from_mapping(_read_lines(Path(path)), str(path))

    @classmethod
    def _from_mapping(cls, names: Mapping[str, str], where: str) -> Credentials:
        for public_name, secret_name in _NAMES:
            has_public, has_secret = bool(names.get(public_name)), bool(names.get(secret_name))
            if has_public and has_secret:
                return cls(names[public_name], Secret(names[secret_name]))
            if has_public or has_secret:
                found, missing = (public_name, secret_name) if has_public else (secret_name, public_name)
                raise MissingCredentials(f"{where} has {found} but not {missing}: set both")
        wanted = " or ".join(f"{public_name} and {secret_name}" for public_name, secret_name in _NAMES)
        raise MissingCredentials(f"{where} has no keys: set {wanted}")

    @property
    def public_key(self) -> str:
        """Base64 of the verifying key, which names the account."""
        return self._public_key

    @property
    def sign(self) -> Callable[[bytes], bytes]:
        """Makes the 64 bytes of the ED25519 signature of a message."""
        return self._sign

    def __repr__(self) -> str:
        # A traceback may show one that is only half made.
        return f"Credentials(public_key={getattr(self, '_public_key', None)!r}, secret=***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials cannot be pickled or copied: make them anew where they are needed")


class _Bytes(bytes):
    """Bytes that do not show themselves, also not among the variables of another library's function."""

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


def _key_pair(secret: Secret) -> tuple[str, Callable[[bytes], bytes]]:
    seed = _seed_of(secret)
    if seed is None:
        raise InvalidCredentials(f"the secret must be base64 of {crypto_sign_SEEDBYTES} bytes; what was given is not")
    public, private = map(_Bytes, crypto_sign_seed_keypair(seed))

    def sign(message: bytes) -> bytes:
        return crypto_sign(message, private)[:crypto_sign_BYTES]

    return b64encode(public).decode(), sign


def _seed_of(secret: Secret) -> _Bytes | None:
    try:
        seed = _Bytes(b64decode(secret.reveal().strip(), validate=True))
    except (Base64Error, ValueError):
        return None
    return seed if len(seed) == crypto_sign_SEEDBYTES else None


def _refuse_readable_by_others(path: Path) -> None:
    # Only POSIX systems say so in the mode; elsewhere access is a matter of lists that the mode does not show.
    mode = path.stat().st_mode & 0o777
    if os.name == "posix" and mode & 0o077:
        raise InvalidCredentials(f"{path} can be read by other users (mode {mode:o}): run chmod 600 {path}")


def _read_lines(path: Path) -> dict[str, str]:
    try:
        _refuse_readable_by_others(path)
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MissingCredentials(f"cannot read keys from {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MissingCredentials(f"cannot read keys from {path}: it is not a text file") from None
    pairs = (line.removeprefix("export ").partition("=") for line in map(str.strip, text.splitlines()))
    return {name.strip(): value.strip().strip("'\"") for name, found, value in pairs if found and name[:1] != "#"}
