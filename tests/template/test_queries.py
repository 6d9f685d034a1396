"""A saved query uses fields that a record has, and values that they may have."""

import re

import pytest

from acknowledge_orders.policy import Disposition
from acknowledge_orders.records import OutcomeRecord
from shared.orders.outcome import Outcome
from sweep_orders.records import SweepRecord
from tests.support.deployed import deployed
from tests.support.template import Template, read

QUERY = "AWS::Logs::QueryDefinition"
OF_EVERY_LINE = {"@timestamp", "level", "message", "timestamp", "service", "function_request_id"}
OF_A_RECORD = {
    "<AcknowledgeFunctionLogGroup>": set(OutcomeRecord._fields),
    "<SweepFunctionLogGroup>": set(SweepRecord._fields),
}
MAY_BE: dict[str, set[str]] = {
    "message": {"order outcome", "sweep outcome"},
    "outcome": set(Outcome),
    "disposition": set(Disposition),
    "purchase_order_id": {"PURCHASE ORDER ID"},
}
WORDS = {
    *("fields", "filter", "sort", "limit", "stats"),
    *("and", "or", "in", "by", "asc", "desc", "count", "count_distinct", "max", "latest"),
}

every_query = pytest.mark.parametrize("name", read().of_type(QUERY))


@pytest.fixture
def stack(template: Template) -> Template:
    return deployed(template)


def words(query: str) -> set[str]:
    """The fields of a query: no text, no word of the language, and no name given by `as`."""
    unquoted = re.sub(r'"[^"]*"', "", query)
    given = set(re.findall(r"\bas (\w+)", unquoted))
    return set(re.findall(r"@?\b[a-z]\w*", unquoted)) - WORDS - given - {"as"}


@every_query
def test_a_query_uses_fields_that_its_records_have(stack: Template, name: str) -> None:
    groups = stack[name]["LogGroupNames"]
    known = OF_EVERY_LINE.union(*(OF_A_RECORD[group] for group in groups))

    assert words(stack[name]["QueryString"]) <= known


@every_query
def test_a_query_compares_with_values_that_a_record_may_have(stack: Template, name: str) -> None:
    query = stack[name]["QueryString"]
    compared = re.findall(r'(\w+) (?:=|!=) "([^"]*)"', query)
    compared += [
        (field, text)
        for field, several in re.findall(r"(\w+) in \[([^]]*)\]", query)
        for text in re.findall(r'"([^"]*)"', several)
    ]

    assert len(compared) == query.count('"') / 2
    for field, text in compared:
        assert text in MAY_BE[field.removeprefix("last_")]


def test_every_query_that_an_alarm_names_exists(stack: Template) -> None:
    descriptions = [each["AlarmDescription"] for each in stack.of_type("AWS::CloudWatch::Alarm").values()]
    named = {name for each in descriptions for name in re.findall(r'saved query "([^"]*)"', each)}

    assert named
    assert named <= {each["Name"].removeprefix("orders/") for each in stack.of_type(QUERY).values()}
