"""What holds for whatever was read: how the targets tell a finding."""

import json
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Never

PURCHASE_ORDER_ID: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9_-]{1,64}")


def printed(error: BaseException) -> str:
    """Everything that a log could show of an error: itself, and the chain that is printed with it."""
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


def shows_none(shown: str, secrets: Iterable[str]) -> None:
    """None of the secrets is in what is shown."""
    for secret in secrets:
        assert secret not in shown, f"{secret!r} is shown in {shown!r}"


def refusals[T](read: Callable[[T], object], harmless: Iterable[T], kind: type[Exception]) -> frozenset[str]:
    """Read what has nothing to hide in every way in which it is refused, and return what is said of it."""

    def said() -> Iterator[str]:
        for value in harmless:
            try:
                read(value)
            except kind as error:
                yield str(error)

    return frozenset(said())


def says_nothing_of_it(error: Exception, harmless: frozenset[str]) -> None:
    """An error says what is said of harmless input too, and a traceback shows no other error beside it."""
    assert str(error) in harmless, f"{error!r} is said of nothing harmless"
    assert error.__cause__ is None, f"{error!r} shows its cause"
    assert error.__context__ is None or error.__suppress_context__, f"{error!r} shows its context"


def strict_json(text: str) -> Any:  # noqa: ANN401 - JSON can be anything
    """Read JSON as others than Python do, who know no NaN."""
    return json.loads(text, parse_constant=_no_json)


def _no_json(constant: str) -> Never:
    raise AssertionError(f"{constant} is no JSON")
