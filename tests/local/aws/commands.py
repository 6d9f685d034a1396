"""Run commands without the user's AWS settings, and leave no process behind."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final

from tests.local.aws.venvs import search_path

_INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REGION: Final = "ca-central-1"
ACCESS_KEY: Final = "test"
SECRET_KEY: Final = "test"


class CommandFailed(RuntimeError):  # noqa: N818 - named for what happened
    """A command ended with an error; the message contains its whole output."""


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The user's environment variables without those of AWS and of this Python.

    The others stay, because proxies, certificates and caches belong to the machine.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SAM_", "PYTHON")) and name != "VIRTUAL_ENV"
    }
    return {**inherited, "PATH": search_path(), **local_settings(), **extra}


def local_settings() -> dict[str, str]:
    """The environment variables by which a command uses the local AWS alone, except `AWS_ENDPOINT_URL`."""
    unproxied = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"]))
    return {
        # A proxy cannot reach this machine's loopback address.
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.5",
    }


def run(command: Sequence[str | Path], *, cwd: Path, extra: Mapping[str, str] | None = None) -> str:
    """Run a command in its own process group and return its standard output.

    An interrupt reaches only this process, which then ends the group.

    Raises:
        CommandFailed: The command ended with an error.
    """
    words = [str(word) for word in command]
    process = None
    with ExitStack() as stack:
        try:
            with interrupts_held_back():
                # SAM leaves temporary files behind, even when it succeeds.
                scratch = stack.enter_context(tempfile.TemporaryDirectory())
                process = subprocess.Popen(
                    words,
                    cwd=cwd,
                    env=environment({"TMPDIR": scratch, **(extra or {})}),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
            output, errors = process.communicate()
        except BaseException:
            if process is not None:
                end(process)
            raise
    if process.returncode:
        raise CommandFailed(f"{' '.join(words)} ended with {process.returncode}:\n{output}{errors}")
    return output


def end_when_interrupted() -> None:
    """Raise a `KeyboardInterrupt` at the first SIGINT, SIGTERM or SIGHUP, and ignore every later one."""
    for number in _INTERRUPTS:
        # A shell and some CI runners start a background job with SIGINT ignored: it must end us too.
        # An ignored SIGHUP stays ignored, because nohup means it.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Only once: a second interrupt would leave processes behind.
    for number in _INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Delay interrupts in the main thread: between two lines, a process or a directory would be left behind.

    A signal mask would not do, because the process would inherit it.
    """
    held: list[int] = []
    before = {each: signal.signal(each, lambda got, _frame: held.append(got)) for each in _INTERRUPTS}
    try:
        yield
    finally:
        # Blocked meanwhile: an interrupt between two of these lines would leave the others held for good.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
        for each, handler in before.items():
            signal.signal(each, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number in held:
            signal.raise_signal(number)


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process that was started in its own session, and everything that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
