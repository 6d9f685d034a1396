"""The sizes of what is uploaded and of what Lambda unpacks."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Size:
    """The bytes of the archive of a layer or function, and of its files, which Lambda limits to 250 MB."""

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
