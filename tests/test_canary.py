"""The eye on secrets sees them: otherwise its silence would mean nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from canary import Canary, texts_of
from haversack.clock import ManualClock
from haversack.credentials import Credentials, Secret
from haversack.signing import Signer

TEXT = "c2VjcmV0LW9mLXRoZS1jYW5hcnktdGVzdC0xMjM0NTY="


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Canary:
    monkeypatch.setattr(Secret, "__init__", Secret.__init__)
    monkeypatch.setattr(Signer, "sign", Signer.sign)
    made = Canary()
    made.watch()
    return made


@pytest.mark.writes_secrets
def test_secret_is_seen_in_a_text_a_log_and_a_file(canary: Canary, tmp_path: Path) -> None:
    Secret(TEXT)
    for where, text in texts_of([("stdout", f"key={TEXT}")], None):
        canary.look_at(where, text)
    (tmp_path / "notes").write_bytes(b"\x00" + TEXT.encode())
    canary.look_into(tmp_path)
    assert [seen.partition(":")[0] for seen in canary.seen] == ["stdout", "notes"]
    assert TEXT not in " ".join(canary.seen)


@pytest.mark.writes_secrets
def test_signature_is_seen_in_a_log(canary: Canary) -> None:
    signed = Signer(Credentials.generate(), ManualClock()).sign("instruction=orderExecute", changes_state=True)
    listeners = [handler for handler in logging.getLogger("haversack").handlers if vars(handler).get("_canary") is canary]
    record = logging.LogRecord("haversack.rest", logging.DEBUG, "", 0, "sent %s", (signed.signature,), None)
    for listener in listeners:
        listener.handle(record)
        logging.getLogger("haversack").removeHandler(listener)
    assert canary.seen == [f"log of haversack.rest: {signed.signature[:6]}..."]


def test_other_long_words_are_no_secrets(canary: Canary) -> None:
    canary.look_at("stdout", f"{TEXT[::-1]} {Credentials.generate().public_key}")
    assert canary.seen == []
