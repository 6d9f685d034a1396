"""Figures: many of a kind as their median and quartiles, two kinds as their ratio."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Self


@dataclass(frozen=True, slots=True)
class Spread:
    """Many figures of one kind.

    Attributes:
        low: A quarter of them are below it.
        median: Half of them are.
        high: Three quarters are.
        count: How many there are.
    """

    low: float
    median: float
    high: float
    count: int

    @classmethod
    def of(cls, figures: Sequence[float]) -> Self:
        """Sum them up. A single one is all three.

        Raises:
            ValueError: There are none.
        """
        if not figures:
            raise ValueError("there are no figures")
        low, _, high = quantiles(figures, method="inclusive") if len(figures) > 1 else 3 * [figures[0]]
        return cls(low, median(figures), high, len(figures))


@dataclass(frozen=True, slots=True)
class Ratio:
    """What one is to another: of the medians, and the quartiles of the ratios of each round.

    Attributes:
        low: A quarter of the rounds' ratios are below it.
        value: The ratio of the medians.
        high: Three quarters of the rounds' ratios are below it.
    """

    low: float
    value: float
    high: float

    @classmethod
    def of(cls, ours: Sequence[float], floor: Sequence[float]) -> Self:
        """Compare figures that were taken in turns: the first with the first, and so on.

        Raises:
            ValueError: There are none, or not as many of the one as of the other.
        """
        each = Spread.of([one / other for one, other in zip(ours, floor, strict=True)])
        return cls(each.low, median(ours) / median(floor), each.high)


def in_turns[T](contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Measure contenders in turns, so that what the machine does meanwhile meets all of them alike.

    Each round begins with the next contender: none is always the one after the same other. A round before
    the first is not counted.
    """
    taken: dict[str, list[T]] = {name: [] for name in contenders}
    for number in range(-1, rounds):
        for name in _beginning_at(list(contenders), number):
            figure = contenders[name]()
            if number >= 0:
                taken[name].append(figure)
    return taken


def _beginning_at(names: list[str], number: int) -> Iterator[str]:
    first = number % len(names)
    yield from names[first:]
    yield from names[:first]
