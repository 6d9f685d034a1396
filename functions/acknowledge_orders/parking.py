"""The attributes of a parked message, within what SQS takes.

SQS counts the body and, of each attribute, its name, type and value, as UTF-8, and takes one MiB in all. It
refuses a value that is empty, or that has a character which XML 1.0 does not have. AWS documents both.
"""

import re
from typing import Final

from shared.orders.outcome import Outcome

MAX_MESSAGE_BYTES: Final = 1_048_576
"""The largest message of a queue of the template, which is the largest that SQS takes."""
OUTCOME: Final = "outcome"
REASON: Final = "reason"
ATTRIBUTE_TYPE: Final = "String"

_REFUSED: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT: Final = "\ufffd"
_LONGEST_OUTCOME: Final = max(Outcome, key=len)


def parking_attributes(body: str, outcome: Outcome, reason: str) -> dict[str, str]:
    """Return the attributes that fit next to a body.

    These are outcome and reason; or, when the body leaves no room for them, the outcome and the beginning of
    the reason, or the outcome alone, or none. The outcome record has both in full.
    """
    room = MAX_MESSAGE_BYTES - _bytes(body) - _attribute_bytes(OUTCOME, outcome)
    if room < 0:
        return {}
    # A reason may quote what others wrote.
    reason = _REFUSED.sub(_REPLACEMENT, reason)
    room = max(0, room - _attribute_bytes(REASON, ""))
    reason = reason.encode()[:room].decode(errors="ignore")
    return {OUTCOME: outcome, REASON: reason} if reason else {OUTCOME: outcome}


def may_lack_outcome(body: str) -> bool:
    """Return whether a body is so large that it may have been parked without its outcome."""
    return _bytes(body) + _attribute_bytes(OUTCOME, _LONGEST_OUTCOME) > MAX_MESSAGE_BYTES


def _attribute_bytes(name: str, value: str) -> int:
    return sum(map(_bytes, (name, ATTRIBUTE_TYPE, value)))


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))
