"""Order events are kept for a replay when somebody asks for it, and only they."""

import pytest

from tests.support.deployed import deployed
from tests.support.template import Template


def test_given_no_days_then_nothing_is_archived(template: Template) -> None:
    stack = deployed(template, ArchiveDays="0")

    assert not stack.of_type("AWS::Events::Archive")
    assert "OrderEventArchiveArn" not in stack.body["Outputs"]


def test_nothing_is_archived_when_nothing_is_said_and_three_months_at_most(written: Template) -> None:
    days = written.body["Parameters"]["ArchiveDays"]

    assert (min(days["AllowedValues"]), days["Default"], max(days["AllowedValues"])) == (0, 0, 90)


@pytest.mark.parametrize("bus", ["default", "orders"])
def test_given_days_then_what_the_rule_matches_is_archived_for_so_long(template: Template, bus: str) -> None:
    stack = deployed(template, ArchiveDays="30", EventBusName=bus)
    archive = stack.only("AWS::Events::Archive")

    assert archive["EventPattern"] == stack["OrderEventRule"]["EventPattern"]
    assert archive["SourceArn"] == f"arn:aws:events:ca-central-1:123456789012:event-bus/{bus}"
    assert archive["RetentionDays"] == "30"


def test_an_archive_has_the_stacks_name_because_eventbridge_refuses_a_longer_one(template: Template) -> None:
    # CloudFormation's own would be "orders-OrderEventArchive-" and twelve characters: 48 are allowed.
    stack = deployed(template, ArchiveDays="30", **{"AWS::StackName": 48 * "s"})

    assert stack["OrderEventArchive"]["ArchiveName"] == 48 * "s"


def test_given_an_archive_then_the_stack_tells_what_a_replay_names(template: Template) -> None:
    outputs = deployed(template, ArchiveDays="30").body["Outputs"]

    assert outputs["OrderEventArchiveArn"]["Value"] == "<OrderEventArchive.Arn>"
