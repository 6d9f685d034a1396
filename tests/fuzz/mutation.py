"""Changes JSON as JSON: a change of bytes seldom leaves any, and what is no JSON is refused at the door."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.support.documents import as_json
from tests.support.hostile import HOSTILE_IDS

_SEPARATOR: Final = b"\x1e"
_ODD: Final[list[Any]] = [
    *(value for value in HOSTILE_IDS.values() if not isinstance(value, bytes)),
    *(0, -1, 0.5, 1e300, float("inf"), float("nan"), 10**30, 1795528912000, "1795528912000", "sweep", {}),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9" * 5000, "Created", "INFO"),
]
"""What a value may be instead."""
_DEEPEST: Final = 30


def mutate(data: bytes, mutate_bytes: Callable[[bytes, int], bytes], max_size: int, seed: int) -> bytes:
    """Change an input: one value of one JSON document in it, or its bytes by `mutate_bytes`.

    Args:
        data: The input: JSON; or what stands before a blank line, and JSON; or several of these.
        mutate_bytes: Takes bytes, and how many may come of them.
        max_size: How many bytes may come of it all.
        seed: Decides.
    """
    draw = random.Random(seed)
    if draw.random() < 0.5:
        pieces = data.split(_SEPARATOR)
        number = draw.randrange(len(pieces))
        head, blank, body = pieces[number].rpartition(b"\n\n")
        try:
            pieces[number] = head + blank + as_json(_changed(json.loads(body), draw))
        except (ValueError, RecursionError):
            pass  # It is no JSON.
        else:
            changed = _SEPARATOR.join(pieces)
            if len(changed) <= max_size:
                return changed
    return mutate_bytes(data, max_size)


def _changed(document: Any, draw: random.Random) -> Any:  # noqa: ANN401 - JSON can be anything
    places = list(_places(document, _DEEPEST))
    if not places:
        return draw.choice(_ODD)
    container, key = draw.choice(places)
    match draw.randrange(4):
        case 0:
            del container[key]
        case 1:
            container[key] = [container[key], draw.choice(_ODD)]
        case 2:
            other, name = draw.choice(places)
            container[key] = other[name]
            return json.loads(as_json(document))  # it may hold itself now
        case _:
            container[key] = draw.choice(_ODD)
    return document


def _places(node: Any, depth: int) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Every place in a document: what holds it, and its key there."""
    if depth == 0 or not isinstance(node, dict | list):
        return
    for key in node if isinstance(node, dict) else range(len(node)):
        yield node, key
        yield from _places(node[key], depth - 1)
