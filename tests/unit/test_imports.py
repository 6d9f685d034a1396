"""The imports of the product: what they load, that they have no cycle, and that they point inward."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.util import resolve_name

import pytest

import walmart_ca
from acknowledge_orders.settings import AcknowledgeSettings
from sweep_orders.settings import SweepSettings
from tests.support.paths import ROOT

ENVIRONMENT = {
    **dict.fromkeys(AcknowledgeSettings.variables() | SweepSettings.variables(), "1"),
    "MARKETPLACE_URL": "https://marketplace.example",
    "SWEEP_ENABLED": "true",
    "OUTCOME_EVENTS": "all",
    "AWS_DEFAULT_REGION": "ca-central-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # so that nothing reaches AWS
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
SOURCES = [ROOT / "functions", ROOT / "layers/walmart_ca"]
FILES = {
    ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
    for source in SOURCES
    for path in source.rglob("*.py")
}
"""The files of the product by the names of their modules."""
INNER_PACKAGES = {
    "walmart_ca": {"walmart_ca"},
    "shared": {"shared", "walmart_ca"},
    "acknowledge_orders": {"acknowledge_orders", "shared", "walmart_ca"},
    "sweep_orders": {"sweep_orders", "shared", "walmart_ca"},
}
"""The packages of the product that each package may import."""
ADAPTERS = {
    "dynamodb_notification_limit",
    "eventbridge_bus",
    "eventbridge_outcome_bus",
    "powertools_recorder",
    "sqs_order_queue",
    "sqs_queue_length",
}
entries = pytest.mark.parametrize("package", ["acknowledge_orders", "sweep_orders"])


def imports_of(module: str) -> Iterator[str]:
    """Yield the modules of the product that a module imports, also those inside its functions."""
    path = FILES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            names = (f"{base}.{alias.name}" for alias in node.names)
            yield from (name if name in FILES else base for name in names)


@functools.cache
def imports() -> dict[str, set[str]]:
    """Return the modules of the product that each of its modules imports."""
    return {module: FILES.keys() & set(imports_of(module)) for module in FILES}


def test_the_imports_have_no_cycle() -> None:
    assert set(TopologicalSorter(imports()).static_order()) == FILES.keys()


@pytest.mark.parametrize("package", sorted({module.partition(".")[0] for module in FILES}))
def test_a_package_imports_only_inner_packages(package: str) -> None:
    ours = [imported for module, imported in imports().items() if module.partition(".")[0] == package]

    assert {name.partition(".")[0] for name in set().union(*ours)} <= INNER_PACKAGES[package]


def depth(module: str) -> int:
    """Return how deep a module of a function lies: entry, bootstrap, adapters, application."""
    name = module.rpartition(".")[2]
    return 0 if name == "handler" else 1 if name == "bootstrap" else 2 if name in ADAPTERS else 3


@entries
def test_a_module_of_a_function_imports_no_outer_module(package: str) -> None:
    ours = {module for module in FILES if module.startswith(f"{package}.")}
    outward = [
        (module, each) for module in ours for each in imports()[module] & ours if depth(each) < depth(module)
    ]

    assert outward == []
    assert {depth(module) for module in ours} == {0, 1, 2, 3}
    assert imports()[f"{package}.handler"] >= {f"{package}.bootstrap"}


def run_python(program: str, environment: dict[str, str], *arguments: str) -> list[list[str]]:
    """Run a program in its own process, and return the words of each line that it prints."""
    program = f"import importlib, os, sys; sys.path[:0] = ['functions', 'layers/walmart_ca']\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


PROBE = """
import aws_lambda_powertools, boto3  # not tested here

reads = []
read = type(os.environ).__getitem__
type(os.environ).__getitem__ = lambda self, name: reads.append(name) or read(self, name)

def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system")):
        raise SystemExit(f"importing did {event}")

sys.addaudithook(watch)
for module in sys.argv[1:]:
    importlib.import_module(module)
print(*reads)
"""


def test_importing_reads_no_environment_and_opens_no_socket() -> None:
    modules = ["walmart_ca", "acknowledge_orders.bootstrap", "sweep_orders.bootstrap"]

    assert run_python(PROBE, {}, *modules) == [[]]


AWS = {"boto3", "botocore", "aws_lambda_powertools", "aws_xray_sdk"}


@pytest.mark.parametrize(
    ("modules", "needless"),
    [
        (["acknowledge_orders.application", "acknowledge_orders.self_check", "sweep_orders.sweep"], AWS),
        # The synchronous client needs none of the others.
        (["walmart_ca"], AWS | {"pydantic", "asyncio", "xml"}),
    ],
)
def test_the_inner_modules_know_no_aws(modules: list[str], needless: set[str]) -> None:
    (loaded,) = run_python("[*map(importlib.import_module, sys.argv[1:])]; print(*sys.modules)", {}, *modules)

    assert needless & {module.partition(".")[0] for module in loaded} == set()


COLD_START = """
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
entry = importlib.import_module(f"{sys.argv[1]}.handler")
print(entry._function.cache_info().currsize)
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
"""Modules that a careless import would add to a cold start. boto3 always loads s3transfer."""


@entries
def test_a_cold_start_builds_the_function_and_loads_no_unused_module(package: str) -> None:
    (built,), modules, models = run_python(COLD_START, ENVIRONMENT, package)

    assert built == "1"
    assert NEEDLESS & set(modules) == set()
    assert any("/secretsmanager/" in path for path in models)
    # Only the sweep always uses SQS; the other function uses it to postpone or park an order.
    assert any("/sqs/" in path for path in models) is (package == "sweep_orders")


INVOCATION = """
for package in sys.argv[1:]:
    entry = importlib.import_module(f"{package}.handler")
    try:
        entry.lambda_handler({}, None)
    except Exception as error:
        print(entry._function.cache_info().currsize, error)
"""


def test_an_invocation_names_a_missing_setting() -> None:
    environment = {**ENVIRONMENT, "REQUESTS_PER_MINUTE": ""}

    lines = run_python(INVOCATION, environment, "acknowledge_orders", "sweep_orders")

    assert [line[:4] for line in lines] == [["0", "REQUESTS_PER_MINUTE", "is", "missing"]] * 2


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'AsyncKlient'"):
        walmart_ca.AsyncKlient  # type: ignore[attr-defined]  # noqa: B018 - the access is the test


def test_the_package_exports_the_names_in_all() -> None:
    assert set(walmart_ca.__all__) <= set(dir(walmart_ca))
    assert [name for name in walmart_ca.__all__ if not hasattr(walmart_ca, name)] == []
