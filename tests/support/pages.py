"""Pages of documentation, read as GitHub shows them."""

import re
import subprocess
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")


@dataclass(frozen=True)
class Heading:
    """A heading, the anchor that GitHub gives it, and the text up to the next heading."""

    level: int
    title: str
    anchor: str
    body: str


@dataclass(frozen=True)
class Page:
    """One file of Markdown."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCED.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """The fenced blocks in a language, with those in lists."""
        return [textwrap.dedent(body) for _, named, body in _FENCED.findall(self.text) if named == language]

    @cached_property
    def headings(self) -> list[Heading]:
        # A comment in a shell block looks like a heading, so blocks are left out.
        parts = re.split(r"^(#{1,6}) +(.*?) *$", self.prose, flags=re.MULTILINE)[1:]
        found, taken = [], Counter[str]()
        for level, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            anchor = _anchor(title)
            again = taken[anchor]
            taken[anchor] += 1
            found.append(Heading(len(level), title, f"{anchor}-{again}" if again else anchor, body))
        return found

    @property
    def anchors(self) -> set[str]:
        return {each.anchor for each in self.headings}

    def links(self) -> Iterator[str]:
        """The targets of its links, without those in inline code."""
        yield from _LINK.findall(re.sub(r"`[^`\n]*`", "", self.prose))

    def section(self, title: str) -> str:
        """The text below a heading, up to the next heading, without fenced blocks."""
        (body,) = (each.body for each in self.headings if each.title == title)
        return body

    def table(self, first: str, under: str = "") -> list[list[str]]:
        """The rows of the only table, in a section if it is given, whose first column has this heading."""
        text = self.section(under) if under else self.text
        (rows,) = re.findall(rf"^\| {re.escape(first)} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
        return [_cells(row) for row in rows.splitlines()]


def page(name: str) -> Page:
    """A page by its path in the repository."""
    return Page(ROOT / name)


README: Final = page("README.md")
RUNBOOK: Final = page("docs/runbook.md")
RUNBOOK_SCRIPT: Final = (ROOT / "docs" / "runbook.sh").read_text()


def all_pages() -> list[Page]:
    """Every page for readers."""
    return [page("README.md"), page("CONTRIBUTING.md"), *map(Page, sorted((ROOT / "docs").glob("*.md")))]


def code(text: str) -> list[str]:
    """The inline code in a text."""
    return re.findall(r"`([^`]*)`", text)


def commands(read_page: Page) -> str:
    """Every command of a page, one a line, with those in its prose and in the scripts that it sources."""
    blocks = "\n".join(read_page.blocks("bash"))
    sourced = [(ROOT / name).read_text() for name in re.findall(r"^source (\S+)$", blocks, re.MULTILINE)]
    lines = "\n".join([blocks, *sourced]).replace("\\\n", " ")
    return "\n".join([lines, *code(read_page.prose)])


def deployed_name() -> str:
    """The name of the stack in the project's settings for a deployment."""
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    return str(samconfig["default"]["global"]["parameters"]["stack_name"])


def syntax_error(script: str) -> str:
    """What bash says about a script that it cannot parse, and an empty text about any other."""
    return subprocess.run(
        ["bash", "-n"],  # noqa: S607 - the machine's
        input=script,
        capture_output=True,
        text=True,
        check=False,
    ).stderr


def _anchor(title: str) -> str:
    """GitHub's anchor of a heading: its text in lower case, without punctuation, with hyphens for blanks."""
    shown = _LINK.sub(lambda found: found[0][1:].partition("]")[0], title)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]
