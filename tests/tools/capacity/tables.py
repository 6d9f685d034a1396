"""What the model says, as the tables of `docs/capacity.md`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from acknowledge_orders.attempt import CALL_TIMEOUT_S
from shared.pacing import MARGIN
from tests.tools.capacity import cost, flow
from tests.tools.capacity.assumptions import HOUR_S, Output, Prices, Quotas, Setup, Stack

ENVIRONMENTS_OF_A_STACK: Final = 3
"""Of Lambda's concurrency, while orders wait: two work off the queue, and one sweeps."""
_SETUP: Final = Setup()
_LIMITS: Final = (3, 10, 20, 30, 60, 120, 300, 600, 1_200, 10_000)
_MAGNITUDES: Final = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text: what its columns are called, and its rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        """Return it in Markdown, numbers to the right."""
        rule = ["---", *("---:" for _ in self.columns[1:])]
        return "\n".join(f"| {' | '.join(row)} |" for row in (self.columns, rule, *self.rows))


def tables() -> Mapping[str, Table]:
    """Return every table by its name on the page."""
    return {
        "pace": _pace(),
        "bursts": _bursts(),
        "rates": _rates(),
        "outages": _outages(),
        "sweeps": _sweeps(),
        "million": _million(),
        "month": _month(),
        "sellers": _sellers(),
        "quotas": _quotas(),
        "magnitudes": _magnitudes(),
    }


def _pace() -> Table:
    rows = []
    for limit in _LIMITS:
        setup = replace(_SETUP, requests_per_minute=limit)
        carried = flow.carries(setup)
        looked = replace(setup, calls=2)
        slowest_s = [flow.slowest_call_for_full_pace_s(each) for each in (setup, looked)]
        rows.append(
            [
                f"{limit:,}",
                _whole(carried.per_second * HOUR_S),
                _whole(carried.per_second * setup.deadline_s),
                f"{carried.turns}",
                f"{carried.receives(setup.batch):.1f}",
                *(_call(each) for each in slowest_s),
                f"{flow.environments_for_full_pace(looked)}",
            ]
        )
    columns = [
        "`RequestsPerMinute`",
        "Orders an hour",
        "In four hours",
        "Turns in an invocation",
        "Receives of an order",
        "A call may take",
        "Looked at first",
        "Environments",
    ]
    return Table(columns, rows)


def _bursts() -> Table:
    rows = []
    for limit in (20, 60, 300):
        setup = replace(_SETUP, requests_per_minute=limit)
        for orders in (100, 1_000, 10_000, 50_000):
            burst = flow.burst(setup, orders)
            rows.append(
                [
                    f"{limit}",
                    f"{orders:,}",
                    _duration(burst.drain_s),
                    _duration(burst.tail_s),
                    _whole(burst.missed),
                    _whole(burst.invocations),
                    _whole(burst.looks),
                ]
            )
    columns = ["Limit", "Orders at once", "Drained after", "And up to", "Missed", "Invocations", "Looks"]
    return Table(columns, rows)


def _rates() -> Table:
    carried = flow.carries(_SETUP).per_second
    rows = []
    for an_hour in (1_000, 3_000, 3_420, 3_500, 4_000, 6_840, 10_000):
        first_s = flow.first_missed_s(_SETUP, an_hour / HOUR_S)
        rows.append(
            [
                f"{an_hour:,}",
                f"{an_hour / HOUR_S / carried:.0%}",
                "never" if math.isinf(first_s) else _duration(first_s),
            ]
        )
    return Table(["Orders an hour, kept up", "Of what is carried", "First order missed after"], rows)


def _outages() -> Table:
    rows = []
    for an_hour in (60, 600, 1_800):
        for hours in (1, 3, 4, 8):
            outage = flow.outage(_SETUP, an_hour / HOUR_S, hours * HOUR_S)
            rows.append(
                [
                    f"{an_hour:,}",
                    f"{hours} h",
                    _whole(outage.backlog),
                    _duration(outage.catch_up_s),
                    _whole(outage.missed),
                    f"{outage.receives:.0f}, parked" if outage.parked else f"{outage.receives:.0f}",
                ]
            )
    columns = [
        "Orders an hour",
        "Outage",
        "Waiting at its end",
        "Caught up after",
        "Missed",
        "Receives at most",
    ]
    return Table(columns, rows)


def _sweeps() -> Table:
    rows = []
    for limit in (20, 60, 300):
        setup = replace(_SETUP, requests_per_minute=limit)
        seen = [_whole(flow.sweep_sees(setup, Stack(), page_s)) for page_s in (1, 5, 15)]
        rows.append([f"{limit}", *seen, _whole(flow.sweep_publishes(setup, Stack()))])
    columns = ["Limit", "Seen, a page takes 1 s", "5 s", "15 s", "Published from one sweep to the next"]
    return Table(columns, rows)


def _million() -> Table:
    prices, output = Prices(), Output()
    alone = cost.of_a_million(cost.one_by_one(_SETUP, output), _SETUP, prices)
    full = cost.of_a_million(cost.in_full_batches(_SETUP, output), _SETUP, prices)
    rows = [
        [one.name, _quantity(one), _money(one.dollars), _quantity(other), _money(other.dollars)]
        for one, other in zip(alone, full, strict=True)
    ]
    rows.append(
        ["**Together**", "", f"**{_money(cost.dollars(alone))}**", "", f"**{_money(cost.dollars(full))}**"]
    )
    return Table(["A million orders", "One by one", "$", "In full batches, at the limit", "$"], rows)


def _month() -> Table:
    stack, prices = Stack(), Prices()
    items = cost.of_a_month(_SETUP, stack, prices)
    rows = [[item.name, _quantity(item), _money(item.dollars)] for item in items]
    rows.append(["**A stack**", "", f"**{_money(cost.dollars(items))}**"])
    return Table(["A month", "Quantity", "$"], rows)


def _sellers() -> Table:
    alone = cost.one_by_one(_SETUP, Output())
    rows = []
    for sellers in (1, 1_000):
        for orders_a_day in (100, 1_000, 10_000):
            dollars = cost.month(_SETUP, sellers, orders_a_day, of=alone)
            orders = sellers * orders_a_day * 365 / 12
            rows.append(
                [
                    f"{sellers:,}",
                    f"{orders_a_day:,}",
                    _whole(orders_a_day * sellers / 24),
                    f"{dollars:,.0f}",
                    f"{dollars / orders * cost.MILLION:,.0f}",
                ]
            )
    columns = ["Sellers", "Orders a day, each", "Orders an hour, all", "$ a month", "$ a million orders"]
    return Table(columns, rows)


def _quotas() -> Table:
    quotas, stack = Quotas(), Stack()
    takes: list[tuple[str, float, float]] = [
        ("Lambda's concurrency, new account", quotas.concurrency_new, ENVIRONMENTS_OF_A_STACK),
        ("Lambda's concurrency", quotas.concurrency, ENVIRONMENTS_OF_A_STACK),
        ("EventBridge: rules on a bus", quotas.rules_per_bus, 1),
        ("IAM roles", quotas.roles, stack.roles),
        ("CloudFormation stacks", quotas.stacks, 1),
        ("Lambda's uploads, MB", quotas.code_gb * 1000, stack.upload_mb),
        ("Secrets", quotas.secrets, 1),
    ]
    rows = [
        [name, f"{default:,.0f}", f"{each:g}", f"{math.floor(default / each):,}"]
        for name, default, each in sorted(takes, key=lambda take: take[1] / take[2])
    ]
    return Table(["Quota of an account", "Default", "A stack takes", "Stacks until it binds"], rows)


def _magnitudes() -> Table:
    quotas, output = Quotas(), Output()
    carried = flow.carries(_SETUP).per_second
    alone = cost.one_by_one(_SETUP, output)
    a_million = cost.dollars(cost.of_a_million(alone, _SETUP, Prices()))
    columns = ["", *(f"{an_hour:,}" for an_hour in _MAGNITUDES)]
    per_second = [an_hour / HOUR_S for an_hour in _MAGNITUDES]
    limits = [math.ceil(rate * 60 / MARGIN) for rate in per_second]
    wanted = [replace(_SETUP, requests_per_minute=limit, calls=2) for limit in limits]
    stacks = [math.ceil(rate / carried) for rate in per_second]
    rows = [
        ["Orders a second", *(f"{rate:.1f}" for rate in per_second)],
        ["Sellers at least, at 60 a minute each", *map(_whole, stacks)],
        ["Their environments", *(_whole(each * _SETUP.environments) for each in stacks)],
        ["Or one seller's limit, a minute", *map(_whole, limits)],
        ["Its environments", *(_whole(flow.environments_for_full_pace(each)) for each in wanted)],
        [
            "Of `PutEvents` requests, one event each",
            *(f"{rate / quotas.events_per_s:.1%}" for rate in per_second),
        ],
        ["Of deliveries by rules", *(f"{rate / quotas.deliveries_per_s:.1%}" for rate in per_second)],
        [
            "One queue's in-flight messages last for",
            *(_duration(quotas.in_flight / rate) for rate in per_second),
        ],
        ["Logs, GB a day", *(f"{rate * 86_400 * alone.log_bytes / 1e9:,.1f}" for rate in per_second)],
        [
            "$ an hour, without what is paid for each month",
            *(f"{rate * HOUR_S / 1e6 * a_million:,.2f}" for rate in per_second),
        ],
    ]
    return Table(columns, rows)


def _call(seconds: float) -> str:
    if seconds >= CALL_TIMEOUT_S:
        return "any"
    return _duration(seconds) if seconds > 0 else "none"


def _whole(number: float) -> str:
    return f"{number:,.0f}"


def _money(dollars: float) -> str:
    return f"{dollars:,.2f}"


def _quantity(item: cost.Item) -> str:
    return f"{item.quantity:,.2f} GB" if item.unit == "GB" else f"{item.quantity:,.0f} {item.unit}"


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", HOUR_S), ("min", 60)):
        if seconds >= size * (2 if unit != "min" else 1):
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"
