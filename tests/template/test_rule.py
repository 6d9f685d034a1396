"""Order events reach the queue, and no other events do."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.local.aws import LocalAws
from tests.support.deployed import deployed
from tests.support.event_cases import EventCase, load_event_cases
from tests.support.paths import ROOT
from tests.support.template import Template

ORDER_EVENT: Mapping[str, Any] = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "source": "walmart.ca.orders",
    "detail-type": "Order Created",
    "account": "123456789012",
    "time": "2026-03-02T14:05:00Z",
    "region": "ca-central-1",
    "resources": [],
    "detail": {"purchaseOrderId": "2575193093772"},
}

NEAR_MISSES = {
    "another account": {"account": "210987654321"},
    "another source": {"source": "walmart.us.orders"},
    "a longer source": {"source": "walmart.ca.orders.test"},
    "a source that only begins alike": {"source": "walmart.ca"},
    "a source with something before it": {"source": "my.walmart.ca.orders"},
    "a source in capitals": {"source": "Walmart.CA.Orders"},
    "another detail type": {"detail-type": "Order Cancelled"},
    "a longer detail type": {"detail-type": "Order Created Again"},
    "a shorter detail type": {"detail-type": "Order"},
    "a detail type in small letters": {"detail-type": "order created"},
    "a detail type with a blank after it": {"detail-type": "Order Created "},
    "source and detail type swapped": {"source": "Order Created", "detail-type": "walmart.ca.orders"},
}


type Rule = Callable[[Mapping[str, Any]], bool]


@pytest.fixture(scope="module")
def matches(template: Template) -> Iterator[Rule]:
    """The pattern of the rule with the template's defaults, matched as EventBridge matches it."""
    pattern = json.dumps(deployed(template)["OrderEventRule"]["EventPattern"])
    with LocalAws() as aws:
        events = aws.client("events")
        yield lambda event: events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]


@pytest.mark.parametrize("case", load_event_cases(), ids=lambda case: case.name)
def test_the_rule_matches_a_sample_event(matches: Rule, case: EventCase) -> None:
    assert matches(case.event)


def test_the_self_check_event_never_reaches_the_queue(matches: Rule) -> None:
    event = json.loads((ROOT / "events" / "self-check.json").read_text())

    assert not matches({**ORDER_EVENT, "source": "", "detail-type": "", **event})


def test_the_rule_matches_an_order_event_with_any_detail(matches: Rule) -> None:
    # A bad order event must reach the function, which parks it with a reason.
    for detail in ({}, {"purchaseOrderId": "2575193093772", "more": [1]}, {"purchaseOrderId": 1}):
        assert matches({**ORDER_EVENT, "detail": detail})


@pytest.mark.parametrize("change", NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_the_rule_does_not_match_a_near_miss(matches: Rule, change: Mapping[str, str]) -> None:
    assert not matches({**ORDER_EVENT, **change})


def test_the_rule_is_created_after_the_resources_it_depends_on(template: Template) -> None:
    waits_for = template.body["Resources"]["OrderEventRule"]["DependsOn"]

    assert sorted(waits_for) == [
        "OnlyOneStackForEachBusAndSource",
        "OrderQueuePolicy",
        "UndeliveredEventQueuePolicy",
    ]


@pytest.mark.parametrize(
    ("bus", "source", "name"),
    [
        ("default", "walmart.ca.orders", "default/walmart.ca.orders"),
        ("orders", "walmart.ca.orders", "orders/walmart.ca.orders"),
        ("default", "Walmart_CA-2", "default/Walmart_CA-2"),
        ("aws.partner/example.com/orders", "/shop//1/", "aws.partner__example.com__orders/__shop____1__"),
    ],
)
def test_a_second_stack_for_a_bus_and_source_is_refused_by_name(
    template: Template, bus: str, source: str, name: str
) -> None:
    stack = deployed(template, EventBusName=bus, OrderEventSource=source)
    parameter = stack.only("AWS::SSM::Parameter")

    assert parameter["Name"] == f"/only-one-stack-for-each-bus-and-source/{name}"
    assert parameter["Value"] == "orders"


@pytest.mark.parametrize("bus", ["default", "orders"])
def test_the_rule_sends_whole_events_to_the_order_queue_alone(template: Template, bus: str) -> None:
    stack = deployed(template, EventBusName=bus, OrderEventSource="shop", OrderEventDetailType="Placed")
    rule = stack["OrderEventRule"]

    # On another bus the Ref of a rule is "bus|name", which no command accepts.
    assert stack.body["Outputs"]["OrderEventRuleName"]["Value"] == "orders-OrderEventRule"
    assert len("-OrderEventRule") + 49 == 64  # EventBridge's longest
    # No State: it is enabled.
    assert rule == {
        "Name": "orders-OrderEventRule",
        "Description": rule["Description"],
        "EventBusName": bus,
        "EventPattern": {"account": ["123456789012"], "source": ["shop"], "detail-type": ["Placed"]},
        "Targets": [
            {
                "Id": "OrderQueue",
                "Arn": "<OrderQueue.Arn>",
                # Delivery is retried for a day, and an event that cannot be delivered is kept.
                "RetryPolicy": {"MaximumEventAgeInSeconds": 24 * 60 * 60, "MaximumRetryAttempts": 185},
                "DeadLetterConfig": {"Arn": "<UndeliveredEventQueue.Arn>"},
            }
        ],
    }
