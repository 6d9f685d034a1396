"""Build the project with SAM and deploy it to a local AWS, as a user would to the real one."""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.local.aws.commands import REGION, CommandFailed, run
from tests.local.aws.logs import LogReader
from tests.local.aws.server import LocalAws
from tests.local.aws.venvs import Venvs
from tests.support.paths import ROOT

type Progress = Callable[[str], None]
"""Called with a sentence about each step."""

_SOURCES: Final = ("template.yaml", "functions", "layers")
_BUILDS_KEPT: Final = 4
_BUCKET: Final = "local-builds"
_UNKNOWN_TYPES: Final = ("AWS::Events::Archive", "AWS::Logs::QueryDefinition")
_UNKNOWN_CONDITION_KEYS: Final = ("events:source", "events:detail-type")


def this_machine() -> str:
    """Lambda's name for this machine's processor, for which local functions must be built."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def silently(_message: str) -> None:
    """Ignore the progress."""


@dataclass(frozen=True)
class Build:
    """SAM's build of the project: a directory with the template and one directory per layer and function."""

    directory: Path
    architecture: str

    @property
    def template(self) -> Path:
        return self.directory / "template.yaml"

    @classmethod
    def make(cls, directory: Path, *, architecture: str) -> Self:
        """Build the project into a directory.

        Raises:
            CommandFailed: SAM could not; the message contains its output.
        """
        run(
            [
                Venvs().sam,
                "build",
                *("--template-file", ROOT / "template.yaml"),
                *("--build-dir", directory),
                # Overrides the project's samconfig.toml, because `cached` below has its own cache.
                "--no-cached",
                "--parallel",
                *("--parameter-overrides", f"Architecture={architecture}"),
            ],
            cwd=ROOT,
        )
        return cls(directory, architecture)

    @classmethod
    def cached(cls, *, architecture: str | None = None, on_progress: Progress = silently) -> Self:
        """This project's build from `.local/builds`, repeated only when a source has changed.

        Raises:
            CommandFailed: SAM could not build; the message contains its output.
        """
        architecture = architecture or this_machine()
        builds = ROOT / ".local" / "builds"
        builds.mkdir(parents=True, exist_ok=True)
        build = cls(builds / f"{architecture}-{_fingerprint()}", architecture)
        # Other processes wait for the build instead of repeating it at the same time.
        with (builds / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if build.template.is_file():
                on_progress(f"Nothing changed since the last build for {architecture}")
                os.utime(build.directory)
                return build
            on_progress(f"Building the layers and the functions for {architecture}")
            with tempfile.TemporaryDirectory(dir=builds, prefix="unfinished-") as unfinished:
                made = cls.make(Path(unfinished) / "build", architecture=architecture)
                # Atomic, so that a build is complete or not there, even when this process is killed.
                made.directory.rename(build.directory)
            _forget_old(builds)
        return build

    def for_local_aws(self, directory: Path) -> tuple[Self, list[str]]:
        """Copy the build into a directory, without the parts that the local AWS does not support.

        Returns:
            The copy, and the names of the removed parts.
        """
        directory.mkdir(parents=True)
        # The template refers to what was built by relative paths.
        for part in self.directory.resolve().iterdir():
            if part.is_dir():
                (directory / part.name).symlink_to(part)
        local = type(self)(directory, self.architecture)
        template, removed = without_unsupported_parts(yaml_parse(self.template.read_text()))
        local.template.write_text(json.dumps(template))  # JSON is YAML too
        return local, removed


@dataclass(frozen=True)
class Stack:
    """A stack deployed to a local AWS, with its outputs by name."""

    aws: LocalAws
    name: str
    outputs: Mapping[str, str]

    @classmethod
    def deploy(
        cls,
        aws: LocalAws,
        *,
        name: str,
        parameters: Mapping[str, str],
        on_progress: Progress = silently,
    ) -> Self:
        """Deploy the project as it is now, or update a stack of the same name.

        The parts that the local AWS does not support are removed and reported.

        Raises:
            CommandFailed: SAM could not build or deploy; the message contains its output.
        """
        build = Build.cached(on_progress=on_progress)
        _ensure_bucket(aws)
        with tempfile.TemporaryDirectory(dir=aws.directory) as directory:
            local, removed = build.for_local_aws(Path(directory) / "build")
            if removed:
                on_progress(f"Removing what the local AWS does not support: {', '.join(removed)}")
            on_progress(f"Deploying the stack {name}")
            # From a file, because SAM parses a command line in its own way.
            overrides = Path(directory) / "parameters.yaml"
            overrides.write_text(json.dumps({"Architecture": build.architecture, **parameters}))
            run(
                [
                    Venvs().sam,
                    "deploy",
                    *("--template-file", local.template),
                    *("--stack-name", name),
                    *("--s3-bucket", _BUCKET),
                    *("--capabilities", "CAPABILITY_IAM"),
                    *("--region", REGION),
                    *("--parameter-overrides", overrides.as_uri()),
                    "--no-confirm-changeset",
                    "--no-fail-on-empty-changeset",
                    "--no-progressbar",
                ],
                # Not in the project, whose samconfig.toml is for the real AWS.
                cwd=Path(directory),
                extra={"AWS_ENDPOINT_URL": aws.endpoint_url},
            )
        (described,) = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return cls(aws, name, {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]})

    def invoke(self, name_output: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke the function whose name is an output; a `CommandFailed` if the function fails."""
        response = self.aws.client("lambda").invoke(
            FunctionName=self.outputs[name_output], Payload=json.dumps(event)
        )
        text = response["Payload"].read()
        if response.get("FunctionError"):
            raise CommandFailed(f"{self.outputs[name_output]} failed: {text.decode()}")
        record: dict[str, Any] = json.loads(text)
        return record

    def log(self, group_output: str, text: str) -> LogReader:
        """Return a reader of the lines with a text in the log group whose name is an output."""
        return LogReader(self.aws.client("logs"), self.outputs[group_output], text)


def without_unsupported_parts(template: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Remove from a template what the local AWS does not support, and nothing else.

    These are some types of resources, with the outputs that refer to them; alarms on several metrics; and a
    role's conditions on the events that it publishes, which are never true in the local AWS.

    Returns:
        The rest, and the names of the removed parts.
    """
    resources, removed = {}, []
    for name, each in template["Resources"].items():
        if _is_unknown(each):
            removed.append(name)
            continue
        resources[name] = _without_unknown_conditions(each)
        if resources[name] != each:
            removed.append(f"{name}'s conditions on {' and '.join(_UNKNOWN_CONDITION_KEYS)}")
    outputs = {
        name: each
        for name, each in template["Outputs"].items()
        if not any(json.dumps(part) in json.dumps(each["Value"]) for part in removed)
    }
    return {**template, "Resources": resources, "Outputs": outputs}, removed


def _is_unknown(resource: Mapping[str, Any]) -> bool:
    if resource["Type"] == "AWS::CloudWatch::Alarm":
        return "Metrics" in resource["Properties"]
    return resource["Type"] in _UNKNOWN_TYPES


def _without_unknown_conditions(part: Any) -> Any:  # noqa: ANN401 - any part of a template
    return _without(part, lambda name, value: name == "Condition" and _names(value, *_UNKNOWN_CONDITION_KEYS))


def _without(part: Any, matches: Callable[[str | None, Any], bool]) -> Any:  # noqa: ANN401 - any part of a template
    """Remove the members and items for which `matches` is true, given a name (None for items) and a value."""
    if isinstance(part, list):
        return [_without(each, matches) for each in part if not matches(None, each)]
    if isinstance(part, dict):
        return {name: _without(each, matches) for name, each in part.items() if not matches(name, each)}
    return part


def _names(part: object, *keys: str) -> bool:
    return any(json.dumps(key) in json.dumps(part) for key in keys)


def _ensure_bucket(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def _fingerprint() -> str:
    """A hash of all sources of a build."""
    digest = hashlib.sha256()
    for path in _source_files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _source_files() -> Iterator[Path]:
    for source in _SOURCES:
        path = ROOT / source
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (each for each in found if each.is_file() and "__pycache__" not in each.parts)


def _forget_old(builds: Path) -> None:
    """Keep only the builds used last, because each has some 30 MB."""
    used = sorted(
        builds.glob("*-*/template.yaml"), key=lambda path: path.parent.stat().st_mtime, reverse=True
    )
    for template in used[_BUILDS_KEPT:]:
        shutil.rmtree(template.parent, ignore_errors=True)
