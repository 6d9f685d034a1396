"""What a gateway is: it stands in front of the services and checks every call. Each door has its own."""

from dataclasses import dataclass
from typing import Protocol

from . import problems
from .calls import Call
from .problems import OAuthError, Problem


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the caller is told, and the reason that it is not told."""

    problem: Problem | OAuthError
    reason: str


class Gateway(Protocol):
    """Lets calls through, or refuses them."""

    def check(self, call: Call) -> Refusal | None:
        """Say why a call is refused, or nothing if it may go on."""


def check_never_blank(call: Call, *headers: str) -> Refusal | None:
    """Refuse a call for the first of these headers that it lacks."""
    for header in headers:
        if not call.headers.get(header, "").strip():
            return Refusal(problems.header_blank(header), f"{header} is missing or blank")
    return None


def check_content_type(call: Call) -> Refusal | None:
    """Refuse a POST that does not say of what kind its content is."""
    if call.method == "POST" and not call.headers.get("Content-Type", "").strip():
        return Refusal(problems.SYSTEM_ERROR, "a POST needs a Content-Type, even without a body")
    return None
