"""Every file that has the project's version has the one of pyproject.toml."""

import re
import tomllib

import walmart_ca.version
from tests.support.paths import ROOT
from tests.support.template import Template
from tests.support.version import VERSION


def test_every_file_has_the_same_version(written: Template) -> None:
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    links = re.findall(r"\bv(\d+\.\d+\.\d+)", (ROOT / "template.yaml").read_text())
    released = re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    found = {
        "the newest entry of CHANGELOG.md": released[0],
        "the tag that samconfig.toml gives the stack": samconfig["default"]["deploy"]["parameters"]["tags"],
        "the output of the stack": written.body["Outputs"]["Version"]["Value"],
        "the links of the alarms": "".join(set(links)),
        "the client": walmart_ca.version.VERSION,
    }
    assert found == dict.fromkeys(found, VERSION) | {
        "the tag that samconfig.toml gives the stack": f"version={VERSION}"
    }
