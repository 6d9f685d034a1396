"""The output of the demo: its progress, a live table, and a summary."""

import json
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from tests.local.demo.board import Board, Row

_STYLES = {"done": "green", "retry": "yellow", "parked": "magenta"}
_LINES_AROUND_THE_TABLE = 8
_UNLIMITED = sys.maxsize
_PICTURE_WIDTH = 120
_PICTURE_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Without the fonts that rich loads from another host: the reader's own fixed-width font serves as well."""


class Screen:
    """A terminal with a live table, or a file with one line for each change."""

    def __init__(self, picture: Path | None = None) -> None:
        """Print to the standard output, and save a picture of it at the end if there is a path."""
        self._picture = picture
        # Not decided by rich, for which FORCE_COLOR means a terminal, and which breaks a file's lines at 80.
        is_terminal = sys.stdout.isatty()
        self._console = Console(force_terminal=is_terminal, width=None if is_terminal else _UNLIMITED)
        if picture:
            self._console = Console(force_terminal=True, width=_PICTURE_WIDTH, record=True)

    def print(self, sentence: str) -> None:
        self._console.print(escape(sentence), highlight=False)

    @contextmanager
    def following(self, board: Board) -> Iterator[Callable[[list[Row]], None]]:
        """Show a board while it changes: pass each list of changed rows to the function."""
        if self._picture:
            yield lambda _changed: None  # the summary has every row
        elif self._console.is_terminal:
            with Live(console=self._console, auto_refresh=False, transient=True) as live:
                yield lambda _changed: live.update(self._newest(board), refresh=True)
        else:
            yield self._print_rows

    def _print_rows(self, changed: list[Row]) -> None:
        for row in changed:
            purchase_order_id, outcome, attempts, age, latency = cells(row)
            self.print(
                f"{row.order.title:40} {purchase_order_id:13} {outcome:26} attempt {attempts:>2}"
                f"  order age {age:>9}  latency {latency:>7}"
            )

    def _table(self, board: Board, rows: Iterable[Row]) -> Table:
        ended = sum(row.ended for row in board.rows.values())
        table = Table(title=f"{ended} of {len(board.rows)} orders ended", title_justify="left", expand=False)
        table.add_column("order", overflow="fold")
        for column in ("purchase order", "outcome"):
            table.add_column(column, no_wrap=True)
        for column in ("attempts", "order age", "latency"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in rows:
            style = _STYLES.get(row.record["disposition"], "") if row.record else "dim"
            table.add_row(escape(row.order.title), *cells(row), style=style)
        return table

    def _newest(self, board: Board) -> Table:
        """Return the rows that changed last, as many as the terminal has room for."""
        room = max(3, self._console.height - _LINES_AROUND_THE_TABLE)
        rows = sorted(board.rows.values(), key=lambda row: row.changed_at)
        return self._table(board, rows[-room:])

    def summary(
        self,
        board: Board,
        seconds: float,
        published: list[dict[str, Any]],
        notifications: list[dict[str, Any]],
        differences: dict[str, list[str]],
    ) -> None:
        """Show the whole board, the totals, what was published, and what is not as declared."""
        self._console.print(self._table(board, board.rows.values()))
        outcomes = Counter(row.record["outcome"] for row in board.rows.values() if row.record)
        self.print(
            "Outcomes: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        )
        records = [row.record for row in board.rows.values() if row.record]
        latencies = [record["latency_ms"] for record in records if "latency_ms" in record]
        self.print(
            f"{len(board.rows)} orders, {board.records} attempts,"
            f" {seconds:.1f} s from the first event to the last outcome"
        )
        if latencies:
            median, most = statistics.median(latencies), max(latencies)
            self.print(f"Calls to Walmart took {median:.0f} ms in the median, {most:.0f} ms at most")
        kinds = Counter(event["detail-type"] for event in published)
        self.print("Outcome events: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
        named = [each for each in notifications if each["Order parked"].startswith("Order")]
        self.print(f"{len(notifications)} notifications" + (f": {json.dumps(named[0])}" if named else ""))
        for title, found in differences.items():
            self._console.print(f"[red]{escape(title)}: {escape('; '.join(found))}[/red]")
        verdict = "Not every order ended as declared" if differences else "Every order ended as declared"
        self._console.print(f"[bold {'red' if differences else 'green'}]{verdict}[/]")
        if self._picture:
            self._console.save_svg(
                str(self._picture), title="make demo", code_format=_PICTURE_FORMAT, unique_id="demo"
            )


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """Return the purchase order, outcome, attempts, order age and latency of a row, as text."""
    record = row.record or {}
    outcome = record.get("outcome", "not attempted yet")
    if record.get("disposition") in {"retry", "parked"}:
        outcome += f", {record['disposition']}"
    return (
        record.get("purchase_order_id") or "-",
        outcome,
        str(record.get("attempt", "")),
        f"{record['order_age_s']:.1f} s" if "order_age_s" in record else "-",
        f"{record['latency_ms']:.0f} ms" if "latency_ms" in record else "-",
    )
