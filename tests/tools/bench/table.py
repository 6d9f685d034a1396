"""The table, in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.tools.bench.figures import Ratio, Spread

NO_FIGURE: Final = ""


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
    ratio: str = NO_FIGURE
    target: str = NO_FIGURE


def markdown(rows: Sequence[Row]) -> str:
    """Write the table, its columns aligned."""
    lines = [("What", "Figure (quartiles)", "Ratio (quartiles)", "Target")]
    lines += [(row.what, row.figure, row.ratio, row.target) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    written = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([written[0], rule, *written[1:]])


def spread(figures: Sequence[float], unit: str, scale: float = 1, digits: int = 2) -> str:
    """Write figures as `median (low to high) unit`.

    Args:
        figures: Of one kind.
        unit: What they are written in.
        scale: What each is multiplied by for it.
        digits: Behind the point.
    """
    of = Spread.of([figure * scale for figure in figures])
    return f"{of.median:,.{digits}f} ({of.low:,.{digits}f} to {of.high:,.{digits}f}) {unit}"


def ratio(ours: Sequence[float], floor: Sequence[float], digits: int = 2) -> str:
    """Write what one is to another as `value (low to high)`."""
    of = Ratio.of(ours, floor)
    return f"{of.value:.{digits}f} ({of.low:.{digits}f} to {of.high:.{digits}f})"
