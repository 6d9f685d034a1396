"""`make fuzz`, or `python -m tests.fuzz --help` with atheris on the path."""

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.fuzz.targets import TARGETS
from tests.support.paths import ROOT

_KEPT: Final = ROOT / ".local" / "fuzz"
"""Holds the inputs that reached new branches, for the next run, and the input of each finding."""
_LIMITS: Final = ("-max_len=4096", "-len_control=0", "-timeout=20", "-rss_limit_mb=2048")


def main() -> int:
    """Fuzz the targets; return 0 without findings, 1 with findings, 2 without a fuzzer."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one target with one input")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - TARGETS.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if arguments.replay and len(arguments.targets) != 1:
        parser.error("--replay needs one target")
    if not importlib.util.find_spec("atheris"):
        print("Cannot fuzz: atheris is missing. `make fuzz` installs it on Linux on x86-64, its only")
        print("platform. On any machine, pytest runs the same properties with random input.")
        return 2
    if arguments.replay:
        return 0 if _run(arguments.targets[0], str(arguments.replay.resolve())) else 1
    found = [name for name in arguments.targets or TARGETS if not _fuzz(name, arguments.seconds)]
    for name in found:
        print(f"{name}: there is a finding. Replay it with either command; the second also simplifies it:")
        print(f"  make fuzz ONLY={name} REPLAY={_finding(name).relative_to(ROOT)}")
        print(f"  .venv/dev/bin/pytest {TARGETS[name]}")
    return 1 if found else 0


def _fuzz(name: str, seconds: int) -> bool:
    """Fuzz one target, and return whether there was no finding."""
    print(f"\n{name}: {TARGETS[name]}", flush=True)
    corpus = _KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as first:
        # Hypothesis draws a test's input from the bytes; most short ones are too short for a complete input.
        for number in range(50):
            (Path(first) / str(number)).write_bytes(random.Random(number).randbytes(16 << number % 7))
        output = (f"-exact_artifact_path={_finding(name)}", "-print_final_stats=1")
        return _run(name, f"-max_total_time={seconds}", *_LIMITS, *output, str(corpus), first)


def _finding(name: str) -> Path:
    return _KEPT / f"{name}.finding"


def _run(name: str, *options: str) -> bool:
    """Run one target in its own process, because libFuzzer ends the process."""
    command = [sys.executable, "-m", "tests.fuzz.targets", name, *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
