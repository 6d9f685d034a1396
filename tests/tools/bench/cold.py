"""Cold starts: the built function as Lambda runs it, and a client alone."""

import compileall
import os
import py_compile
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.local.aws import Build, Venvs
from tests.local.aws.commands import ACCESS_KEY, REGION, SECRET_KEY
from tests.runtime import BuiltFunction
from tests.support.paths import ROOT
from tests.tools.bench.batches import batch
from tests.tools.bench.lambda_service import LambdaService
from tests.tools.bench.processes import Program, Until, first_output
from tests.tools.bench.warm import Walmart

_BASELINE: Final = Path(__file__).parent / "baseline" / "baseline.py"

type Measure[T] = Callable[[Program, Until], T]


def acknowledge_function(build: Build, walmart: Walmart) -> BuiltFunction:
    """Return the built AcknowledgeFunction with the variables of the template."""
    return BuiltFunction.of(
        build,
        "AcknowledgeFunction",
        {"OrderQueue": "orders", "OrderDeadLetterQueue": "dead"},
        CredentialsSecretArn="arn",
        MarketplaceUrl=walmart.url,
        RequestsPerMinute="6000",
    )


@contextmanager
def baseline(function: BuiltFunction) -> Iterator[BuiltFunction]:
    """Build the baseline as the function is built: with the same layers, compiled."""
    with tempfile.TemporaryDirectory(prefix="bench-baseline-") as directory:
        shutil.copy(_BASELINE, directory)
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(directory, quiet=1, invalidation_mode=unchecked)
        yield BuiltFunction(
            "baseline.lambda_handler", Path(directory), function.layers, function.timeout, function.variables
        )


def first_invocation[T](function: BuiltFunction, order: str, measure: Measure[T], walmart: Walmart) -> T:
    """Measure a new execution environment until it has acknowledged an order."""
    with LambdaService(walmart.secret, batch([order])) as service:
        program = Program(
            [Venvs().runtime, "-m", "awslambdaric", function.handler],
            # As in /var/task, the function's code comes first.
            function.code,
            {
                "PATH": os.defpath,
                "HOME": os.devnull,
                "LANG": "en_US.UTF-8",
                "TZ": ":UTC",
                # A later layer overrides the earlier ones, and all override the runtime.
                "PYTHONPATH": os.pathsep.join(str(each / "python") for each in reversed(function.layers)),
                "LAMBDA_TASK_ROOT": str(function.code),
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_LAMBDA_RUNTIME_API": service.address,
                "AWS_ENDPOINT_URL": f"http://{service.address}",
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                **function.variables,
            },
        )
        return measure(program, service.acknowledged)


def first_call[T](contender: str, order: str, measure: Measure[T], walmart: Walmart) -> T:
    """Measure a process from its start until the response to its only call."""
    command: list[str | Path] = [
        Venvs().tool("bench", "python"),
        *("-m", "tests.tools.bench.contend", contender, "--once", order),
    ]
    return measure(Program(command, ROOT, walmart.environment()), first_output)
