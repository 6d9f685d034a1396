"""Stop a build whose compiled files are not for the processor they were asked for.

Usage: check_machine.py ELF_MACHINE DIRECTORY

Lambda would only say so at the first import in production, as "cannot open shared object file".
"""

# ruff: noqa: INP001 - a script that make runs, in no package
import sys
from pathlib import Path


def machine(path: Path) -> int | None:
    """The processor an ELF file is for (`e_machine`), or None for any other file."""
    with path.open("rb") as file:
        header = file.read(20)
    if not header.startswith(b"\x7fELF"):
        return None
    return int.from_bytes(header[18:20], "little")


def main() -> None:
    """Compare every ELF file below the directory with the processor wanted."""
    wanted, root = int(sys.argv[1]), Path(sys.argv[2])
    found = {path: machine(path) for path in sorted(root.rglob("*")) if path.is_file()}
    compiled = {path: number for path, number in found.items() if number is not None}
    wrong = [f"{path} is for machine {number}" for path, number in compiled.items() if number != wanted]
    if wrong:
        sys.exit(f"Built for the wrong processor, wanted ELF machine {wanted}:\n" + "\n".join(wrong))
    if not compiled:
        sys.exit(f"No compiled file below {root}: there is nothing the processor could be told by.")


if __name__ == "__main__":
    main()
