"""`haversack demo`: a short trading story on an exchange of its own, told with the library's own client.

story       the steps, and in which order
bargain     the order that others fill in part
reckoning   what the balances must be after the fills
feed        what the streams brought so far
host        the exchange in a process of its own
teller      how it is shown: in plain lines, or in colour (colour)
"""

from __future__ import annotations


def demo(*, seed: int = 7) -> None:
    """Trade on a local exchange, with real HTTP and WebSocket on 127.0.0.1: no key, no network, no real money.

    It takes about ten seconds and leaves nothing behind.

    Example: haversack demo --seed 8

    Parameters
    ----------
    seed
        Decides what the other traders on the exchange do.
    """
    from haversack.cli.demo.story import run
    from haversack.cli.demo.teller import teller_for_this_terminal

    run(teller_for_this_terminal(), seed=seed)
