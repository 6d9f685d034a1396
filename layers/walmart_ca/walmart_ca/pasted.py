"""Removes the quotes and invisible characters that copying and pasting adds to a value."""

import re
from typing import Final

QUOTES: Final = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a"
"""Straight quotes, and the typographic quotes with which word processors and mail programs replace them."""

_CLEANED: Final[dict[int, str | None]] = dict.fromkeys(
    [
        0xFEFF,  # byte order mark
        0x00AD,  # soft hyphen
        *range(0x200B, 0x2010),  # zero-width spaces and joiners, direction marks
        *range(0x202A, 0x202F),  # direction embeddings
        *range(0x2060, 0x2065),  # word joiner, invisible operators
        *range(0x2066, 0x206A),  # direction isolates
    ]
) | dict.fromkeys([0x00A0, 0x2007, 0x202F], " ")
_QUOTED: Final = rf"\\?[{QUOTES}]([A-Za-z0-9._~+/=:@-]{{1,256}})\\?[{QUOTES}][,;]?"


def cleaned(text: str) -> str:
    """Return a text without invisible characters, and with plain spaces in place of non-breaking ones."""
    return text.translate(_CLEANED)


def inside_quotes(text: str) -> str | None:
    """Return the text between the quotes around it, or None without such quotes or with others inside."""
    if not text.startswith(("\\", *QUOTES)):
        return None  # Most values are right, and the pattern takes long to compile.
    quoted = re.fullmatch(_QUOTED, text)
    return quoted[1] if quoted else None
