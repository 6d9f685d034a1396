"""Starting the fuzzer: what it takes, and what happens on a machine that has none."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT


def run(*arguments: str, venvs: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *arguments],
        cwd=ROOT,
        env={**os.environ, "VENVS_DIR": str(venvs), "PYTHONPATH": "functions:layers/walmart_ca"},
        capture_output=True,
        text=True,
        check=False,
    )


POSSIBLE = (sys.platform, platform.machine()) == ("linux", "x86_64")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 2),
        # Where there could be one, a fuzzer that is missing is no reason to pass.
        (["--where-possible"], 2 if POSSIBLE else 0),
    ],
)
def test_without_a_fuzzer_it_says_what_there_is_instead(
    tmp_path: Path, options: list[str], code: int
) -> None:
    done = run(*options, venvs=tmp_path)

    assert done.returncode == code
    assert "No fuzzing" in done.stdout
    assert "pytest tests/fuzz" in done.stdout


@pytest.mark.parametrize("arguments", [["nobody"], ["--replay", "file"], ["--seconds", "soon"]])
def test_what_cannot_be_fuzzed_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    assert run("--where-possible", *arguments, venvs=tmp_path).returncode == 2
