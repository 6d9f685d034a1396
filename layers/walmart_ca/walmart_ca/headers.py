"""Values that go into headers."""

import re
from typing import Final

from .pasted import QUOTES, cleaned, inside_quotes

_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]{1,256}")


def header_value(name: str, value: object) -> str:
    """Take a pasted value that contains no quotes: they are taken off, and white space around it.

    Raises:
        ValueError: It cannot stand in a header. The text names it and does not show it.
    """
    value = _visible(name, value)
    value = inside_quotes(value) or value
    if value[0] in QUOTES or value[-1] in QUOTES or value[-1] in ",;":
        raise ValueError(f"{name} must be without quotes, a comma or a semicolon around it")
    return value


def opaque_value(name: str, value: object) -> str:
    """Take a pasted value that may contain any visible character; white space around it is taken off.

    Raises:
        ValueError: It cannot stand in a header, or is in quotes, which may or may not be a part of it. The
            text names it and does not show it.
    """
    value = _visible(name, value)
    if inside_quotes(value):
        raise ValueError(f"{name} must be without quotes around it")
    return value


def _visible(name: str, value: object) -> str:
    value = cleaned(value).strip() if isinstance(value, str) else ""
    # Typographic quotes are the only characters beyond ASCII that are taken off later.
    if not _HEADER_VALUE.fullmatch(inside_quotes(value) or value):
        raise ValueError(f"{name} must be 1 to 256 visible ASCII characters without spaces")
    return value
