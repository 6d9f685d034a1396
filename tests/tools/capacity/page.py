"""The page that shows the tables of the model, each below its mark."""

import re
from typing import Final

from tests.support.paths import ROOT
from tests.tools.capacity.tables import tables

PAGE: Final = ROOT / "docs" / "capacity.md"
_MARKED: Final = re.compile(r"^<!-- capacity: (\w+) -->\n\n(?:\|.*\n)*", re.MULTILINE)


def filled(text: str) -> str:
    """Return the page with every table as the model has it now."""
    now = tables()
    return _MARKED.sub(lambda mark: f"<!-- capacity: {mark[1]} -->\n\n{now[mark[1]]}\n", text)


def shown(text: str) -> list[str]:
    """Return the names of the tables that the page has a place for."""
    return [mark[1] for mark in _MARKED.finditer(text)]
