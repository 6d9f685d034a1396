"""Figures from interleaved rounds: median, quartiles and ratios."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: a figure, and its ratio to the baseline or a peer."""

    what: str
    figure: str
    ratio: str = ""
    target: str = ""


def interleaved[T](contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Measure contenders in turn, so that other load on the machine affects all of them alike.

    Each round starts with the next contender. One more round before the first warms up and does not count.
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
    """Return figures, each times `scale`, as `median (lower to upper quartile) unit`."""
    low, middle, high = (f"{scale * each:,.{digits}f}" for each in _quartiles(figures))
    return f"{middle} ({low} to {high}) {unit}"


def ratio(ours: Sequence[float], baseline: Sequence[float], digits: int = 2) -> str:
    """Return the ratio of the medians, and the quartiles of the ratios of each round.

    Raises:
        ValueError: The numbers of figures differ.
    """
    low, _, high = _quartiles([one / other for one, other in zip(ours, baseline, strict=True)])
    return f"{median(ours) / median(baseline):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _quartiles(figures: Sequence[float]) -> list[float]:
    """Return the lower quartile, the median and the upper quartile."""
    return quantiles(figures, method="inclusive") if len(figures) > 1 else 3 * list(figures)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table with aligned columns."""
    lines = [("What", "Figure (quartiles)", "Ratio (quartiles)", "Target")]
    lines += [(row.what, row.figure, row.ratio, row.target) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    written.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(written)
