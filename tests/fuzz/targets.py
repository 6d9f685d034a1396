"""The targets by name: what each is fuzzed with, and how long an input may be."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz import answers, events, invocations, pumped, secrets, seeds, settings, wire

REGRESSIONS: Final = Path(__file__).parent / "regressions"
"""What was found once: a folder for each target, a file for each input, named for what was wrong."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target.

    Attributes:
        run: Takes an input, and raises when what comes of it is not as promised.
        seeds: What a fuzzer begins with.
        runs: How many inputs take a second or two.
        max_length: Of an input, in bytes.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    runs: int
    max_length: int = 4096


TARGETS: Final = {
    "order-event": Target(events.order_event, seeds.order_events, 60_000),
    "events": Target(events.events, seeds.batches, 1_000),
    "acknowledging": Target(invocations.acknowledging, seeds.acknowledging, 1_000, 8192),
    "sweeping": Target(invocations.sweeping, seeds.sweeping, 800, 8192),
    "secret": Target(secrets.secret, seeds.secrets, 20_000),
    "private-key": Target(secrets.private_key, seeds.private_keys, 10_000),
    "answer": Target(answers.answer, seeds.answers, 3_000),
    "headers": Target(answers.headers, seeds.headers, 40_000, 1024),
    "rendering": Target(answers.rendering, seeds.renderings, 2_000),
    "raw-answer": Target(wire.raw_answer, seeds.raw_answers, 2_000),
    "environment": Target(settings.environment, seeds.environments, 10_000, 1024),
    "base-url": Target(settings.base_url, seeds.base_urls, 30_000, 256),
    "pumped": Target(pumped.pumped, seeds.pumped, 30, 256),
}


def regressions(name: str) -> list[Path]:
    """The files of inputs that a target once failed with."""
    return sorted((REGRESSIONS / name).glob("*"))
