"""A process that begins: the built function as Lambda runs it, and a client by itself."""

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
from tests.tools.bench.processes import Program, Until, says_something
from tests.tools.bench.warm import Walmart

_FLOOR: Final = Path(__file__).parent / "floor" / "floor.py"

type Measure[T] = Callable[[Program, Until], T]


def acknowledge_function(build: Build, walmart: Walmart) -> BuiltFunction:
    """AcknowledgeFunction as it was built, and as the template wants it run."""
    return BuiltFunction.of(
        build,
        "AcknowledgeFunction",
        {"OrderQueue": "orders", "OrderDeadLetterQueue": "dead"},
        CredentialsSecretArn="arn",
        MarketplaceUrl=walmart.url,
        RequestsPerMinute="6000",
    )


@contextmanager
def floor(function: BuiltFunction) -> Iterator[BuiltFunction]:
    """The floor, built as the function is: beside the same layers, with byte-code."""
    with tempfile.TemporaryDirectory(prefix="bench-floor-") as directory:
        shutil.copy(_FLOOR, directory)
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(directory, quiet=1, invalidation_mode=unchecked)
        yield BuiltFunction(
            "floor.lambda_handler", Path(directory), function.layers, function.timeout, function.variables
        )


def first_invocation[T](function: BuiltFunction, order: str, measure: Measure[T], walmart: Walmart) -> T:
    """Measure a new execution environment to its first answer: that the order is acknowledged."""
    with LambdaService(walmart.secret, batch([order])) as service:
        program = Program(
            [Venvs().runtime, "-m", "awslambdaric", function.handler],
            # The function's code is the first that it imports from, as /var/task is.
            function.code,
            {
                "PATH": os.defpath,
                "HOME": os.devnull,
                "LANG": "en_US.UTF-8",
                "TZ": ":UTC",
                # A layer's files cover those of the layers before it, and all what the runtime brings.
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
    """Measure a process that calls once, from its start to the answer."""
    command: list[str | Path] = [
        Venvs().tool("bench", "python"),
        *("-m", "tests.tools.bench.contend", contender, "--once", order),
    ]
    return measure(Program(command, ROOT, walmart.environment()), says_something)
