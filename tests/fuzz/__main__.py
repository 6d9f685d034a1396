"""`make fuzz`, or `python -m tests.fuzz --help`."""

import argparse
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.targets import TARGETS, regressions
from tests.local.aws.venvs import Venvs
from tests.support.paths import ROOT

_WORDS: Final = Path(__file__).with_name("words.dict")
_POSSIBLE: Final = (sys.platform, platform.machine()) == ("linux", "x86_64")
"""Whether this is the kind of machine that the fuzzer is built for (`requirements/fuzz.in`)."""
_KEPT: Final = ROOT / ".local" / "fuzz"
_TIMEOUT_S: Final = 20
"""An input that takes longer hangs: the largest take under one second, where nothing else goes on."""
_MEMORY_MIB: Final = 2048
_EXECUTED: Final = re.compile(rb"stat::number_of_executed_units: (\d+)|^#(\d+)\t", re.MULTILINE)
_EDGES: Final = re.compile(rb" cov: (\d+)")
_NEW: Final = re.compile(rb"stat::new_units_added: +(\d+)")
_ARTIFACT: Final = re.compile(rb"Test unit written to (\S+)")
_UNCAUGHT: Final = re.compile(rb"=== Uncaught Python exception: ===\n(.+?)\n\n", re.DOTALL)
_ENDED: Final = re.compile(rb"ERROR: libFuzzer: (.+)")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one target."""

    name: str
    executions: int
    edges: int
    new_inputs: int
    per_second: float
    finding: str | None


def main() -> int:
    """Fuzz; 0 when nothing was found, 1 when something was, 2 when there is no fuzzer."""
    arguments = _arguments()
    if not (_fuzzer() / "atheris").is_dir():
        why = f"{_fuzzer()} has no atheris" if _POSSIBLE else "atheris has a build for Linux on x86-64 alone"
        sys.stdout.write(
            f"No fuzzing: {why}.\n`pytest tests/fuzz` replays seeds and former findings everywhere.\n"
        )
        return 0 if arguments.where_possible and not _POSSIBLE else 2
    if arguments.replay:
        return _engine(arguments.targets[0], str(arguments.replay.resolve())).returncode
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda name: _fuzz(name, arguments), arguments.targets or TARGETS)
        return max(map(_tell, results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, help="for each target; without it, a fixed number of inputs")
    parser.add_argument("--seed", type=int, default=1, help="of the fuzzer's draws")
    parser.add_argument("--jobs", type=int, default=1, help="targets side by side")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one target with one input")
    parser.add_argument(
        "--where-possible", action="store_true", help="pass on a machine that none is built for"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - TARGETS.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if arguments.replay and len(arguments.targets) != 1:
        parser.error("--replay needs one target")
    return arguments


def _fuzz(name: str, arguments: argparse.Namespace) -> Result:
    """Fuzz one target: for some seconds, from what was kept on; or so many inputs, from the seeds alone."""
    target = TARGETS[name]
    findings = _KEPT / name / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        given = Path(temporary) / "given"
        given.mkdir()
        for number, seed in enumerate(target.seeds()):
            (given / f"seed-{number:03}").write_bytes(seed)
        for file in regressions(name):
            (given / file.name).write_bytes(file.read_bytes())
        corpus = (_KEPT if arguments.seconds else Path(temporary)) / name / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        bound = f"-max_total_time={arguments.seconds}" if arguments.seconds else f"-runs={target.runs}"
        started = time.monotonic()
        done = _engine(
            name,
            bound,
            f"-seed={arguments.seed}",
            f"-max_len={target.max_length}",
            f"-timeout={_TIMEOUT_S}",
            f"-rss_limit_mb={_MEMORY_MIB}",
            f"-dict={_WORDS}",
            f"-artifact_prefix={findings}/",
            "-print_final_stats=1",
            str(corpus),
            str(given),
            keep_output=True,
        )
    return _result(name, done.stdout, time.monotonic() - started, failed=done.returncode != 0)


def _engine(name: str, *options: str, keep_output: bool = False) -> subprocess.CompletedProcess[bytes]:
    path = [ROOT, ROOT / "functions", ROOT / "layers" / "walmart_ca", _fuzzer()]
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.engine", name, *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE if keep_output else None,
        stderr=subprocess.STDOUT if keep_output else None,
        check=False,
    )


def _result(name: str, log: bytes, seconds: float, *, failed: bool) -> Result:
    executions = max((int(done or so_far) for done, so_far in _EXECUTED.findall(log)), default=0)
    return Result(
        name,
        executions=executions,
        edges=max(map(int, _EDGES.findall(log)), default=0),
        new_inputs=max(map(int, _NEW.findall(log)), default=0),
        per_second=executions / seconds,
        finding=_finding(name, log) if failed else None,
    )


def _finding(name: str, log: bytes) -> str:
    """Say what was found, where, and how to see it again."""
    if uncaught := _UNCAUGHT.search(log):
        first, *trace = uncaught[1].decode(errors="replace").splitlines()
        found = [first, *[line for line in trace if line.startswith("  File ")][-1:]]
    else:
        ended = _ENDED.search(log)
        found = [ended[1].decode() if ended else log.decode(errors="replace")[-1000:]]
    file = _ARTIFACT.search(log)
    again = f"make fuzz ONLY={name} REPLAY={file[1].decode() if file else 'FILE'}"
    return "\n  ".join([*found, f"  replay: {again}"])


def _tell(result: Result) -> int:
    sys.stdout.write(
        f"{result.name:14} {result.executions:9} executions {result.per_second:7.0f}/s"
        f" {result.edges:6} edges {result.new_inputs:6} new inputs {1 if result.finding else 0:2} crashes\n"
    )
    if result.finding:
        sys.stdout.write(f"  {result.finding}\n")
    sys.stdout.flush()
    return 1 if result.finding else 0


def _fuzzer() -> Path:
    """Where atheris is: beside the development packages rather than among them."""
    return Path(sysconfig.get_path("purelib", vars={"base": str(Venvs().directory / "fuzz")}))


if __name__ == "__main__":
    sys.exit(main())
