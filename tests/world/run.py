"""Runs a world on a loop of its own, without a sound, and with chance from its seed alone."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from haversack.rest.client_ids import client_ids_of_process
from world.clock import WorldLoop
from world.fill_check import folder_for_memory
from world.world import Outcome, World


def lived(seed: int, *, is_logged: bool = False) -> Outcome:
    """What the world of a seed comes to."""
    with _quiet(), _chance(seed), TemporaryDirectory(prefix="haversack-world-", dir=folder_for_memory()) as folder:
        loop = WorldLoop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            world = runner.run(_made(seed, loop, folder, is_logged=is_logged))
            try:
                runner.run(world.live())
            except Exception as error:  # noqa: BLE001  # Whatever it is, the seed is to be told with it.
                world.complain(f"the world ended: {type(error).__name__}: {error}")
            loop.after_step = lambda: None
            outcome = world.outcome()
            outcome.counts["turns of the loop"] = loop.steps
            return outcome


async def _made(seed: int, loop: WorldLoop, folder: str, *, is_logged: bool) -> World:
    world = World(seed, loop, folder, is_logged=is_logged)

    def unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        world.complain(f"P14 unhandled: {context['message']} {context.get('exception')!r}")

    loop.set_exception_handler(unhandled)
    return world


@contextmanager
def _chance(seed: int) -> Generator[None]:
    """What the package's clock.py draws its secrets from, seeded: jitter and client ids are the same in every run."""
    dice = Random(f"{seed} chance")
    with mock.patch.object(secrets, "token_bytes", dice.randbytes):
        client_ids_of_process.cache_clear()
        try:
            yield
        finally:
            client_ids_of_process.cache_clear()


@contextmanager
def _quiet() -> Generator[None]:
    """What the package logs is about faults that are wanted here."""
    log = logging.getLogger("haversack")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)
