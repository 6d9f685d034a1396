"""Importing does nothing, except that a Lambda entry builds its function; errors wait for an invocation."""

import subprocess
import sys

import pytest

from acknowledge_orders.settings import AcknowledgeSettings
from sweep_orders.settings import SweepSettings
from tests.support.paths import ROOT

ENVIRONMENT = {
    **dict.fromkeys(AcknowledgeSettings.variables() | SweepSettings.variables(), "1"),
    "MARKETPLACE_URL": "https://marketplace.example",
    "SWEEP_ENABLED": "true",
    "AWS_DEFAULT_REGION": "ca-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
entries = pytest.mark.parametrize("package", ["acknowledge_orders", "sweep_orders"])


def run_python(program: str, environment: dict[str, str]) -> list[str]:
    """The lines that a program prints in a process of its own."""
    program = f"import sys; sys.path[:0] = ['functions', 'layers/walmart_ca']\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


PROBE = """
import importlib, os
import aws_lambda_powertools, boto3  # what they do when imported is not at issue here

reads = []
read = type(os.environ).__getitem__
type(os.environ).__getitem__ = lambda self, name: reads.append(name) or read(self, name)

def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system")):
        raise SystemExit(f"importing did {event}")

sys.addaudithook(watch)
importlib.import_module("MODULE")
print(*reads)
"""


@pytest.mark.parametrize("module", ["acknowledge_orders.bootstrap", "sweep_orders.bootstrap", "walmart_ca"])
def test_importing_reads_no_environment_and_opens_no_socket(module: str) -> None:
    assert run_python(PROBE.replace("MODULE", module), {}) == [""]


ENTRY = """
import importlib
handler = importlib.import_module("{package}.handler")
print(handler._function.cache_info().currsize)
try:
    handler.lambda_handler({{}}, None)
except Exception as error:
    print(type(error).__name__, error)
"""


@entries
def test_a_lambda_entry_builds_its_function_when_it_is_imported(package: str) -> None:
    assert run_python(ENTRY.format(package=package), ENVIRONMENT)[0] == "1"


@entries
def test_given_a_setting_is_missing_then_the_entry_can_be_imported_and_its_invocation_names_it(
    package: str,
) -> None:
    environment = {**ENVIRONMENT, "REQUESTS_PER_MINUTE": ""}

    assert run_python(ENTRY.format(package=package), environment) == [
        "0",
        "SettingsError REQUESTS_PER_MINUTE is missing from the function's environment",
    ]


AWS = {"boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk"}


@pytest.mark.parametrize(
    ("modules", "needless"),
    [
        ("acknowledge_orders.application, acknowledge_orders.self_check, sweep_orders.sweep", AWS),
        # A client that only waits needs none of the others.
        ("walmart_ca", AWS | {"pydantic", "asyncio", "xml"}),
    ],
)
def test_the_inner_modules_know_no_aws(modules: str, needless: set[str]) -> None:
    (loaded,) = run_python(f"import {modules}\nprint(*sys.modules)", {})

    assert needless & {module.partition(".")[0] for module in loaded.split()} == set()


COLD_START = """
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
from {package}.bootstrap import build_from_environment
build_from_environment()
print(*sys.modules)
print(*(path for path in opened if "/botocore/data/" in path))
"""
NEEDLESS = {
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.data_classes",
    "aws_xray_sdk",
    "fastjsonschema",
    "jsonpath_ng",
    "pydantic",
    "requests",
}
"""What a cold start would pay for by a slip in an import; each is some package's, and some are large.
s3transfer is not among them: boto3 loads it, whatever it is used for."""


@entries
def test_a_cold_start_loads_nothing_that_it_can_do_without(package: str) -> None:
    modules, models = run_python(COLD_START.format(package=package), ENVIRONMENT)

    assert NEEDLESS & set(modules.split()) == set()
    assert "/secretsmanager/" in models
    # Only the sweep always needs its queue; the other function needs one when an order is to wait.
    assert ("/sqs/" in models) is (package == "sweep_orders")
