"""Where the tools are: virtual environments of their own, because their packages do not go together."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.paths import ROOT

"""The project's root."""


class MissingTool(RuntimeError):  # noqa: N818 - named for what happened
    """A tool is not installed where it should be."""


def _directory() -> Path:
    """`VENVS_DIR` when set, for a machine that keeps them elsewhere; else where `make` puts them."""
    return Path(os.environ.get("VENVS_DIR") or ROOT / ".venv")


@dataclass(frozen=True)
class Venvs:
    """The virtual environments `sam`, `local-aws`, `runtime`, `scan` and `sbom`, below one directory.

    Args:
        directory: Where they are; by default `VENVS_DIR` or the project's `.venv`.
    """

    directory: Path = field(default_factory=_directory)

    def tool(self, venv: str, command: str) -> Path:
        """The command of one virtual environment.

        Raises:
            MissingTool: It is not there.
        """
        path = self.directory / venv / "bin" / command
        if not path.is_file():
            raise MissingTool(f"{path} is missing: run make to install the virtual environments")
        return path

    @property
    def local_aws(self) -> Path:
        """The Python that has the local AWS."""
        return self.tool("local-aws", "python")

    @property
    def sam(self) -> Path:
        """The SAM command line."""
        return self.tool("sam", "sam")

    @property
    def runtime(self) -> Path:
        """A Python with what Lambda brings by itself, and nothing else."""
        return self.tool("runtime", "python")

    def emulator(self, architecture: str) -> Path:
        """AWS's Lambda Runtime Interface Emulator for a processor; SAM has it for its own use.

        Raises:
            MissingTool: It is not there.
        """
        name = f"samcli/local/rapid/aws-lambda-rie-{architecture}"
        for path in self.directory.glob(f"sam/lib/python*/site-packages/{name}"):
            return path
        raise MissingTool(f"{name} is missing in {self.directory / 'sam'}: run make to install it")


def search_path() -> str:
    """A PATH that begins beside this interpreter: the `python3.13` and `uv` there build the layers."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
