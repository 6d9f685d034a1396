"""The dashboard shows metrics that exist, and every alarm."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared.metrics import metric_name
from shared.orders.outcome import Outcome
from tests.support.deployed import deployed
from tests.support.metrics import Series, is_emitted, suits
from tests.support.template import Template

STACKS: dict[str, dict[str, str]] = {
    "as it is by default": {},
    "on another bus": {"EventBusName": "orders"},
    "without sweeps": {"SweepEnabled": "false"},
}


def widgets(stack: Template) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(stack["Dashboard"]["DashboardBody"])["widgets"]
    return found


def graphs(stack: Template) -> list[dict[str, Any]]:
    return [each["properties"] for each in widgets(stack) if each["type"] == "metric"]


def graph(stack: Template, title: str) -> dict[str, Any]:
    (found,) = (each for each in graphs(stack) if each["title"] == title)
    return found


def rows(widget: dict[str, Any]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """A graph's metrics without abbreviations, each with its options; an expression has no metric."""
    above: list[str] = []
    for row in widget["metrics"]:
        words = [each for each in row if isinstance(each, str)]
        shown = next((each for each in row if isinstance(each, dict)), {})
        if words[:1] == ["..."]:
            words = above[: len(above) - len(words) + 1] + words[1:]
        above = [above[at] if word == "." else word for at, word in enumerate(words)]
        yield above, shown


def series(widget: dict[str, Any]) -> list[Series]:
    return [
        Series(
            namespace,
            metric,
            dict(itertools.batched(names, 2, strict=True)),
            shown.get("stat") or widget["stat"],
        )
        for (namespace, metric, *names), shown in (row for row in rows(widget) if row[0])
    ]


@pytest.fixture(params=STACKS)
def stack(template: Template, request: pytest.FixtureRequest) -> Template:
    return deployed(template, **STACKS[request.param])


def test_every_metric_shown_is_emitted_and_has_a_statistic_that_suits(stack: Template) -> None:
    shown = [each for widget in graphs(stack) for each in series(widget)]

    assert shown
    for each in shown:
        assert is_emitted(each, stack), each
        assert suits(each), each


def test_an_expression_has_every_metric_that_it_names(stack: Template) -> None:
    for widget in graphs(stack):
        ways = [shown for _, shown in rows(widget)]
        named = {
            word
            for each in ways
            if "expression" in each
            for word in re.findall(r"\b[a-z]\w*", each["expression"])
        }
        assert named == {each["id"] for each in ways if "id" in each and "expression" not in each}


def test_every_alarm_of_the_stack_is_shown_and_no_other(stack: Template) -> None:
    (shown,) = (each["properties"]["alarms"] for each in widgets(stack) if each["type"] == "alarm")
    alarms = stack.of_type("AWS::CloudWatch::Alarm").values()

    assert sorted(shown) == sorted(
        f"arn:aws:cloudwatch:ca-central-1:123456789012:alarm:{each['AlarmName']}" for each in alarms
    )


def test_every_outcome_is_shown(stack: Template) -> None:
    shown = [each.metric for each in series(graph(stack, "Outcomes"))]

    assert sorted(shown) == sorted(metric_name(outcome) for outcome in Outcome)
