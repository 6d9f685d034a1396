"""Reads the secret's JSON as people store it, or says what is wrong with it.

It accepts defects that leave only one meaning: a byte order mark and other invisible characters around the
text; quotes around it or one more level of JSON string, as consoles and command lines add them; a comma after
the last member; and a line break inside a value.

Every problem is returned and never raised: the parser's exception holds the whole text.
"""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any, Final

from walmart_ca.pasted import QUOTES, cleaned

_NOT_JSON: Final = "secret: must be JSON"
_AN_OBJECT: Final = "secret: must be a JSON object"
_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
# Compiled when first needed: a good secret needs none of them.
_KEY_ALONE: Final = r"[A-Za-z0-9+/_=\s-]{256,}"
_NAME_AND_VALUE: Final = (
    r"(?im)^[\s\"'-]{0,8}(?:consumer|channel|private|client)[_ -]?(?:id|type|key|secret)[\"']?\s?[=:]"
)
_OTHER_QUOTES: Final = rf"[{{,]\s{{0,8}}[{QUOTES.replace('"', '')}]"


class _Object(list[tuple[str, Any]]):
    """The members of a JSON object in their order, with repeated names."""


def read_members(secret: str, known: Iterable[str]) -> dict[str, Any] | str:
    """Return the members of the secret, or a text that says what is wrong, which shows no value.

    Args:
        secret: Its text.
        known: The names of the members that it may have once only.
    """
    found = _document(cleaned(secret).strip())
    if isinstance(found, str):
        return found
    members = dict(found)
    if len(members) < len(found):
        names = [name for name, _ in found]
        twice = [name for name in known if names.count(name) > 1]
        if twice:
            return f"secret.{twice[0]}: appears twice: keep one"
    return members


def misspelled_members(members: Iterable[str], known: Collection[str]) -> frozenset[str]:
    """Return the known names that are present only with other capital letters or punctuation."""
    there = set(members)
    bare = {_bare(name) for name in there}
    return frozenset(name for name in known if name not in there and _bare(name) in bare)


def _bare(name: str) -> str:
    return _NO_NAME.sub("", name.lower())


def _document(text: str) -> _Object | str:
    """Read an object, however it is wrapped."""
    found = _parsed(text)
    if isinstance(found, str):  # One more level of JSON string.
        found = _parsed(cleaned(found).strip())
        return found if isinstance(found, _Object) else _AN_OBJECT
    if isinstance(found, _Object):
        return found
    if not isinstance(found, json.JSONDecodeError | None):
        return _AN_OBJECT
    for reading in _readings(text):
        again = _parsed(reading)
        if isinstance(again, _Object):
            return again
    return f"{_NOT_JSON}{_looks_like(text, found)}"


def _readings(text: str) -> Iterable[str]:
    """Remove what may surround an object. The result may still not be JSON."""
    bare = text.rstrip(",; \t\r\n")
    if len(bare) > 1 and bare[0] in QUOTES and bare[-1] in QUOTES:
        bare = bare[1:-1].strip()
    without_comma = bare
    if bare.endswith("}"):
        members = bare[:-1].rstrip()
        without_comma = members.removesuffix(",") + "}"
    yield without_comma
    # Quotes are escaped with backslashes, as for a command line, but the outer quotes are missing.
    escaped = _parsed(f'"{bare}"') if bare.startswith("{") and '\\"' in bare else None
    if isinstance(escaped, str):
        yield escaped


def _parsed(text: str) -> object:
    """Parse a text. If it is not JSON, return the error without its frames, or None."""
    try:
        # Not strict: a line break inside a value has only one meaning.
        return json.loads(text, object_pairs_hook=_Object, strict=False)
    except json.JSONDecodeError as error:
        return error.with_traceback(None)
    except (ValueError, RecursionError):
        return None


def _looks_like(text: str, error: json.JSONDecodeError | None) -> str:
    """Return what the text seems to be, and what to do."""
    if not text:
        return "; it is empty"
    if not text.startswith("{"):
        if "-----BEGIN " in text or re.fullmatch(_KEY_ALONE, text):
            return " with the key as its member privateKey; this is the key alone"
        if re.search(_NAME_AND_VALUE, text):
            return '; these are names and values in another form: write {"name": "value", ...}'
    elif re.search(_OTHER_QUOTES, text):
        return " in straight double quotes; these are single or typographic quotes"
    if error and error.msg.startswith("Illegal trailing comma"):
        return "; there is a trailing comma before a closing bracket"
    return ': {"name": "value", ...}, with a comma between two members'
