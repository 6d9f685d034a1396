"""Figures: taken in turns, many of a kind written as their median and quartiles, two kinds as their ratio."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured.
        figure: The figure itself, with its spread where there are many.
        ratio: To what it is compared with, if it is.
        target: What it ought to be, if that was said.
    """

    what: str
    figure: str
    ratio: str = ""
    target: str = ""


def in_turns[T](contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Measure contenders in turns, so that what the machine does meanwhile meets all of them alike.

    Each round begins with the next contender: none is always the one after the same other. A round before
    the first is not counted.
    """
    taken: dict[str, list[T]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(-1, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            figure = contenders[name]()
            if number >= 0:
                taken[name].append(figure)
    return taken


def spread(figures: Sequence[float], unit: str, scale: float = 1, digits: int = 2) -> str:
    """Write figures of one kind, each times `scale`, as `median (lower to upper quartile) unit`."""
    low, middle, high = (f"{scale * each:,.{digits}f}" for each in _quartiles(figures))
    return f"{middle} ({low} to {high}) {unit}"


def ratio(ours: Sequence[float], floor: Sequence[float], digits: int = 2) -> str:
    """Write what one is to another: the medians' ratio, and the quartiles of the ratios of each round.

    Raises:
        ValueError: They were not taken in turns: there are not as many of the one as of the other.
    """
    low, _, high = _quartiles([one / other for one, other in zip(ours, floor, strict=True)])
    return f"{median(ours) / median(floor):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _quartiles(figures: Sequence[float]) -> list[float]:
    """Return the lower quartile, the median and the upper one. A single figure is all three."""
    return quantiles(figures, method="inclusive") if len(figures) > 1 else 3 * list(figures)


def markdown(rows: Sequence[Row]) -> str:
    """Write the table, its columns aligned."""
    lines = [("What", "Figure (quartiles)", "Ratio (quartiles)", "Target")]
    lines += [(row.what, row.figure, row.ratio, row.target) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    written.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(written)
