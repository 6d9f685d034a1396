"""The project's version, as pyproject.toml has it."""

import tomllib
from typing import Final

from tests.support.paths import ROOT

VERSION: Final[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
