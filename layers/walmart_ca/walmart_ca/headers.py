"""Values that go into headers."""

import re
from typing import Final

_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]{1,256}")


def header_value(name: str, value: object) -> str:
    """Take a pasted value, with white space around it at most.

    Raises:
        ValueError: It cannot stand in a header. The text names it and does not show it.
    """
    value = value.strip() if isinstance(value, str) else ""
    if not _HEADER_VALUE.fullmatch(value):
        raise ValueError(f"{name} must be 1 to 256 visible ASCII characters without spaces")
    return value
