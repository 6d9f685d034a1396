"""Runs one target under atheris, in a process of its own, because libFuzzer ends the process that it runs in.

Usage: python -m tests.fuzz.engine TARGET [libFuzzer's options, files and folders]
"""

import sys
from typing import Final

import atheris  # type: ignore[import-untyped]  # in .venv/fuzz alone, and not on every machine

_OURS: Final = ["walmart_ca", "shared", "acknowledge_orders", "sweep_orders"]
_OTHERS: Final = {"raw-answer": ["urllib3", "http"], "headers": ["email"]}
"""Whose branches count as news: ours, and for some targets what reads for ours. Watching takes time."""


def main() -> None:
    """Fuzz, or run the target once for each file that is named."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=[*_OURS, *_OTHERS.get(name, [])]):
        from tests.fuzz.mutation import mutate  # noqa: PLC0415 - it imports some of that
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - what is imported here is what is watched

    def change(data: bytes, max_size: int, seed: int) -> bytes:
        return mutate(data, atheris.Mutate, max_size, seed)

    atheris.Setup([sys.argv[0], *options], TARGETS[name].run, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
