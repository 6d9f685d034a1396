"""The version of pyproject.toml is the one that a stack says it runs."""

import re
import tomllib
from typing import Any, Final

from tests.support.paths import ROOT
from tests.support.template import Template


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text())


VERSION: Final[str] = _toml("pyproject.toml")["project"]["version"]


def test_the_stack_says_which_version_runs(written: Template) -> None:
    assert written.body["Outputs"]["Version"]["Value"] == VERSION


def test_every_file_has_the_same_version() -> None:
    assert _toml("samconfig.toml")["default"]["deploy"]["parameters"]["tags"] == f"version={VERSION}"


def test_the_template_names_no_other_version() -> None:
    named = re.findall(r"\bv(\d+\.\d+\.\d+)", (ROOT / "template.yaml").read_text())

    assert set(named) == {VERSION}
