"""Run one target under atheris, in its own process, because libFuzzer ends the process.

Usage: python -m tests.fuzz.engine TARGET [libFuzzer's options, files and folders]
"""

import sys

import atheris  # type: ignore[import-untyped]  # only in .venv/fuzz, and not on every machine

from tests.fuzz.targets import load


def main() -> None:
    """Fuzz the target, or run it once for each file in the options."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(
        include=["walmart_ca", "shared", "acknowledge_orders", "sweep_orders", "urllib3"]
    ):
        target = load(name)

    def run(data: bytes) -> None:
        target(data)

    atheris.Setup([sys.argv[0], *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
