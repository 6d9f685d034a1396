"""checkov checks the resources of the template, and parliament its policies, both offline."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from tests.local.aws import Venvs
from tests.local.aws.commands import run
from tests.support.deployed import deployed
from tests.support.paths import ROOT
from tests.support.scanners import parliament
from tests.support.template import Template

_WAIVER: Final = re.compile(r"checkov:skip=(\w+):?(.*)")
_ARNS: Final = {
    "AWS::DynamoDB::Table": "dynamodb:ca-central-1:123456789012:table/name",
    "AWS::Events::Rule": "events:ca-central-1:123456789012:rule/name",
    "AWS::Lambda::Function": "lambda:ca-central-1:123456789012:function:name",
    "AWS::Logs::LogGroup": "logs:ca-central-1:123456789012:log-group:name:*",
    "AWS::SNS::Topic": "sns:ca-central-1:123456789012:name",
    "AWS::SQS::Queue": "sqs:ca-central-1:123456789012:name",
}

type Findings = dict[str, set[tuple[str, str]]]
"""Of each file: what checkov finds, as a check of checkov and the logical id of a resource."""


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory, template: Template) -> dict[str, Findings]:
    """The checks passed, failed and skipped in the template as written, unwaived and transformed."""
    directory, text = tmp_path_factory.mktemp("checkov"), (ROOT / "template.yaml").read_text()
    (directory / "written.yaml").write_text(text)
    (directory / "unwaived.yaml").write_text(_WAIVER.sub("", text))
    (directory / "transformed.json").write_text(json.dumps(template.body))
    answer = run(
        [
            Venvs().tool("scan", "checkov"),
            *("--directory", directory),
            *("--framework", "cloudformation"),
            *("--output", "json"),
            "--skip-download",
            "--soft-fail",
        ],
        cwd=directory,
        # Without the user's own settings, and without calls to a service.
        extra={"HOME": str(directory), "BC_API_KEY": "", "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"},
    )
    found: dict[str, Findings] = {kind: defaultdict(set) for kind in ("passed", "failed", "skipped")}
    for kind, findings in found.items():
        for check in json.loads(answer)["results"][f"{kind}_checks"]:
            resource = check["resource"].rpartition(".")[2]
            findings[check["file_path"].removeprefix("/")].add((check["check_id"], resource))
    return found


@pytest.mark.parametrize("file", ["written.yaml", "unwaived.yaml", "transformed.json"])
def test_checkov_checks_each_function(checked: dict[str, Findings], file: str) -> None:
    # "Ensure no hard-coded secrets exist in Lambda environment".
    assert {("CKV_AWS_45", "AcknowledgeFunction"), ("CKV_AWS_45", "SweepFunction")} <= checked["passed"][file]


def test_checkov_finds_exactly_what_is_waived(checked: dict[str, Findings]) -> None:
    failed, waived = checked["failed"], checked["skipped"]["written.yaml"]

    assert failed["written.yaml"] == set()
    assert failed["unwaived.yaml"] == failed["transformed.json"] == waived


def test_every_waiver_takes_effect_and_says_why(checked: dict[str, Findings]) -> None:
    waivers = _WAIVER.findall((ROOT / "template.yaml").read_text())

    assert sorted(check for check, _ in waivers) == sorted(
        check for check, _ in checked["skipped"]["written.yaml"]
    )
    for _, reason in waivers:
        assert len(reason.split()) > 3


@pytest.fixture(scope="module")
def resolved(template: Template) -> Template:
    """The template with every optional resource."""
    return deployed(
        template,
        AlarmEmail="someone@example.com",
        ArchiveDays="30",
        CredentialsSecretArn="arn:aws:secretsmanager:ca-central-1:123456789012:secret:name-AbCdEf",
        CredentialsKeyArn="arn:aws:kms:ca-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    )


@pytest.fixture(scope="module")
def policies(resolved: Template) -> dict[str, str]:
    """The policies of roles, queues and topic, resolved, with ARNs of the right kind."""
    roles = resolved.of_type("AWS::IAM::Role")
    documents = {
        **{f"{name}-{each['PolicyName']}": each for name in roles for each in roles[name]["Policies"]},
        **resolved.of_type("AWS::SQS::QueuePolicy"),
        **resolved.of_type("AWS::SNS::TopicPolicy"),
    }

    def arn(found: re.Match[str]) -> str:
        return f"arn:aws:{_ARNS[resolved.body['Resources'][found[1]]['Type']]}"

    return {
        name: re.sub(r"<(\w+)(?:\.Arn)?>", arn, json.dumps(each["PolicyDocument"]))
        for name, each in documents.items()
    }


MISTAKES: Final = [
    ("sqs:SendMessage", "sqs:SentMessage", "UNKNOWN_ACTION"),
    ("sqs:SendMessage", "sqs:*", "PERMISSIONS_MANAGEMENT_ACTIONS"),
    ('arn:aws:secretsmanager:[^"]+', "*", "RESOURCE_STAR"),
    ("arn:aws:sqs:", "arn:aws:sns:", "RESOURCE_MISMATCH"),
    ("kms:ViaService", "kms:ThroughService", "UNKNOWN_CONDITION_FOR_ACTION"),
]


def test_parliament_finds_mistakes_only(tmp_path: Path, policies: dict[str, str]) -> None:
    assert len(policies) == 7
    wrong = {
        f"{issue}-{name}": re.sub(right, wrong, policy)
        for right, wrong, issue in MISTAKES
        for name, policy in policies.items()
        if re.search(right, policy)
    }

    found = parliament(tmp_path, policies | wrong)

    assert found.keys() & policies.keys() == set()
    for _, _, issue in MISTAKES:
        assert issue in set().union(*(found[name] for name in found if name.startswith(f"{issue}-")))
