"""The bill of materials names everything that is shipped."""

import json
import re
from typing import Any

import pytest

from tests.local.aws import Venvs
from tests.local.aws.commands import run
from tests.support.paths import ROOT

LOCK = ROOT / "layers" / "dependencies" / "requirements.txt"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `make sbom` writes."""
    venvs, path = Venvs(), tmp_path_factory.mktemp("sbom") / "sbom.json"
    venvs.tool("sbom", "cyclonedx-py")
    # Pretend that the tool is up to date, so that make installs nothing.
    installed = f"--old-file={venvs.directory}/sbom.done"
    run(["make", installed, "sbom", f"VENV={venvs.directory}", f"SBOM={path}"], cwd=ROOT)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def hashes(component: dict[str, Any]) -> set[str]:
    return {
        f"{each['alg'].replace('-', '').lower()}:{each['content']}"
        for reference in component["externalReferences"]
        for each in reference.get("hashes", [])
    }


def test_each_locked_package_has_its_version_and_its_hashes(written: dict[str, Any]) -> None:
    requirements = re.findall(
        r"^([a-z0-9-]+)(?:\[.*\])?==([^ ;]+)(.*?)(?=^\w|\Z)", LOCK.read_text(), re.MULTILINE | re.DOTALL
    )
    locked = {(name, version): set(re.findall(r"--hash=(\S+)", rest)) for name, version, rest in requirements}

    assert locked
    assert all(locked.values())
    assert locked == {
        (each["name"], each["version"]): hashes(each) for each in written["components"] if "version" in each
    }


def test_the_projects_own_package_has_no_index(written: dict[str, Any]) -> None:
    (ours,) = (each for each in written["components"] if "version" not in each)

    assert written["metadata"]["component"]["name"] == "walmart-order-acknowledgement"
    assert (ours["name"], ours["externalReferences"][0]["url"]) == ("walmart-ca", "file:layers/walmart_ca")
    assert "purl" not in ours


def test_it_has_no_date_and_no_random_number(written: dict[str, Any]) -> None:
    assert not {"serialNumber", "timestamp"} & (written.keys() | written["metadata"].keys())
