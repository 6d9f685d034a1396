"""The first guided deployment saves the answers, and every later deployment uses them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.local.aws import Build, LocalAws, Venvs
from tests.local.aws.stack import this_machine
from tests.support.paths import ROOT
from tests.support.terminal import Conversation, converse
from tests.support.version import VERSION

NAME = "walmart-order-acknowledgement"
TOPIC = "arn:aws:sns:ca-central-1:123456789012:order-alarms"


@dataclass(frozen=True)
class Project:
    """A copy of the project's configuration, with a build for the local AWS."""

    directory: Path
    aws: LocalAws

    def delete_build(self) -> None:
        shutil.rmtree(self.directory / ".aws-sam", ignore_errors=True)

    def build(self) -> None:
        """Build as `sam build` does, which replaces the directory."""
        self.delete_build()
        Build.cached().for_local_aws(self.directory / ".aws-sam" / "build")

    def deploy(self, *options: str, **answers: str) -> Conversation:
        """Run `sam deploy` at a terminal with answers for parameters, and confirm the change set."""
        return converse(
            [Venvs().sam, "deploy", *options],
            cwd=self.directory,
            extra={
                "AWS_ENDPOINT_URL": self.aws.endpoint_url,
                **dict.fromkeys(("HOME", "TMPDIR"), str(self.directory)),
            },
            answers={
                "Deploy this changeset?": "y",
                **{f"Parameter {name}": response for name, response in answers.items()},
            },
        )

    def deployed(self) -> tuple[dict[str, str], dict[str, str]]:
        """The stack's parameters and tags."""
        (stack,) = self.aws.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return (
            {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]},
            {each["Key"]: each["Value"] for each in stack["Tags"]},
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project after its first guided deployment."""
    directory = tmp_path_factory.mktemp("project")
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, directory)
    with LocalAws() as aws:
        given = {
            "CredentialsSecretArn": aws.client("secretsmanager").create_secret(
                Name="walmart-ca", SecretString="{}"
            )["ARN"],
            "AlarmEmail": "someone@example.com",
            "SweepEnabled": "false",
            "Architecture": this_machine(),
        }
        project = Project(directory, aws)
        project.build()
        first = project.deploy("--guided", **given)
        assert first.status == 0, first.output
        assert given.items() <= project.deployed()[0].items()
        yield project


def test_the_second_guided_deployment_offers_the_saved_answers(project: Project) -> None:
    before, _ = project.deployed()
    project.build()

    second = project.deploy("--guided")

    assert second.status == 0, second.output
    assert {name: second.defaults[f"Parameter {name}"] for name in before} == before
    assert project.deployed()[0] == before


def test_an_address_together_with_a_topic_for_alarms_is_refused(project: Project) -> None:
    before = project.deployed()
    cloudformation = project.aws.client("cloudformation")

    with pytest.raises(ClientError, match="Give AlarmEmail or AlarmTopicArn, not both"):
        cloudformation.update_stack(
            StackName=NAME,
            UsePreviousTemplate=True,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in {**before[0], "AlarmTopicArn": TOPIC}.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

    assert project.deployed() == before


def test_a_plain_deployment_uses_the_saved_answers_and_ends_a_pause(project: Project) -> None:
    before, _ = project.deployed()
    saved = project.directory / "samconfig.toml"
    project.build()

    paused = project.deploy("--parameter-overrides", "AcknowledgementEnabled=false")
    then, _ = project.deployed()
    # A topic in place of the address.
    saved.write_text(
        saved.read_text()
        .replace(f'AlarmEmail=\\"{before["AlarmEmail"]}', 'AlarmEmail=\\"')
        .replace('AlarmTopicArn=\\"', f'AlarmTopicArn=\\"{TOPIC}')
    )
    plain = project.deploy()

    assert (paused.status, plain.status) == (0, 0), paused.output + plain.output
    assert then == {**before, "AcknowledgementEnabled": "false"}
    after, tags = project.deployed()
    assert after == {**before, "AlarmEmail": "", "AlarmTopicArn": TOPIC}
    assert tags["version"] == VERSION


def test_without_a_build_nothing_is_deployed(project: Project) -> None:
    project.delete_build()

    refused = project.deploy()

    assert refused.status != 0
    assert ".aws-sam/build/template.yaml" in refused.output
