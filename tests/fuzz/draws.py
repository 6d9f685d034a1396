"""Draws what a target needs from the bytes that a fuzzer gives it; the same bytes, the same draws."""

from collections.abc import Sequence


class Draws:
    """Takes bytes from the front; when none are left, everything drawn is the first, the least or empty."""

    def __init__(self, data: bytes) -> None:
        """Draw from `data`."""
        self._data = data

    def number(self, low: int, high: int) -> int:
        """Draw a number between two others, both included."""
        size = ((high - low).bit_length() + 7) // 8
        return low + int.from_bytes(self._take(size)) % (high - low + 1)

    def choose[T](self, options: Sequence[T]) -> T:
        """Draw one of some options."""
        return options[self.number(0, len(options) - 1)]

    def word(self, alphabet: str, low: int, high: int) -> str:
        """Draw a word of so many letters."""
        return "".join(self.choose(alphabet) for _ in range(self.number(low, high)))

    def text(self, high: int) -> str:
        """Draw text of any characters that XML and JSON both can hold, without white space around it."""
        drawn = self.piece(high).decode("utf-8", "replace")
        return "".join(letter for letter in drawn if letter.isprintable()).strip()

    def piece(self, high: int) -> bytes:
        """Take a piece of so many bytes at most."""
        return self._take(self.number(0, high))

    def _take(self, size: int) -> bytes:
        taken, self._data = self._data[:size], self._data[size:]
        return taken
