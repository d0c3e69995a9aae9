"""Makes texts of others harmless: where they are shown, and where a spreadsheet opens them."""

from __future__ import annotations

import re

# A spreadsheet of East Asia takes the wide forms for the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_is_number = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?").fullmatch
# What JSON allows as it is and a terminal, or the eye, may take for something else.
_TREACHEROUS = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def visible(text: str) -> str:
    """The same with every character written out that does not show itself: `\\x1b`, and never an escape sequence."""
    return text if text.isprintable() else "".join([char if char.isprintable() else _written_out(char) for char in text])


def cell(text: str) -> str:
    """The same for a cell of CSV: what is no number, and would be a formula, gets a quotation mark in front."""
    return "'" + text if text.startswith(_FORMULA) and not _is_number(text) else text


def json_safe(text: str) -> str:
    """JSON whose strings hold nothing that could drive a terminal; it means the same."""
    return _TREACHEROUS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _written_out(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
