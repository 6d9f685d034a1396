"""The build has the locked packages and the project's code, compiled for its processor, and nothing else."""

import filecmp
import marshal
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import CodeType

import pytest

from tests.local.aws import Build, CommandFailed
from tests.local.aws.commands import run
from tests.support.paths import ROOT

PARTS = {
    "DependenciesLayer": "/opt/",
    "WalmartCaLayer": "/opt/",
    "AcknowledgeFunction": "/var/task/",
    "SweepFunction": "/var/task/",
}
"""What is built, and where Lambda puts it."""
MACHINES = {"arm64": 183, "x86_64": 62}  # EM_AARCH64 and EM_X86_64 of the ELF specification
UNCHECKED_HASH = 0b01

LAYER = ROOT / "layers" / "dependencies"
CHECK_MACHINE = LAYER / "check_machine.py"


def elf_machines(directory: Path) -> Iterator[int]:
    for path in directory.rglob("*"):
        if path.is_file() and (header := path.read_bytes()[:20])[:4] == b"\x7fELF":
            yield int.from_bytes(header[18:20], "little")


def locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==([^ ;]+)", path.read_text(), re.MULTILINE))


def test_compiled_packages_are_for_the_processor_asked_for(build: Build) -> None:
    assert set(elf_machines(build.directory)) == {MACHINES[build.architecture]}


@pytest.mark.parametrize(("part", "place"), PARTS.items())
def test_every_source_file_has_byte_code_that_is_used_unchecked(
    arm64_build: Build, part: str, place: str
) -> None:
    directory = arm64_build.directory / part
    sources = list(directory.rglob("*.py"))

    assert sources
    for source in sources:
        compiled = (source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc").read_bytes()
        assert int.from_bytes(compiled[4:8], "little") == UNCHECKED_HASH
        # A traceback names the file as Lambda has it.
        code = marshal.loads(compiled[16:])  # noqa: S302 - the project's build
        assert isinstance(code, CodeType)
        assert code.co_filename == place + str(source.relative_to(directory))


def test_the_dependencies_are_exactly_the_locked_ones(build: Build) -> None:
    packages = build.directory / "DependenciesLayer" / "python"
    built = {
        name.replace("_", "-"): version
        for name, version in (path.stem.split("-") for path in packages.glob("*.dist-info"))
    }

    assert built == locked(LAYER / "requirements.txt")
    assert not (packages / "bin").exists()  # no code needs the programs of packages


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("WalmartCaLayer/python", {"walmart_ca"}),
        ("AcknowledgeFunction", {"acknowledge_orders", "shared"}),
        ("SweepFunction", {"sweep_orders", "shared"}),
        (".", PARTS.keys()),
    ],
)
def test_a_part_holds_its_own_code_only(build: Build, part: str, content: AbstractSet[str]) -> None:
    assert {path.name for path in (build.directory / part).iterdir() if path.is_dir()} == content


def make_layer(sources: Path, directory: Path, **settings: str) -> None:
    """Build the dependencies for arm64 into a directory, as SAM does, with other environment variables."""
    run(
        ["make", "--makefile", "../Makefile", "build-DependenciesLayer", f"ARTIFACTS_DIR={directory}"],
        cwd=sources / "arm64",
        extra=settings,
    )


def test_dependencies_built_elsewhere_with_other_settings_are_the_same(
    arm64_build: Build, tmp_path: Path
) -> None:
    constraint = tmp_path / "constraints.txt"
    constraint.write_text("urllib3 < 2\n")
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nconstraint = {constraint}\n[install]\nuser = true\n")
    first, again = arm64_build.directory / "DependenciesLayer", tmp_path / "elsewhere"

    make_layer(shutil.copytree(LAYER, tmp_path / "sources"), again, PIP_CONFIG_FILE=str(settings))

    names = sorted(str(path.relative_to(first)) for path in first.rglob("*") if path.is_file())
    assert names == sorted(str(path.relative_to(again)) for path in again.rglob("*") if path.is_file())
    assert filecmp.cmpfiles(first, again, names, shallow=False) == (names, [], [])


def test_nothing_is_built_when_a_hash_does_not_match(tmp_path: Path) -> None:
    sources = shutil.copytree(LAYER, tmp_path / "sources")
    lock = sources / "requirements.txt"
    before, package, after = lock.read_text().partition("cryptography==")
    lock.write_text(before + package + re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", after))

    with pytest.raises(CommandFailed, match="DO NOT MATCH THE HASHES"):
        make_layer(sources, tmp_path / "layer")


@pytest.mark.parametrize(
    ("machine", "message"),
    [(MACHINES["x86_64"], "wrong processor"), (None, "No compiled file")],
)
def test_the_build_stops_at_files_for_the_wrong_processor(
    tmp_path: Path, machine: int | None, message: str
) -> None:
    content = b"" if machine is None else b"\x7fELF".ljust(18, b"\0") + machine.to_bytes(2, "little")
    (tmp_path / "extension.so").write_bytes(content)

    checked = subprocess.run(
        [sys.executable, CHECK_MACHINE, str(MACHINES["arm64"]), tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 1
    assert message in checked.stderr


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    shipped, tested = locked(LAYER / "requirements.txt"), locked(ROOT / "requirements" / "dev.txt")

    assert shipped
    assert shipped.items() <= tested.items()


def test_only_wheels_are_installed() -> None:
    # Building a package would run its code, with build tools that are not locked.
    makefiles = "".join(path.read_text() for path in (ROOT / "Makefile", LAYER / "Makefile"))
    joined = makefiles.replace("\\\n", "")
    commands = re.findall(r"^\t.*\bpip (?:--python \S+ )?(?:install|compile)\b.*$", joined, re.MULTILINE)

    assert len(commands) == 4
    assert [command for command in commands if "--only-binary :all:" not in command] == []
