"""The size of what is uploaded."""

import os
import random
from pathlib import Path

from tests.tools.bench.sizes import size_of


def test_a_size_is_the_same_whenever_and_wherever_the_files_were_written(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for directory, name_first in ((here, "a.py"), (there, "b.py")):
        directory.mkdir()
        for name in sorted(["a.py", "b.py"], reverse=name_first == "b.py"):
            (directory / name).write_text(f"# {name}\n" * 100)
    os.utime(there / "a.py", (1_000_000_000, 1_000_000_000))

    assert size_of(here) == size_of(there)


def test_unzipped_it_is_the_bytes_of_the_files_in_every_folder(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_bytes(b"x" * 1000)
    (tmp_path / "other.py").write_bytes(b"y" * 500)

    assert size_of(tmp_path).unzipped == 1500


def test_zipped_it_is_deflated(tmp_path: Path) -> None:
    (tmp_path / "alike").write_bytes(b"x" * 100_000)
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(10_000))

    assert 10_000 < size_of(tmp_path).zipped < 12_000
