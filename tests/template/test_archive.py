"""The archive keeps order events for a replay, and only if a parameter asks for it."""

import pytest

from tests.support.deployed import deployed
from tests.support.template import Template


def test_the_archive_is_off_by_default_and_keeps_90_days_at_most(template: Template) -> None:
    stack = deployed(template)

    assert not stack.of_type("AWS::Events::Archive")
    assert "OrderEventArchiveArn" not in stack.body["Outputs"]
    assert max(template.body["Parameters"]["ArchiveDays"]["AllowedValues"]) == 90


@pytest.mark.parametrize("bus", ["default", "orders"])
def test_what_the_rule_matches_is_archived_for_the_days_given(template: Template, bus: str) -> None:
    name = 48 * "s"  # EventBridge refuses a longer name, such as CloudFormation's own
    stack = deployed(template, ArchiveDays="30", EventBusName=bus, **{"AWS::StackName": name})

    assert stack.only("AWS::Events::Archive") == {
        "ArchiveName": name,
        "Description": stack["OrderEventArchive"]["Description"],
        "EventPattern": stack["OrderEventRule"]["EventPattern"],
        "SourceArn": f"arn:aws:events:ca-central-1:123456789012:event-bus/{bus}",
        "RetentionDays": "30",
    }
    assert stack.body["Outputs"]["OrderEventArchiveArn"]["Value"] == "<OrderEventArchive.Arn>"
