"""`make` and `sam build` install the locked files, from wherever pip's own file says."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PATIENCE_SECONDS = 120
LAYER = ROOT / "layers" / "dependencies"
EXTENSION = b"\x7fELF".ljust(18, b"\0") + (183).to_bytes(2, "little")
"""A header of ELF for arm64 (EM_AARCH64)."""


@dataclass(frozen=True)
class Machine:
    """A user's files, and a copy of what installs the project."""

    home: Path
    project: Path

    def make(
        self, *arguments: str, path: str | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run make with nothing from the environment of this process but its commands."""
        # The Python of these tests comes first.
        path = path or f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [str(shutil.which("make")), *arguments],
            cwd=cwd or self.project,
            env={
                "HOME": str(self.home),
                "PATH": path,
                "XDG_CONFIG_DIRS": str(self.home),
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def build_layer(self, lock: str) -> subprocess.CompletedProcess[str]:
        """Build the layer of dependencies for arm64 with another lock, as SAM does it."""
        layer = self.project / "layer"
        shutil.copytree(LAYER, layer)
        (layer / "requirements.txt").write_text(lock)
        makefile, built = layer / "Makefile", self.project / "built"
        return self.make(
            *("--makefile", str(makefile), "build-DependenciesLayer", f"ARTIFACTS_DIR={built}"),
            cwd=layer / "arm64",
        )

    def write_wheel(self, files: Mapping[str, bytes], tag: str = "py3-none-any") -> str:
        """Write a wheel of a package `tiny` into pip's folder; return the lock that names it."""
        metadata = {
            "METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n",
            "WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
            "RECORD": "",
        }
        wheel = io.BytesIO()
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
            for name, text in metadata.items():
                archive.writestr(f"tiny-1.dist-info/{name}", text)
        (self.home / "wheels" / f"tiny-1-{tag}.whl").write_bytes(wheel.getvalue())
        return f"tiny==1 --hash=sha256:{hashlib.sha256(wheel.getvalue()).hexdigest()}\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home, project = tmp_path / "home", tmp_path / "project"
    for folder in (home / "wheels", home / ".config" / "pip", project / "requirements"):
        folder.mkdir(parents=True)
    (home / ".config" / "pip" / "pip.conf").write_text("[global]\nno-index = true\nfind-links = ~/wheels\n")
    shutil.copy(ROOT / "Makefile", project)
    shutil.copy(ROOT / "requirements" / "uv.txt", project / "requirements")
    return Machine(home, project)


def test_an_environment_has_the_locked_file_alone(machine: Machine) -> None:
    lock = machine.write_wheel({"tiny.py": b""})
    file = machine.project / "requirements" / "tiny.txt"

    file.write_text(re.sub("sha256:.{8}", "sha256:00000000", lock))
    refused = machine.make(".venv/tiny.done")
    assert not list(machine.project.glob(".venv/tiny/lib/*/site-packages/tiny*"))
    file.write_text(lock)
    made = machine.make(".venv/tiny.done")

    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert made.returncode == 0, made.stderr
    assert list(machine.project.glob(".venv/tiny/lib/python3.13/site-packages/tiny.py"))


def test_the_layer_is_built_from_where_pip_installs(machine: Machine) -> None:
    lock = machine.write_wheel({"tiny/extension.so": EXTENSION}, "cp313-cp313-manylinux_2_28_aarch64")

    made = machine.build_layer(lock)

    assert made.returncode == 0, made.stderr
    assert (machine.project / "built" / "python" / "tiny" / "extension.so").read_bytes() == EXTENSION


def test_a_machine_without_python_is_told_what_to_install(machine: Machine, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("make", "sh", "test"):
        (commands / name).symlink_to(str(shutil.which(name)))

    made = machine.make("FIRST_PYTHON=", ".venv/pip.done", path=str(commands))

    assert "Python 3.13 could not be downloaded: install it" in made.stderr
