"""The size of an archive and of its files."""

import random
from pathlib import Path

from tests.tools.bench.sizes import size_of


def test_a_size_counts_all_files_and_the_deflated_archive(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "alike").write_bytes(b"x" * 100_000)
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(10_000))

    size = size_of(tmp_path)

    assert size.unzipped == 110_000
    assert 10_000 < size.zipped < 12_000
