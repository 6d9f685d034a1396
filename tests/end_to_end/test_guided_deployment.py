"""The first deployment asks and saves the answers; every later one starts from them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.terminal import Conversation, converse
from tests.local.aws import Build, LocalAws, Venvs
from tests.local.aws.stack import this_machine
from tests.support.paths import ROOT
from tests.template.test_version import VERSION

NAME = "walmart-order-acknowledgement"
TOPIC = "arn:aws:sns:ca-central-1:123456789012:order-alarms"


@dataclass(frozen=True)
class Project:
    """A copy of the project's configuration, beside a build for the local AWS.

    Args:
        directory: Where it is.
        aws: What it is deployed to.
        given: The answers of the first deployment.
    """

    directory: Path
    aws: LocalAws
    given: dict[str, str]

    def forget_build(self) -> None:
        """Delete what was built, with everything that was saved beside it."""
        shutil.rmtree(self.directory / ".aws-sam", ignore_errors=True)

    def build(self) -> None:
        """Build as `sam build` does: what was in the directory before is gone."""
        self.forget_build()
        Build.cached().for_the_local_aws(self.directory / ".aws-sam" / "build")

    def deploy(self, *options: str, **answers: str) -> Conversation:
        """Run `sam deploy` at a terminal; answers are for parameters, and the change is agreed to."""
        return converse(
            [Venvs().sam, "deploy", *options],
            cwd=self.directory,
            extra={"AWS_ENDPOINT_URL": self.aws.endpoint_url, "HOME": str(self.directory)},
            answers={
                "Deploy this changeset?": "y",
                **{f"Parameter {name}": answer for name, answer in answers.items()},
            },
        )

    def tags(self) -> dict[str, str]:
        """The stack's tags, which its resources get too."""
        (stack,) = self.aws.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return {each["Key"]: each["Value"] for each in stack["Tags"]}

    def deployed(self) -> dict[str, str]:
        """The stack's parameters."""
        (stack,) = self.aws.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that was deployed for the first time, by answering."""
    directory = tmp_path_factory.mktemp("project")
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, directory)
    with LocalAws() as aws:
        secret = aws.client("secretsmanager").create_secret(Name="walmart-ca", SecretString="{}")["ARN"]
        given = {
            "CredentialsSecretArn": secret,
            "AlarmEmail": "someone@example.com",
            "SweepEnabled": "false",
            "Architecture": this_machine(),
        }
        project = Project(directory, aws, given)
        project.build()
        first = project.deploy("--guided", **given)
        assert first.status == 0, first.output
        yield project


def test_the_first_guided_deployment_deploys_what_was_answered(project: Project) -> None:
    assert project.given.items() <= project.deployed().items()


def test_the_second_guided_deployment_keeps_every_answer_of_the_first_at_enter(project: Project) -> None:
    before = project.deployed()
    project.build()

    second = project.deploy("--guided")

    assert second.status == 0, second.output
    assert {name: second.offered[f"Parameter {name}"] for name in before} == before
    assert project.deployed() == before


def test_after_guided_deployments_the_stack_still_says_which_version_runs(project: Project) -> None:
    project.build()

    plain = project.deploy()

    assert plain.status == 0, plain.output
    assert project.tags()["version"] == VERSION


def test_a_parameter_of_the_command_line_lasts_until_the_next_plain_deployment(project: Project) -> None:
    before = project.deployed()
    project.build()

    paused = project.deploy("--parameter-overrides", "AcknowledgementEnabled=false")
    then = project.deployed()
    plain = project.deploy()

    assert (paused.status, plain.status) == (0, 0), paused.output + plain.output
    assert then == {**before, "AcknowledgementEnabled": "false"}
    assert project.deployed() == before


def test_an_address_and_a_topic_for_alarms_together_are_refused_with_what_to_do(project: Project) -> None:
    before = project.deployed()
    project.build()

    refused = project.deploy("--parameter-overrides", f"AlarmTopicArn={TOPIC}")

    assert refused.status != 0
    assert "Give AlarmEmail or AlarmTopicArn, not both." in " ".join(refused.output.split())
    assert project.deployed() == before


def test_an_address_is_changed_for_a_topic_in_the_saved_answers(project: Project) -> None:
    saved = project.directory / "samconfig.toml"
    before, text = project.deployed(), saved.read_text()
    project.build()

    saved.write_text(
        text.replace(f'AlarmEmail=\\"{before["AlarmEmail"]}', 'AlarmEmail=\\"').replace(
            'AlarmTopicArn=\\"', f'AlarmTopicArn=\\"{TOPIC}'
        )
    )
    try:
        changed = project.deploy()
        then = project.deployed()
    finally:
        saved.write_text(text)
        project.deploy()

    assert changed.status == 0, changed.output
    assert then == {**before, "AlarmEmail": "", "AlarmTopicArn": TOPIC}


def test_without_a_build_nothing_is_deployed(project: Project) -> None:
    project.forget_build()

    refused = project.deploy()

    assert refused.status != 0
    assert ".aws-sam/build/template.yaml" in refused.output
