"""The tools' virtual environments, one for each tool, because their packages conflict."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.paths import ROOT


class MissingTool(RuntimeError):  # noqa: N818 - named for what happened
    """A tool is not installed."""


def _directory() -> Path:
    """`VENVS_DIR`, or else where `make` puts them."""
    return Path(os.environ.get("VENVS_DIR") or ROOT / ".venv")


@dataclass(frozen=True)
class Venvs:
    """The virtual environments below one directory, by default `VENVS_DIR` or the project's `.venv`."""

    directory: Path = field(default_factory=_directory)

    def tool(self, venv: str, command: str) -> Path:
        """The path of a command in a virtual environment; a `MissingTool` if it is not there."""
        path = self.directory / venv / "bin" / command
        if not path.is_file():
            raise MissingTool(f"{path} is missing: run `make setup`")
        return path

    @property
    def local_aws(self) -> Path:
        """The Python that has the local AWS."""
        return self.tool("local-aws", "python")

    @property
    def sam(self) -> Path:
        return self.tool("sam", "sam")

    @property
    def runtime(self) -> Path:
        """A Python with only what Lambda provides."""
        return self.tool("runtime", "python")

    def emulator(self, architecture: str) -> Path:
        """AWS's Lambda Runtime Interface Emulator, which SAM contains; a `MissingTool` if it does not."""
        name = f"samcli/local/rapid/aws-lambda-rie-{architecture}"
        for path in self.directory.glob(f"sam/lib/python*/site-packages/{name}"):
            return path
        raise MissingTool(f"{name} is missing in {self.directory / 'sam'}: run `make setup`")


def search_path() -> str:
    """A PATH that begins with this interpreter's directory, whose `python3.13` builds the layers."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
