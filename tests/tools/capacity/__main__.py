"""`make capacity`, or `python -m tests.tools.capacity`: print what the model says, or put it on the page."""

import argparse

from tests.tools.capacity.page import PAGE, filled
from tests.tools.capacity.tables import tables


def main() -> None:
    """Print every table, or write them into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.capacity", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/capacity.md")
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text()))
        return
    for name, table in tables().items():
        print(f"{name}\n\n{table}\n")


if __name__ == "__main__":
    main()
