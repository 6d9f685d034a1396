"""Every target of the fuzzer exists, and without a fuzzer the command says so."""

import subprocess
import sys

import pytest

from tests.fuzz.targets import TARGETS, load
from tests.support.paths import ROOT


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_takes_its_input_from_bytes(name: str) -> None:
    load(name)(bytes(1024))


def test_without_a_fuzzer_it_says_how_to_get_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "`make fuzz` installs it" in done.stdout
