"""Importing does nothing: whatever the environment lacks, it is noticed at the first invocation."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROBE = """
import importlib, os, sys
import aws_lambda_powertools.utilities.batch, boto3  # what they do when imported is not at issue here

sys.path[:0] = ["functions", "layers/walmart_ca"]
reads = []
read = type(os.environ).__getitem__
type(os.environ).__getitem__ = lambda self, name: reads.append(name) or read(self, name)

def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system")):
        raise SystemExit(f"importing did {event}")

sys.addaudithook(watch)
importlib.import_module(sys.argv[1])
sys.exit(f"importing read {reads}" if reads else 0)
"""


@pytest.mark.parametrize("module", ["acknowledge_orders.handler", "sweep_orders.handler", "walmart_ca"])
def test_importing_reads_no_environment_and_opens_no_socket(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, module],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_inner_modules_know_no_aws() -> None:
    probe = (
        "import sys; sys.path[:0] = ['functions', 'layers/walmart_ca'];"
        "import acknowledge_orders.application, acknowledge_orders.self_check, sweep_orders.sweep;"
        "print(sorted(sys.modules.keys() & {'boto3', 'botocore', 'aws_lambda_powertools'}))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
