"""The program broken on purpose: the simulation finds each mistake, and says what it breaks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.simulation.breaks import BREAKS, Break
from tests.support.paths import ROOT

PACKAGES: Final = ("functions", "layers/walmart_ca")
SEEDS: Final = 120
"""More than any of them needs."""


def broken_copy(mistake: Break, directory: Path) -> list[Path]:
    """Copy the program, make the mistake in the copy, and return what to import it from."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    file = directory / mistake.file
    text = file.read_text()
    assert text.count(mistake.right) == 1, "the program has changed: say the mistake anew"
    file.write_text(text.replace(mistake.right, mistake.wrong))
    return [directory / package for package in PACKAGES]


@pytest.mark.parametrize("mistake", BREAKS, ids=lambda mistake: mistake.name)
def test_it_is_found_when(mistake: Break, tmp_path: Path) -> None:
    paths = [*broken_copy(mistake, tmp_path), ROOT]

    run = subprocess.run(
        [
            *(sys.executable, "-m", "tests.simulation", "--jobs", "1", "--orders", "100"),
            *("--seeds", str(SEEDS), "--first", str(mistake.first_seed), "--until", mistake.found_as),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert mistake.found_as in run.stdout, run.stdout[-2000:] + run.stderr[-2000:]
    assert run.returncode == 1
