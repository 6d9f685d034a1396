"""The version of the project, which the client sends as its `User-Agent`."""

from typing import Final

VERSION: Final = "0.1.0"
