"""CloudWatch's evaluation of an alarm, as AWS documents it.

"Configuring how CloudWatch alarms treat missing data": CloudWatch retrieves more periods than an alarm's
`EvaluationPeriods`. If at least that many periods have data, it evaluates the latest of these. If fewer have,
`TreatMissingData` replaces the missing ones. AWS does not say how many more periods it retrieves.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.support.metrics import Series

MINUTE: Final = 60
OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

type Data = Mapping[str, Mapping[int, float]]
"""The values of each metric, by its name and the second."""

_BREACHES: Final[dict[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
_COMPARES: Final[dict[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Gt: operator.gt,
    ast.Eq: operator.eq,
}
_STATISTICS: Final[dict[str, Callable[[Sequence[float]], float]]] = {"Sum": sum, "Maximum": max}


@dataclass(frozen=True)
class Change:
    """A new state of an alarm, and its minute."""

    minute: int
    state: str


def series(alarm: Mapping[str, Any]) -> dict[str, Series]:
    """Return the metrics of an alarm, by their ids."""
    if "Metrics" not in alarm:
        return {"watched": _series(alarm, alarm["Statistic"])}
    stats = {each["Id"]: each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each}
    return {name: _series(each["Metric"], each["Stat"]) for name, each in stats.items()}


def _series(metric: Mapping[str, Any], statistic: str) -> Series:
    dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
    return Series(metric["Namespace"], metric["MetricName"], dimensions, statistic)


def expression(alarm: Mapping[str, Any]) -> str | None:
    """Return the expression of an alarm, if it has one."""
    found = [each["Expression"] for each in alarm.get("Metrics", []) if "Expression" in each]
    return found[0] if found else None


def periods(alarm: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the length of a period, how many are evaluated, and how many of them must breach."""
    lengths = {each["MetricStat"]["Period"] for each in alarm.get("Metrics", []) if "MetricStat" in each}
    (length,) = lengths or {alarm["Period"]}
    count = alarm["EvaluationPeriods"]
    return length, count, alarm.get("DatapointsToAlarm", count)


def watched(alarm: Mapping[str, Any], data: Data, period: range) -> float | None:
    """Return the value that CloudWatch compares with the threshold, or None without data."""
    values, known = {}, set()
    for name, each in series(alarm).items():
        sent = data.get(each.metric, {})
        values[name] = [value for at, value in sent.items() if at in period]
        if sent and min(sent) < period.stop:
            known.add(name)
    points = {
        name: float(_STATISTICS[each.statistic](values[name])) if values[name] else None
        for name, each in series(alarm).items()
    }
    return _value(_parsed(expression(alarm) or "watched"), points, known)


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text.replace(" AND ", " and "), mode="eval").body


def breaches(alarm: Mapping[str, Any], value: float) -> bool:
    """Return whether a value is beyond the alarm's threshold."""
    return _BREACHES[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))


def _value(  # noqa: PLR0911 - one for each kind of expression
    node: ast.expr, points: Mapping[str, float | None], known: set[str]
) -> float | None:
    """Evaluate the metric math that the alarms use. Missing data has no value, except in `SUM` and `FILL`."""

    def of(each: ast.expr) -> float | None:
        return _value(each, points, known)

    match node:
        case ast.Constant(value=int(number)):
            return float(number)
        case ast.Name(id=name):
            return points[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[ast.Name(id=name), ast.Constant(value=int(fill))]):
            # A metric that was never sent has no series to fill.
            return float(fill) if points[name] is None and name in known else points[name]
        case ast.Call(func=ast.Name(id="SUM"), args=[ast.List(elts=several)]):
            there = [value for value in map(of, several) if value is not None]
            return sum(there) if there else None
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            holds = of(condition)
            return None if holds is None else of(then if holds else otherwise)
        case ast.BoolOp(op=ast.And(), values=several):
            found = [of(each) for each in several]
            return None if None in found else float(all(found))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            a, b = of(left), of(right)
            return None if a is None or b is None else a * b
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            a, b = of(left), of(right)
            return None if a is None or b is None else float(_COMPARES[type(sign)](a, b))
    raise NotImplementedError(ast.dump(node))


def changes(alarm: Mapping[str, Any], data: Data, minutes: int, more: int) -> list[Change]:
    """Return how an alarm that is created at second 0 changes in so many minutes.

    Args:
        alarm: The alarm's properties.
        data: The values of its metrics.
        minutes: How long to evaluate it.
        more: How many periods more than `EvaluationPeriods` CloudWatch retrieves.
    """
    length, count, _ = periods(alarm)
    state, found = NO_DATA, []

    @cache  # Each period is evaluated in several minutes.
    def value(end: int) -> float | None:
        return watched(alarm, data, range(end - length, end))

    for minute in range(1, minutes + 1):
        ends = [minute * MINUTE - length * back for back in reversed(range(count + more))]
        if (new := _evaluate(alarm, [value(end) for end in ends], state)) != state:
            state = new
            found.append(Change(minute, state))
    return found


def _evaluate(alarm: Mapping[str, Any], points: Sequence[float | None], state: str) -> str:
    _, count, enough = periods(alarm)
    treat = alarm["TreatMissingData"]
    bad = [breaches(alarm, point) for point in points if point is not None]
    missing = count - len(bad)
    if missing <= 0:
        return ALARM if sum(bad[-count:]) >= enough else OK
    if treat == "ignore":
        # The state changes only if the missing data could not matter.
        if sum(bad) >= enough:
            return ALARM
        return state if sum(bad) + missing >= enough else OK
    return ALARM if sum(bad) + (missing if treat == "breaching" else 0) >= enough else OK
