"""One execution environment of Lambda: the emulator, and the process of the function that it starts."""

import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import urllib3
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.local.aws import Build, Venvs
from tests.local.aws.commands import ACCESS_KEY, REGION, SECRET_KEY, interrupts_held_back
from tests.local.aws.stack import this_machine
from tests.support.deployed import deployed
from tests.support.template import Template

_STARTUP_SECONDS: Final = 60
_ANSWER_SECONDS: Final = 120
_INVOCATIONS: Final = 8080
_RUNTIME_API: Final = 9001


class EnvironmentGone(Exception):  # noqa: N818 - named for what happened
    """The environment ended before it answered."""


class TimedOut(Exception):  # noqa: N818 - named for what happened
    """The invocation timed out; the message is Lambda's."""


@dataclass(frozen=True)
class BuiltFunction:
    """A function as it was built, configured by the template.

    Args:
        handler: The handler's import path.
        code: The folder that Lambda has at /var/task.
        layers: The folders that Lambda merges into /opt, in this order.
        timeout: Seconds for an invocation.
        variables: The environment variables.
    """

    handler: str
    code: Path
    layers: tuple[Path, ...]
    timeout: int
    variables: Mapping[str, str]

    @classmethod
    def of(cls, build: Build, name: str, resources: Mapping[str, str], **parameters: str) -> Self:
        """Read a function from the built template.

        Args:
            build: The build.
            name: The function's logical id.
            resources: The value of a reference to each resource, such as a queue's URL.
            parameters: The template's parameters that are not the default.
        """
        template = Template(yaml_parse(build.template.read_text()))
        layers = [each["Ref"] for each in template.body["Globals"]["Function"]["Layers"]]
        function = deployed(template, **parameters)[name]
        made = {f"<{resource}>": value for resource, value in resources.items()}
        variables = function["Environment"]["Variables"].items()
        return cls(
            handler=function["Handler"],
            code=build.directory / function["CodeUri"],
            layers=tuple(build.directory / template[layer]["ContentUri"] for layer in layers),
            timeout=function["Timeout"],
            variables={variable: made.get(value, value) for variable, value in variables},
        )

    def without(self, *, layer: str | None = None, variable: str | None = None) -> Self:
        """Return the function without a layer or a variable."""
        return replace(
            self,
            layers=tuple(each for each in self.layers if each.name != layer),
            variables={name: value for name, value in self.variables.items() if name != variable},
        )

    def with_timeout(self, seconds: int) -> Self:
        return replace(self, timeout=seconds)


class Environment:
    """An execution environment that lasts for a `with` block; the first invocation starts its function.

    Args:
        function: The function.
        aws_endpoint_url: The AWS that it calls.
        variables: Environment variables that are added or changed.
        venvs: The environments with the emulator and the runtime.
    """

    def __init__(
        self,
        function: BuiltFunction,
        *,
        aws_endpoint_url: str,
        variables: Mapping[str, str] | None = None,
        venvs: Venvs | None = None,
    ) -> None:
        self._function = function
        self._variables = {"AWS_ENDPOINT_URL": aws_endpoint_url, **(variables or {})}
        self._venvs = venvs or Venvs()
        # A loopback address of its own, so that no two of them need the same port.
        self._host = f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = tempfile.TemporaryDirectory(prefix="lambda-")
        self._http = urllib3.PoolManager(retries=False, timeout=_ANSWER_SECONDS)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        self._http.clear()
        self._directory.cleanup()

    def invoke(self, event: object) -> Any:  # noqa: ANN401 - the function's answer
        """Invoke the function, and return its answer, or Lambda's with `errorType`.

        Raises:
            TimedOut: The invocation timed out.
            EnvironmentGone: The environment was killed.
        """
        url = f"http://{self._host}:{_INVOCATIONS}/2015-03-31/functions/function/invocations"
        try:
            answer = self._http.request("POST", url, body=json.dumps(event))
        except urllib3.exceptions.HTTPError as error:
            raise EnvironmentGone(self._log("emulator")) from error
        if answer.data.startswith(b"Task timed out"):
            raise TimedOut(answer.data.decode())
        return json.loads(answer.data)

    def output(self) -> list[dict[str, Any]]:
        """The function's log so far, whose lines are JSON; Lambda's own lines are left out."""
        whole = self._log("output").rpartition("\n")[0]  # without a line that is being written
        return [json.loads(line) for line in whole.split("\n") if line.startswith("{")]

    def everything_printed(self) -> str:
        """All that the function and the emulator have printed so far."""
        return self._log("output") + self._log("emulator")

    def processes(self) -> Iterator[int]:
        """The process ids in the environment, the emulator's first."""
        if self._process is not None:
            yield self._process.pid
            # Found after the emulator was signalled, so that it starts no further process.
            yield from _others_of_session(self._process.pid)

    def kill(self) -> None:
        """Kill all processes at once, as when the machine fails."""
        # The emulator first, because it would restart the function.
        self._signal(signal.SIGKILL)
        process, self._process = self._process, None
        if process is not None:
            process.wait()

    def freeze(self) -> None:
        """Stop all processes, as Lambda does between invocations."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _start(self) -> None:
        directory = Path(self._directory.name)
        with (
            (directory / "output").open("wb") as output,
            (directory / "emulator").open("wb") as log,
            interrupts_held_back(),
        ):
            self._process = subprocess.Popen(
                [
                    self._venvs.emulator(this_machine()),
                    *("--runtime-interface-emulator-address", f"{self._host}:{_INVOCATIONS}"),
                    *("--runtime-api-address", f"{self._host}:{_RUNTIME_API}"),
                    *(self._venvs.runtime, "-m", "awslambdaric", self._function.handler),
                ],
                # The folder that Python imports from first, like /var/task.
                cwd=self._function.code,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                # A session of its own, by which the function's process is found.
                start_new_session=True,
            )
        deadline = time.monotonic() + _STARTUP_SECONDS
        while not _listens(self._host, _INVOCATIONS):
            assert self._process.poll() is None, self._log("emulator")
            assert time.monotonic() < deadline, self._log("emulator")
            time.sleep(0.02)

    def _environment(self) -> dict[str, str]:
        """The complete environment: no variable of the tests may reach the function."""
        # A layer's files hide those of the layers before it, and all of them hide the runtime's.
        layers = [str(layer / "python") for layer in reversed(self._function.layers)]
        return {
            "PATH": os.defpath,
            "HOME": self._directory.name,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": os.pathsep.join(layers),
            "LAMBDA_TASK_ROOT": str(self._function.code),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self._function.timeout),
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            **self._function.variables,
            **self._variables,
        }

    def _log(self, name: str) -> str:
        return (Path(self._directory.name) / name).read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, number)


def _others_of_session(leader: int) -> Iterator[int]:
    """Find the function's process, which the emulator puts into a process group of its own."""
    for each in Path("/proc").iterdir():
        with suppress(ProcessLookupError):
            if each.name.isdecimal() and int(each.name) != leader and os.getsid(int(each.name)) == leader:
                yield int(each.name)


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
