"""The local AWS: one server process, and the functions' processes that it starts."""

import functools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import boto3
import botocore.session
from botocore.config import Config

from tests.local.aws.commands import ACCESS_KEY, REGION, SECRET_KEY, end, interrupts_held_back
from tests.local.aws.venvs import Venvs

_GUARDED: Final = Path(__file__).with_name("guarded.py")
_HOST: Final = "127.0.0.1"
_ROOT: Final = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
_STARTUP_SECONDS: Final = 300
"""Long, for a busy machine; the wait ends earlier when the server does."""
_READ_SECONDS: Final = 300
"""More than any function's timeout."""
_REMOVAL_SECONDS: Final = 30
_PORT_ATTEMPTS: Final = 5


class NotStarted(RuntimeError):  # noqa: N818 - named for what happened
    """The local AWS did not start; the message ends with its log."""


class PortTaken(NotStarted):
    """Another program listens on the chosen port."""


class LocalAws:
    """A local AWS for the duration of a `with` block, which leaves no process and no file behind.

    It enforces the functions' roles. It identifies a caller by the access key and accepts any signature, so
    every program on this machine has full access. It refuses requests of web pages. Its state is in memory,
    in region `ca-central-1`.

    Args:
        port: The port on 127.0.0.1; 0 takes a free port.
        credentials: The credentials of its clients; by default, those of its root user.

    Attributes:
        client: Makes a client of a service, as boto3 does, but ignores the user's own AWS settings.

    Raises:
        PortTaken: On entry, the port is in use.
        NotStarted: On entry, the server ended or did not respond.
    """

    def __init__(self, port: int = 0, credentials: Mapping[str, str] = _ROOT) -> None:
        self.region = REGION
        self.port = port
        self._wanted_port = port
        self._process: subprocess.Popen[str] | None = None
        self._directory: Path | None = None
        self._session = _session()
        self._credentials = credentials
        if TYPE_CHECKING:
            self.client = self._session.client  # its stubs have the type of each service's client
        else:
            self.client = self._client

    @property
    def endpoint_url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    @property
    def directory(self) -> Path:
        """A directory for the lifetime of this AWS, with its log and the functions' code."""
        if self._directory is None:
            raise RuntimeError("The local AWS is not running: use it in a with statement")
        return self._directory

    @property
    def log(self) -> str:
        return (self.directory / "server.log").read_text(errors="replace")

    def _client(self, service: str) -> object:
        made: object = self._session.client(  # type: ignore[call-overload] # the stubs want the name of a service
            service,
            endpoint_url=self.endpoint_url,
            **self._credentials,
            # None would mean the proxies of the environment.
            config=Config(
                proxies={},
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )
        return made

    def assume(self, role_arn: str) -> Self:
        """This AWS with clients that have assumed a role; a `ClientError` if its policy does not allow it."""
        issued = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="assumed")["Credentials"]
        return type(self)(
            self.port,
            {
                "aws_access_key_id": issued["AccessKeyId"],
                "aws_secret_access_key": issued["SecretAccessKey"],
                "aws_session_token": issued["SessionToken"],
            },
        )

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> None:
        with interrupts_held_back():
            self._directory = Path(tempfile.mkdtemp(prefix="local-aws-"))
        if self._wanted_port:
            self._start_on(self._wanted_port)
            return
        # Another program can take a free port before the server does.
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                self._start_on(_free_port())
            except PortTaken:
                if attempt == _PORT_ATTEMPTS:
                    raise
            else:
                return

    def _start_on(self, port: int) -> None:
        if _listens(port):
            raise PortTaken(f"Port {port} on {_HOST} is in use: end what listens there, or choose another")
        self.port = port
        with (self.directory / "server.log").open("w") as log, interrupts_held_back():
            self._process = subprocess.Popen(
                # -P: the server must not import the modules in the guard's directory.
                [Venvs().local_aws, "-P", _GUARDED],
                cwd=self.directory,
                env=_server_environment(self.directory, port),
                # Its end tells the server that this process has ended.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                # Its own process group: an interrupt reaches only this process, which can end the group.
                start_new_session=True,
            )
        deadline = time.monotonic() + _STARTUP_SECONDS
        while not _healthy(self.endpoint_url):
            if self._process.poll() is not None:
                # The server prints this when another program took the port in between.
                taken = "already in use" in self.log
                raise (PortTaken if taken else NotStarted)(f"The local AWS ended at its start:\n{self.log}")
            if time.monotonic() > deadline:
                raise NotStarted(f"The local AWS did not answer in {_STARTUP_SECONDS} s:\n{self.log}")
            time.sleep(0.05)

    def _stop(self) -> None:
        process, self._process = self._process, None
        directory, self._directory = self._directory, None
        try:
            if process is not None:
                end(process)
        finally:
            if directory is not None:
                _remove(directory)


def _server_environment(directory: Path, port: int) -> dict[str, str]:
    """The whole environment of the server, which passes it on to the functions.

    It inherits nothing, so the tests' PYTHONPATH and a user's AWS settings do not reach a function.
    """
    return {
        "PATH": os.defpath,
        "HOME": str(directory),
        # Everything that it unpacks is in our directory and removed with it.
        "TMPDIR": str(directory),
        "STATE_DIR": str(directory),
        "S3_DATA_DIR": str(directory),
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": _HOST,
        # In queue URLs, so that the functions can reach them.
        "MINISTACK_HOST": _HOST,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        # No second port, and no access to the machine's containers.
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{directory}/no-docker.sock",
    }


def _remove(directory: Path) -> None:
    # More than once, because a killed process may still finish a write.
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while directory.exists() and time.monotonic() < deadline:
        shutil.rmtree(directory, ignore_errors=True)
        time.sleep(0.01)


@functools.cache
def _session() -> boto3.session.Session:
    """The session of every LocalAws, because it keeps AWS's models once they are read."""
    nothing = (None, None, None, None)
    core = botocore.session.Session(
        session_vars={
            "profile": nothing,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "ca_bundle": nothing,
        },
    )
    return boto3.session.Session(region_name=REGION, botocore_session=core)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) == 0


def _healthy(endpoint_url: str) -> bool:
    # The default opener would send this to the machine's proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint_url}/_ministack/health", timeout=5) as response:
            return "services" in json.load(response)
    except (OSError, ValueError):
        return False
