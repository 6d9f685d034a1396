"""`make` and `sam build` install from a company's mirror, which only the files of pip name."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.install.package_index import FAR_AWAY, PackageIndex, Wheel, package_index
from tests.local.aws import Venvs
from tests.support.paths import ROOT

PATIENCE_SECONDS = 120
CLOSED = "https://localhost:1/simple"
LAYER = ROOT / "layers" / "dependencies"


@dataclass(frozen=True)
class Machine:
    """A user's files, and a copy of the project in which only uv is installed."""

    home: Path
    project: Path

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the user's."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def configure_pip(self, settings: str) -> None:
        self.write(".config/pip/pip.conf", settings.encode())

    def make(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run make without the environment of this process."""
        python = Path(sys.base_prefix) / "bin"
        return subprocess.run(
            ["make", *arguments],  # noqa: S607 - the machine's
            cwd=cwd or self.project,
            env={
                "HOME": str(self.home),
                "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
                "XDG_CONFIG_DIRS": str(self.home),
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def install(self, lock: str) -> subprocess.CompletedProcess[str]:
        """Install the packages of a lock into .venv/tiny, as make does it for every environment."""
        (self.project / "requirements" / "tiny.txt").write_text(lock)
        return self.make(".venv/tiny.done")

    @property
    def installed(self) -> bool:
        return (self.project / ".venv/tiny/lib/python3.13/site-packages/tiny.py").exists()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home, project = tmp_path / "home", tmp_path / "project"
    requirements, venv = project / "requirements", project / ".venv"
    for each in (home, requirements, venv):
        each.mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", project)
    for name in ("run_uv.py", "uv.txt"):
        shutil.copy(ROOT / "requirements" / name, requirements)
    (venv / "uv").symlink_to(Venvs().tool("uv", "uv").parent.parent)
    (venv / "uv.done").touch()
    return Machine(home, project)


@pytest.fixture
def wheel() -> Wheel:
    return Wheel({"tiny.py": b""})


@pytest.fixture
def mirror(machine: Machine, wheel: Wheel) -> Iterator[PackageIndex]:
    with package_index(machine.home, wheel) as index:
        yield index


@pytest.mark.parametrize(
    "settings",
    [
        "[global]\nindex-url = {closed}\n[install]\nindex-url = {index.url}\ncert = {index.authority}",
        "[global]\nquiet = 2\nindex-url = {index.url}\ntrusted-host =\n  other.example\n  localhost",
        "[global]\nindex-url = {index.old_url}\nextra-index-url = {index.url}\ncert = {index.authority}",
        "[global]\nindex-url = {closed}\nno-index = true\nfind-links = ~/wheels ~/missing",
    ],
    ids=["certificate", "trusted host", "extra index", "folder"],
)
def test_uv_installs_from_where_pip_would(
    machine: Machine, mirror: PackageIndex, wheel: Wheel, settings: str
) -> None:
    machine.write("wheels/" + wheel.name, wheel.content)
    machine.configure_pip(settings.format(index=mirror, closed=CLOSED))

    made = machine.install(wheel.lock)

    assert made.returncode == 0, made.stderr
    assert machine.installed


def test_uv_calls_through_the_proxy_of_pip(machine: Machine, mirror: PackageIndex, wheel: Wheel) -> None:
    machine.configure_pip(
        f"[global]\nindex-url = {FAR_AWAY}\nproxy = {mirror.proxy}\ncert = {mirror.authority}"
    )

    made = machine.install(wheel.lock)

    assert made.returncode == 0, made.stderr
    assert machine.installed
    assert set(mirror.connects) == {"index.example:443"}


def test_a_lock_names_the_files_of_the_first_index(
    machine: Machine, mirror: PackageIndex, wheel: Wheel
) -> None:
    # An extra index may have only some files of a version.
    machine.configure_pip(
        f"[global]\nindex-url = {mirror.url}\nextra-index-url = {mirror.other_url}\ncert = {mirror.authority}"
    )
    (machine.project / "requirements" / "tiny.in").write_text("tiny\n")

    made = machine.make("lock", "LOCKS=requirements/tiny")

    assert made.returncode == 0, made.stderr
    assert wheel.sha256 in (machine.project / "requirements" / "tiny.txt").read_text()


def test_uv_trusts_no_mirror_without_pips_certificate(
    machine: Machine, mirror: PackageIndex, wheel: Wheel
) -> None:
    machine.configure_pip(f"[global]\nindex-url = {mirror.url}")

    made = machine.install(wheel.lock)

    assert "certificate" in made.stderr
    assert not machine.installed


def test_a_mirror_of_uv_comes_before_that_of_pip(
    machine: Machine, mirror: PackageIndex, wheel: Wheel
) -> None:
    machine.configure_pip(f"[global]\nindex-url = {CLOSED}\ncert = {mirror.authority}")
    machine.write(".config/uv/uv.toml", f'[[index]]\nurl = "{mirror.url}"\ndefault = true\n'.encode())

    made = machine.install(wheel.lock)

    assert made.returncode == 0, made.stderr
    assert machine.installed


@pytest.mark.parametrize(("password", "accepted"), [("right%2Fpassword", True), ("wrong%2Fpassword", False)])
def test_a_password_in_the_url_of_a_mirror_is_used_and_never_shown(
    machine: Machine, wheel: Wheel, password: str, accepted: bool
) -> None:
    with package_index(machine.home, wheel, credentials="buyer:right/password") as index:
        url = index.url.replace("//", f"//buyer:{password}@")
        machine.configure_pip(f"[global]\nindex-url = {url}\ncert = {index.authority}")

        made = machine.install(wheel.lock)

    assert machine.installed is accepted
    assert (made.returncode == 0) is accepted
    assert "password" not in made.stdout + made.stderr


def test_the_layer_is_built_from_a_mirror_of_pip(machine: Machine) -> None:
    # A header of ELF for arm64 (EM_AARCH64)
    extension = b"\x7fELF".ljust(18, b"\0") + (183).to_bytes(2, "little")
    wheel = Wheel({"tiny/extension.so": extension}, "cp313-cp313-manylinux_2_28_aarch64")
    layer, built = machine.project / "layer", machine.project / "built"
    shutil.copytree(LAYER, layer)
    (layer / "requirements.txt").write_text(wheel.lock)

    with package_index(machine.home, wheel) as index:
        machine.configure_pip(f"[global]\nindex-url = {index.url}\ncert = {index.authority}")
        made = machine.make(
            *("--makefile", str(layer / "Makefile"), "build-DependenciesLayer", f"ARTIFACTS_DIR={built}"),
            cwd=layer / "arm64",
        )

    assert made.returncode == 0, made.stderr
    assert (built / "python" / "tiny" / "extension.so").read_bytes() == extension


def test_a_machine_without_python_is_told_what_to_install(machine: Machine) -> None:
    (machine.project / ".venv" / "uv.done").unlink()

    made = machine.make("FIRST_PYTHON=", ".venv/uv.done")

    assert "install Python 3.13" in made.stderr


def test_a_machine_without_python_3_13_is_told_what_to_install(machine: Machine, tmp_path: Path) -> None:
    made = machine.make(".venv/python.done", PATH=str(tools(tmp_path)), UV_PYTHON_DOWNLOADS="never")

    assert made.stderr.startswith("Python 3.13 could not be downloaded: install it")


def tools(directory: Path) -> Path:
    """Return a directory with the commands that make needs, and without a Python."""
    directory = directory / "tools"
    directory.mkdir()
    for name in ("make", "sh", "touch"):
        (directory / name).symlink_to(str(shutil.which(name)))
    return directory
