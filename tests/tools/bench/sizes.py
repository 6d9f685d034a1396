"""How big what is uploaded is, and what Lambda unpacks."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of one layer or function.

    Attributes:
        zipped: Of the archive that is uploaded.
        unzipped: Of its files, which is what Lambda's limit of 250 MB counts.
    """

    zipped: int
    unzipped: int


def size_of(directory: Path) -> Size:
    """Zip a directory as SAM does, deflated."""
    archive = io.BytesIO()
    files = [each for each in directory.rglob("*") if each.is_file()]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writing:
        for path in files:
            writing.write(path, path.relative_to(directory))
    return Size(len(archive.getvalue()), sum(path.stat().st_size for path in files))
