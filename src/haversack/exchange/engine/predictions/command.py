"""What may be asked about prediction markets. Orders in them are orders like all others."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

DELAY_S_MAX = 604_800
"""Seven days between a proposal and the resolution, at most (documented)."""


class ProposeResolution(msgspec.Struct, frozen=True, tag="proposeResolution", array_like=True):
    """Say what the answer is. It is final once the delay is over; another proposal before that takes the place of this one."""

    symbol: str
    is_yes: bool
    delay_s: int


PredictionCommand: TypeAlias = ProposeResolution
