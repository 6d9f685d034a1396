"""How big what is uploaded is, and what Lambda unpacks."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


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
    """Zip a directory as SAM does, deflated, and the same each time: files in order, without their dates."""
    archive = io.BytesIO()
    unzipped = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writing:
        for path in sorted(each for each in directory.rglob("*") if each.is_file()):
            content = path.read_bytes()
            unzipped += len(content)
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            writing.writestr(entry, content)
    return Size(len(archive.getvalue()), unzipped)
