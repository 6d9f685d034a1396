"""A bash that runs a page's commands, and whose command `aws` calls the local AWS."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.local.aws import LocalAws
from tests.local.aws.aws_cli import AwsCli
from tests.local.aws.commands import environment
from tests.support.waiting import PATIENCE_S

_BASH: Final = shutil.which("bash") or "/bin/bash"

needs_jq = pytest.mark.skipif(
    shutil.which("jq") is None, reason="the commands need jq, which is not installed"
)


class Shell:
    """Runs commands in bash."""

    def __init__(self, commands: Path) -> None:
        self._environment = environment({})
        self._environment["PATH"] = os.pathsep.join([str(commands), self._environment["PATH"]])

    def run(
        self, commands: str, *options: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run commands to their end."""
        return subprocess.run(
            [_BASH, *options],
            input=commands,
            cwd=cwd,
            env={**self._environment, **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


@contextmanager
def shell(aws: LocalAws) -> Iterator[Shell]:
    """A shell whose command `aws` works during the `with` block."""
    with tempfile.TemporaryDirectory() as name, AwsCli(aws, Path(name)):
        yield Shell(Path(name))
