"""Watches the whole test run: no secret and no signature may reach a log, the screen, a traceback or a file.

Every secret that is made and every signature is remembered; whatever a test leaves behind is searched for them. A test that has
to write a key down itself says so: `@pytest.mark.writes_secrets`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

from haversack.credentials import Secret
from haversack.signing import Signer

_CANDIDATES = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_FILE_BYTES_MAX = 4_000_000


class Canary:
    """Remembers what must not be seen, and finds it."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._signatures: set[str] = set()
        self.seen: list[str] = []

    def watch(self) -> None:
        """Remember every secret and every signature from now on, and read along in the logs."""
        Secret.__init__ = self._after(Secret.__init__, self._remember_secret)  # type: ignore[method-assign]
        Signer.sign = self._after(Signer.sign, self._remember_signature)  # type: ignore[method-assign]
        log = logging.getLogger("haversack")
        log.setLevel(logging.DEBUG)
        log.addHandler(_Listener(self))

    def look_at(self, where: str, text: str) -> None:
        """Note down what of all that is in a text."""
        found = {word for word in _CANDIDATES.findall(text) if word in self._secrets or word in self._signatures}
        self.seen += [f"{where}: {word[:6]}..." for word in found]

    def look_into(self, folder: Path) -> None:
        """The same for the files of a folder. Signatures may stand there: the local exchange remembers them for a while."""
        for file in folder.rglob("*"):
            if file.is_file() and not file.is_symlink() and file.stat().st_size < _FILE_BYTES_MAX:
                words = _CANDIDATES.findall(file.read_text(encoding="latin-1"))
                self.seen += [f"{file.name}: {word[:6]}..." for word in words if word in self._secrets]

    def _remember_secret(self, arguments: tuple[Any, ...], _result: Any) -> None:
        self._secrets.update(_CANDIDATES.findall(str(arguments[1])))

    def _remember_signature(self, _arguments: tuple[Any, ...], result: Any) -> None:
        self._signatures.add(result.signature)

    @staticmethod
    def _after(method: Callable[..., Any], remember: Callable[[tuple[Any, ...], Any], None]) -> Callable[..., Any]:
        @wraps(method)
        def watched(*arguments: Any, **named: Any) -> Any:
            result = method(*arguments, **named)
            remember((*arguments, *named.values()), result)
            return result

        return watched


class _Listener(logging.Handler):
    def __init__(self, canary: Canary) -> None:
        super().__init__(logging.DEBUG)
        self._canary = canary

    def emit(self, record: logging.LogRecord) -> None:
        self._canary.look_at(f"log of {record.name}", self.format(record))


def texts_of(sections: Iterable[tuple[str, str]], traceback: object) -> Iterable[tuple[str, str]]:
    """What a test's report shows, by name."""
    yield from sections
    yield "traceback", str(traceback or "")
