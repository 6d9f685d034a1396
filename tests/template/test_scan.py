"""Three scanners check the template, which has the waivers with their reasons.

checkov checks the resources, parliament the policies, and cfripper whom they allow what, all offline.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.local.aws import CommandFailed, Venvs
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

type Finding = tuple[str, str]
"""A check of checkov, and the logical id of the resource."""


class Findings:
    """Checkov's findings in the template as written, without its waivers, and as SAM transforms it."""

    def __init__(self, directory: Path, template: Template) -> None:
        text = (ROOT / "template.yaml").read_text()
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
        self._results = json.loads(answer)["results"]

    def passed(self, file: str) -> set[Finding]:
        return {_finding(check) for check in self._of("passed_checks", file)}

    def failed(self, file: str) -> set[Finding]:
        return {_finding(check) for check in self._of("failed_checks", file)}

    def waived(self) -> set[Finding]:
        return {_finding(check) for check in self._of("skipped_checks", "written.yaml")}

    def _of(self, kind: str, file: str) -> list[dict[str, Any]]:
        return [check for check in self._results[kind] if check["file_path"] == f"/{file}"]


def _finding(check: dict[str, Any]) -> Finding:
    return check["check_id"], check["resource"].rpartition(".")[2]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Findings:
    return Findings(tmp_path_factory.mktemp("checkov"), template)


@pytest.mark.parametrize("file", ["written.yaml", "unwaived.yaml", "transformed.json"])
def test_checkov_checks_each_function(findings: Findings, file: str) -> None:
    # "Ensure no hard-coded secrets exist in Lambda environment".
    assert {("CKV_AWS_45", "AcknowledgeFunction"), ("CKV_AWS_45", "SweepFunction")} <= findings.passed(file)


def test_checkov_finds_exactly_what_is_waived(findings: Findings) -> None:
    assert findings.failed("written.yaml") == set()
    assert findings.failed("unwaived.yaml") == findings.failed("transformed.json") == findings.waived()


def test_every_waiver_takes_effect_and_says_why(findings: Findings) -> None:
    waivers = _WAIVER.findall((ROOT / "template.yaml").read_text())

    assert sorted(check for check, _ in waivers) == sorted(check for check, _ in findings.waived())
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


def risks(directory: Path, template: str) -> set[str]:
    """Return the rules of cfripper that a resolved template breaks."""
    path = directory / "resolved.json"
    path.write_text(template)
    try:
        answer = run(
            [Venvs().tool("scan", "cfripper"), path, "--resolve", "--format", "json", "--logging", "ERROR"],
            cwd=directory,
        )
    except CommandFailed as failed:
        answer = str(failed)[str(failed).index('{"exceptions"') :]
    found = json.JSONDecoder().raw_decode(answer)[0]
    assert found["exceptions"] == []
    return {each["rule"] for each in found["failures"]}


def test_cfripper_finds_nothing(tmp_path: Path, resolved: Template) -> None:
    assert risks(tmp_path, json.dumps(resolved.body)) == set()


def test_cfripper_finds_mistakes_in_a_template(tmp_path: Path, resolved: Template) -> None:
    mistakes = {
        "sqs:SendMessage": ("sqs:AddPermission", "SQSDangerousPolicyActionsRule"),
        "sns:Publish": ("sns:AddPermission", "SNSTopicDangerousPolicyActionsRule"),
        "sts:AssumeRole": ("sts:*", "IAMRoleWildcardActionOnPolicyRule"),
        "kms:Decrypt": ("iam:PutRolePolicy", "PrivilegeEscalationRule"),
    }
    changed = json.dumps(resolved.body)
    for right, (wrong, _) in mistakes.items():
        changed = changed.replace(right, wrong)

    assert {rule for _, rule in mistakes.values()} <= risks(tmp_path, changed)


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
