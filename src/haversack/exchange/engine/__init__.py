"""The matching engine: pure, in integers, `apply(command, now_us) -> events`."""
