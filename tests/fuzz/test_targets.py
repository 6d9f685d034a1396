"""Every seed, and every input that was once a finding, is read as promised; without a fuzzer."""

from pathlib import Path

import pytest

from tests.fuzz.targets import REGRESSIONS, TARGETS, regressions


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_fuzzer_begins_with_is_read_as_promised(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@pytest.mark.parametrize(
    ("name", "file"),
    [pytest.param(name, file, id=f"{name}: {file.name}") for name in TARGETS for file in regressions(name)],
)
def test_what_was_found_once_is_read_as_promised(name: str, file: Path) -> None:
    TARGETS[name].run(file.read_bytes())


def test_every_former_finding_has_its_target() -> None:
    assert {folder.name for folder in REGRESSIONS.iterdir()} <= TARGETS.keys()
