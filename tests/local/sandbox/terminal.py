"""What a second terminal needs to use the sandbox: environment variables, commands, and settings of SAM."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.local.aws import Build, LocalAws, Venvs
from tests.local.aws.aws_cli import AwsCli
from tests.local.aws.commands import local_settings
from tests.local.aws.stack import this_machine
from tests.local.deployment import Deployment
from tests.local.marketplace.commands import URL_VARIABLE
from tests.support.paths import ROOT

DIRECTORY: Final = ROOT / ".local" / "sandbox"
COMMANDS: Final = DIRECTORY / "bin"
_BUILD: Final = DIRECTORY / "build"
_TEMPLATE: Final = DIRECTORY / "local" / "template.yaml"
_PARAMETERS: Final = DIRECTORY / "parameters.json"
_SAM_CONFIG: Final = DIRECTORY / "samconfig.toml"

# A build for this machine in the project's own directory would be deployed to the real AWS by mistake.
_SAM: Final = """#!/bin/sh
# SAM. Its builds and deployments have the settings of the sandbox.
command=$1
case $command in
build) shift ;;
deploy)
    shift
    PYTHONPATH={root} {python} -m tests.local.sandbox.template {build} {template} {parameters} || exit
    set -- --template-file {template} "$@"
    ;;
*) exec {sam} "$@" ;;
esac
exec {sam} "$command" --config-file {config} "$@"
"""
_MARKETPLACE: Final = """#!/bin/sh
PYTHONPATH={root} exec {python} -m tests.local.marketplace.commands "$@"
"""
_ACTIVATE: Final = """# Source this: the terminal then uses the sandbox, and not your AWS.
for name in $(env | sed -nE 's/^((AWS|SAM)_[A-Za-z0-9_]*)=.*/\\1/p'); do unset "$name"; done
{exports}
export PATH={path}:"$PATH"
PS1="(sandbox) ${{PS1#"(sandbox) "}}"
"""


@contextmanager
def second_terminal(deployment: Deployment) -> Iterator[Path]:
    """Write the file that a second terminal sources; it is removed afterwards."""
    shutil.rmtree(COMMANDS, ignore_errors=True)
    COMMANDS.mkdir(parents=True)
    # What is deployed, so that `sam deploy` alone deploys that again, and not what an earlier sandbox built.
    shutil.rmtree(_BUILD, ignore_errors=True)
    shutil.copytree(Build.cached().directory, _BUILD)
    _make_sams_bucket(deployment.aws)
    parameters = {"Architecture": this_machine(), **deployment.parameters}
    _PARAMETERS.write_text(json.dumps(parameters))
    _SAM_CONFIG.write_text(_sam_config(deployment.stack.name, parameters))
    _write_command("sam", _SAM)
    _write_command("marketplace", _MARKETPLACE)
    activate = DIRECTORY / "activate"
    with ExitStack() as stack:
        if not _has_aws_cli():
            stack.enter_context(AwsCli(deployment.aws, COMMANDS))
        variables = {
            **local_settings(),
            "AWS_ENDPOINT_URL": deployment.aws.endpoint_url,
            "AWS_PAGER": "",
            URL_VARIABLE: deployment.marketplace.url,
        }
        exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
        stack.callback(activate.unlink, missing_ok=True)
        activate.write_text(_ACTIVATE.format(exports=exports, path=shlex.quote(str(COMMANDS))))
        yield activate


def _make_sams_bucket(aws: LocalAws) -> None:
    """Make SAM's own stack with the bucket for build results. SAM would wait half a minute for it."""
    template = {
        "Resources": {"SamCliSourceBucket": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {"SourceBucket": {"Value": {"Ref": "SamCliSourceBucket"}}},
    }
    aws.client("cloudformation").create_stack(
        StackName="aws-sam-cli-managed-default",
        TemplateBody=json.dumps(template),
        Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
    )


def _has_aws_cli() -> bool:
    """Whether the user's `aws` is version 2. Version 1 ignores `AWS_ENDPOINT_URL` for SQS."""
    aws = shutil.which("aws")
    if aws is None:
        return False
    version = subprocess.run([aws, "--version"], capture_output=True, text=True, check=False)
    return version.stdout.startswith("aws-cli/2")


def _write_command(name: str, text: str) -> None:
    paths = {
        "root": ROOT,
        "python": sys.executable,
        "sam": Venvs().sam,
        "build": _BUILD,
        "template": _TEMPLATE,
        "parameters": _PARAMETERS,
        "config": _SAM_CONFIG,
    }
    command = COMMANDS / name
    command.write_text(text.format(**{key: shlex.quote(str(path)) for key, path in paths.items()}))
    command.chmod(0o755)


def _sam_config(stack_name: str, parameters: Mapping[str, str]) -> str:
    """Settings as in the project's samconfig.toml, for the local AWS and without a question."""
    # All of them, as a guided deployment saves them: a plain `sam deploy` sets them again.
    declared = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"].items()
    defaults = {name: str(each["Default"]) for name, each in declared if "Default" in each}
    sections: dict[str, dict[str, str | bool]] = {
        "global": {"stack_name": stack_name},
        "build": {
            "cached": True,
            "parallel": True,
            "build_dir": str(_BUILD),
            "cache_dir": str(DIRECTORY / "cache"),
            "parameter_overrides": _overrides({"Architecture": parameters["Architecture"]}),
        },
        "deploy": {
            "resolve_s3": True,
            "capabilities": "CAPABILITY_IAM",
            "confirm_changeset": False,
            "fail_on_empty_changeset": False,
            "parameter_overrides": _overrides({**defaults, **parameters}),
        },
    }
    lines = ["version = 0.1"]
    for name, settings in sections.items():
        # JSON's texts and booleans are TOML's too.
        lines += [f"[default.{name}.parameters]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _overrides(parameters: Mapping[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in parameters.items())
