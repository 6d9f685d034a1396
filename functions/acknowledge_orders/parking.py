"""The attributes of a parked message, within the limits of SQS.

SQS counts the body and each attribute's name, type and value as UTF-8, and accepts one MiB in total. It
refuses an empty value, and a character that XML 1.0 does not allow. AWS documents both.
"""

import re
from typing import Final

from shared.orders.outcome import Outcome

MAX_MESSAGE_BYTES: Final = 1_048_576
"""The largest message that SQS, and each queue of the template, accepts."""
OUTCOME: Final = "outcome"
REASON: Final = "reason"
ATTRIBUTE_TYPE: Final = "String"

_REFUSED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REPLACEMENT: Final = "\ufffd"
_LONGEST_OUTCOME: Final = max(Outcome, key=len)


def parking_attributes(body: str, outcome: Outcome, reason: str) -> dict[str, str]:
    """Return the attributes that fit next to a body.

    These are outcome and reason. If the body leaves too little room, they are the outcome and the beginning
    of the reason, or only the outcome, or none. The outcome record has both in full.
    """
    room = MAX_MESSAGE_BYTES - _bytes(body) - _attribute_bytes(OUTCOME, outcome)
    if room < 0:
        return {}
    # A reason may quote a response or an event.
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
