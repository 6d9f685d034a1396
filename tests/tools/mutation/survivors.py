"""The mutants that may survive, as `docs/mutants.md` names them with their reasons."""

from typing import Final

from tests.support.paths import ROOT

PAGE: Final = ROOT / "docs" / "mutants.md"


def row(subject: str, mutant: str, why: str = "") -> str:
    """Write a row of the page's table."""
    return f"| {subject} | {_escaped(mutant)} | {why} |"


def listed() -> dict[tuple[str, str], str]:
    """Return why each mutant may survive, by its module and its name."""
    rows = (line for line in PAGE.read_text().splitlines() if line.startswith("| "))
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in rows]
    return {(subject, mutant.replace("\\|", "|")): why for subject, mutant, why in cells[2:]}


def _escaped(text: str) -> str:
    """Let no bar in a mutant end its cell."""
    return text.replace("|", "\\|")
