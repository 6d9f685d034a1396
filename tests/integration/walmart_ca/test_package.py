"""The client's package: what it holds, and that it works in an environment outside the repository."""

import sys
import zipfile
from pathlib import Path

import pytest

from tests.local.aws.commands import run
from tests.local.marketplace import Marketplace, Seller
from tests.support.paths import ROOT
from tests.support.version import VERSION

PROJECT = ROOT / "layers" / "walmart_ca"
LOCK = ROOT / "layers" / "dependencies" / "requirements.txt"
ORDER = "2575193093772"

PROGRAM = """
import json
import sys
from importlib.metadata import version
from pathlib import Path

import walmart_ca

secret = json.loads(Path("secret.json").read_text())
credentials = walmart_ca.SignatureCredentials(
    consumer_id=secret["consumerId"], channel_type=secret["channelType"], private_key=secret["privateKey"]
)
with walmart_ca.Client(credentials, base_url=sys.argv[1]) as client:
    order = client.orders.acknowledge(sys.argv[2])
print(version("walmart-ca"), order.purchase_order_id, *order.statuses)
print(walmart_ca.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the locked backend."""
    directory = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "hatchling", "build", "--directory", directory], cwd=PROJECT)
    return directory / f"walmart_ca-{VERSION}-py3-none-any.whl"


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment with the package and its own dependencies, in the locked versions."""
    directory = tmp_path_factory.mktemp("elsewhere")
    python = directory / "venv" / "bin" / "python"

    def pip(*arguments: str | Path) -> None:
        run([python, "-m", "pip", "--disable-pip-version-check", *arguments], cwd=directory)

    run([sys.executable, "-m", "venv", "venv"], cwd=directory)
    pip("download", "--require-hashes", "--only-binary", ":all:", "--dest", "locked", "--requirement", LOCK)
    pip("install", "--no-index", "--find-links", "locked", wheel)
    return python


def test_the_wheel_holds_the_package_and_its_metadata_alone(wheel: Path) -> None:
    sources = {
        str(path.relative_to(PROJECT)): path.read_bytes()
        for path in (PROJECT / "walmart_ca").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as files:
        held = {name: files.read(name) for name in files.namelist()}

    about = f"walmart_ca-{VERSION}.dist-info"
    described = {name: held.pop(f"{about}/{name}") for name in ("METADATA", "WHEEL", "RECORD")}
    assert all(described.values())
    assert held == {**sources, f"{about}/licenses/LICENSE": (ROOT / "LICENSE").read_bytes()}
    assert "walmart_ca/py.typed" in held


def test_the_installed_package_acknowledges_an_order(
    python: Path, marketplace: Marketplace, seller: Seller, tmp_path: Path
) -> None:
    marketplace.add_order(ORDER)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "secret.json").write_text(seller.secret())

    output = run([python, "program.py", marketplace.url, ORDER], cwd=tmp_path)

    said, place = output.splitlines()
    assert said == f"{VERSION} {ORDER} Acknowledged"
    assert Path(place).is_relative_to(python.parents[1])
    assert [line.status for line in marketplace.order(ORDER).lines] == ["Acknowledged"]
