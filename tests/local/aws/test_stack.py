"""The template is deployed without the parts that the local AWS does not support."""

import json
from collections import Counter

from tests.local.aws.stack import without_unsupported_parts
from tests.support.template import read

CONDITIONS = "'s conditions on events:source and events:detail-type"
ROLES = ("AcknowledgeFunctionRole", "SweepFunctionRole")


def test_only_unsupported_parts_are_removed_and_named() -> None:
    whole = read().body
    resources, before = whole["Resources"], json.dumps(whole)

    left, removed = without_unsupported_parts(whole)

    gone = resources.keys() - left["Resources"].keys()
    assert {*removed} == gone | {role + CONDITIONS for role in ROLES}
    assert Counter(resources[name]["Type"] for name in gone) == {
        "AWS::Events::Archive": 1,
        "AWS::Logs::QueryDefinition": 6,
        "AWS::CloudWatch::Alarm": 8,  # each on several metrics
    }
    assert whole["Outputs"].keys() - left["Outputs"].keys() == {"OrderEventArchiveArn"}
    for name, rest in left["Resources"].items():
        text = json.dumps(rest)
        assert name in ROLES or rest == resources[name]
        assert ("events:source" in text, "kms:ViaService" in text) == (False, name in ROLES)
    assert json.dumps(whole) == before
