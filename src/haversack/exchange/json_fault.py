"""Where and why a text is no JSON, in the words of the parser that the real server is built with.

That is serde_json, behind poem-openapi: it names the first byte at which it gives up by line and column (inferred from its
source). A reader that is slow and explains takes over where the fast one failed.
"""

from __future__ import annotations

import re
from typing import NoReturn

_DEPTH_MAX = 128
_SPACE = re.compile(rb"[ \t\r\n]*")
_DIGITS = re.compile(rb"[0-9]*")
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_STRING_STOP = re.compile(rb'["\\\x00-\x1f]')
_WORDS = {b"t": b"true", b"f": b"false", b"n": b"null"}
_NO_END = b""
"""What is read where the text has ended."""


class _Fault(Exception):
    """The words, and how many bytes had been taken by then."""

    def __init__(self, words: str, taken: int) -> None:
        super().__init__(words)
        self.words = words
        self.taken = taken


def json_fault(text: bytes) -> str | None:
    """What is wrong with a text, with line and column; None if it is JSON."""
    try:
        _Reader(text).document()
    except _Fault as fault:
        before = text[: fault.taken]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1)
        return f"{fault.words} at line {line} column {column}"
    return None


class _Reader:
    """Takes byte after byte. A fault lies behind the last byte taken, or one further where the next was only looked at."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0

    def document(self) -> None:
        self._value(_DEPTH_MAX)
        if self._next_word() != _NO_END:
            self._stop_ahead("trailing characters")

    def _value(self, depth: int) -> None:
        first = self._next_word()
        if first == _NO_END:
            self._stop_ahead("EOF while parsing a value")
        if first in (b"{", b"["):
            if depth == 1:
                self._stop_ahead("recursion limit exceeded")
            self._at += 1
            (self._object if first == b"{" else self._list)(depth - 1)
        elif first == b'"':
            self._string()
        elif first == b"-" or first.isdigit():
            self._number()
        elif first in _WORDS:
            self._word(_WORDS[first])
        else:
            self._stop_ahead("expected value")

    def _list(self, depth: int) -> None:
        is_first = True
        while (ahead := self._next_word()) != b"]":
            if ahead == _NO_END:
                self._stop_ahead("EOF while parsing a list")
            if not is_first:
                self._comma(ahead, b"]")
            is_first = False
            self._value(depth)
        self._at += 1

    def _object(self, depth: int) -> None:
        is_first = True
        while (ahead := self._next_word()) != b"}":
            if ahead == _NO_END:
                self._stop_ahead("EOF while parsing an object")
            if not is_first:
                ahead = self._comma(ahead, b"}")
            is_first = False
            if ahead != b'"':
                self._stop_ahead("key must be a string")
            self._string()
            self._colon()
            self._value(depth)
        self._at += 1

    def _comma(self, ahead: bytes, end: bytes) -> bytes:
        """What comes after a comma, which has to be there."""
        if ahead != b",":
            self._stop_ahead(f"expected `,` or `{end.decode()}`")
        self._at += 1
        ahead = self._next_word()
        if ahead == _NO_END:
            self._stop_ahead("EOF while parsing a value")
        if ahead == end:
            self._stop_ahead("trailing comma")
        return ahead

    def _colon(self) -> None:
        ahead = self._next_word()
        if ahead != b":":
            self._stop_ahead("EOF while parsing an object" if ahead == _NO_END else "expected `:`")
        self._at += 1

    def _word(self, word: bytes) -> None:
        for letter in word:
            taken = self._take()
            if taken == _NO_END:
                self._stop("EOF while parsing a value")
            if taken[0] != letter:
                self._stop("expected ident")

    def _number(self) -> None:
        if self._ahead() == b"-":
            self._at += 1
        first = self._digit()
        if first != b"0":
            self._digits()
        elif self._ahead().isdigit():
            self._stop_ahead("invalid number")
        if self._ahead() == b".":
            self._at += 1
            if not self._digits():
                self._stop_ahead("EOF while parsing a value" if self._ahead() == _NO_END else "invalid number")
        if self._ahead() in (b"e", b"E"):
            self._at += 1
            if self._ahead() in (b"+", b"-"):
                self._at += 1
            self._digit()
            self._digits()

    def _digit(self) -> bytes:
        taken = self._take()
        if not taken.isdigit():
            self._stop("EOF while parsing a value" if taken == _NO_END else "invalid number")
        return taken

    def _digits(self) -> int:
        found = _DIGITS.match(self._text, self._at)
        assert found is not None, "a pattern that takes nothing always matches"
        self._at = found.end()
        return len(found[0])

    def _string(self) -> None:
        self._at += 1
        start = self._at
        while (stop := _STRING_STOP.search(self._text, self._at)) is not None:
            self._at = stop.end()
            if stop[0] == b'"':
                self._check_text(self._text[start : stop.start()])
                return
            if stop[0] != b"\\":
                self._stop("control character (\\u0000-\\u001F) found while parsing a string")
            self._escape()
        self._at = len(self._text)
        self._stop("EOF while parsing a string")

    def _check_text(self, text: bytes) -> None:
        try:
            text.decode()
        except UnicodeDecodeError:
            self._stop("invalid unicode code point")

    def _escape(self) -> None:
        taken = self._take()
        if taken == _NO_END:
            self._stop("EOF while parsing a string")
        if taken == b"u":
            self._code_point()
        elif taken not in b'"\\/bfnrt':
            self._stop("invalid escape")

    def _code_point(self) -> None:
        first = self._code_unit()
        if 0xD800 <= first < 0xDC00:
            for wanted in (b"\\", b"u"):
                taken = self._take()
                if taken != wanted:
                    self._stop("EOF while parsing a string" if taken == _NO_END else "unexpected end of hex escape")
            if not 0xDC00 <= self._code_unit() < 0xE000:
                self._stop("lone leading surrogate in hex escape")
        elif 0xDC00 <= first < 0xE000:
            self._stop("lone leading surrogate in hex escape")

    def _code_unit(self) -> int:
        digits = self._text[self._at : self._at + 4]
        self._at += len(digits)
        if len(digits) < 4:
            self._stop("EOF while parsing a string")
        if not _HEX.fullmatch(digits):
            self._stop("invalid escape")
        return int(digits, 16)

    def _next_word(self) -> bytes:
        found = _SPACE.match(self._text, self._at)
        assert found is not None, "a pattern that takes nothing always matches"
        self._at = found.end()
        return self._ahead()

    def _ahead(self) -> bytes:
        return self._text[self._at : self._at + 1]

    def _take(self) -> bytes:
        taken = self._ahead()
        self._at += len(taken)
        return taken

    def _stop(self, words: str) -> NoReturn:
        raise _Fault(words, self._at)

    def _stop_ahead(self, words: str) -> NoReturn:
        raise _Fault(words, min(len(self._text), self._at + 1))
