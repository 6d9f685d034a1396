"""Checks of arguments: each returns the cleaned value, or raises `InvalidArgument`."""

import ipaddress
import re
from typing import Final

from .pasted import QUOTES, cleaned, inside_quotes

_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]{1,256}")
_PRINTABLE: Final = re.compile(r"(?! )[\x20-\x7e]{1,128}(?<! )")
_PURCHASE_ORDER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGIT: Final = re.compile("[0-9]")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]"
_BASE_URL: Final = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?/?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MAX_PORT: Final = 65535


class InvalidArgument(ValueError):  # noqa: N818 - named like the errors in `errors`
    """An argument cannot be used; nothing was sent.

    The message is `parameter` and `problem`. It does not show the value, which may be a secret.

    Attributes:
        parameter: The argument's name, such as `private_key`.
        problem: What is wrong with the value, such as `must be a datetime with its time zone`.
    """

    def __init__(self, parameter: str, problem: str) -> None:
        """Store the argument's name and the problem with its value."""
        super().__init__(parameter, problem)
        self.parameter = parameter
        self.problem = problem

    def __str__(self) -> str:
        """Return the parameter and the problem as one sentence."""
        return f"{self.parameter} {self.problem}"


def check_purchase_order_id(value: object) -> str:
    """Return a purchase order id if it is safe in a path, a signature and a log.

    Known ids have 13 or 15 digits, and Walmart's documentation calls them strings. An id without a digit
    could be a word in Walmart's own paths: `/orders/released` is a list, not an order.

    Args:
        value: 1 to 64 ASCII letters, digits, `_` or `-`, with at least one digit.

    Raises:
        InvalidArgument: `value` is anything else.
    """
    if not isinstance(value, str):
        raise InvalidArgument("purchase_order_id", f"must be a string, not {type(value).__name__}")
    if not _PURCHASE_ORDER_ID.fullmatch(value):
        raise InvalidArgument("purchase_order_id", "must be 1 to 64 ASCII letters, digits, '_' or '-'")
    if not _DIGIT.search(value):
        raise InvalidArgument("purchase_order_id", "must contain a digit")
    return value


def header_value(parameter: str, value: object) -> str:
    """Return a pasted value without the quotes and white space around it.

    Raises:
        InvalidArgument: The rest is not 1 to 256 visible ASCII characters, or has quotes, a comma or a
            semicolon at one end.
    """
    value = _visible(parameter, value)
    value = inside_quotes(value) or value
    if value[0] in QUOTES or value[-1] in QUOTES or value[-1] in ",;":
        raise InvalidArgument(parameter, "must not have quotes, a comma or a semicolon around it")
    return value


def opaque_value(parameter: str, value: object) -> str:
    """Return a pasted value, which may have any visible character, without white space around it.

    Raises:
        InvalidArgument: The rest is not 1 to 256 visible ASCII characters, or is in quotes, which may or may
            not be part of the value.
    """
    value = _visible(parameter, value)
    is_quoted = len(value) > 1 and value[0] in QUOTES and value[-1] in QUOTES
    if is_quoted or inside_quotes(value):
        raise InvalidArgument(parameter, "must not have quotes around it")
    return value


def _visible(parameter: str, value: object) -> str:
    value = cleaned(value).strip() if isinstance(value, str) else ""
    # `header_value` removes typographic quotes later, so they are allowed here.
    if not _HEADER_VALUE.fullmatch(inside_quotes(value) or value):
        raise InvalidArgument(parameter, "must be 1 to 256 visible ASCII characters without spaces")
    return value


def printable_value(parameter: str, value: object) -> str:
    """Return a header's value, which may contain blanks.

    Raises:
        InvalidArgument: `value` is not 1 to 128 printable ASCII characters, or begins or ends with a blank.
    """
    if not isinstance(value, str) or not _PRINTABLE.fullmatch(value):
        raise InvalidArgument(
            parameter, "must be 1 to 128 printable ASCII characters without a blank at either end"
        )
    return value


def check_base_url(url: str) -> str:
    """Return a base URL as it is signed and sent: in lower case, without a default port or a final slash.

    Args:
        url: `https://host` or `https://host:port`; `http://` for a loopback host only.

    Raises:
        InvalidArgument: `url` has another form.
    """
    match = _BASE_URL.fullmatch(url.strip().lower()) if isinstance(url, str) else None
    if not match or (match[2].startswith("[") and not _address(match[2])):
        raise InvalidArgument("base_url", "must be https://host or https://host:port, without a path")
    scheme, host, port = match.groups()
    if scheme == "http" and not _is_loopback(host):
        raise InvalidArgument("base_url", "must be https; http is for a loopback host only")
    if port and not 0 < int(port) <= _MAX_PORT:
        raise InvalidArgument("base_url", "must have a port between 1 and 65535")
    return f"{scheme}://{host}" + (f":{int(port)}" if port and int(port) != _DEFAULT_PORTS[scheme] else "")


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as an IP address, or None if it is a name."""
    try:
        return ipaddress.IPv6Address(host[1:-1]) if host.startswith("[") else ipaddress.ip_address(host)
    except ValueError:
        return None
