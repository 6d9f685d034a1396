"""Which hosts may be called: what a base URL may be."""

import ipaddress
import re
from typing import Final

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]"
_BASE_URL: Final = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?/?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MAX_PORT: Final = 65535


def check_base_url(url: str) -> str:
    """Take a base URL and return it as it is signed and sent: lower case, no default port, no slash.

    Raises:
        ValueError: It is not `https://host[:port]`, or http for a loopback host. The text does not show it.
    """
    match = _BASE_URL.fullmatch(url.strip().lower()) if isinstance(url, str) else None
    if not match or (match[2].startswith("[") and not _address(match[2])):
        raise ValueError("base_url must be https://host or https://host:port, without a path")
    scheme, host, port = match.groups()
    if scheme == "http" and not _is_loopback(host):
        raise ValueError("base_url must be https; http is for a loopback host only")
    if port and not 0 < int(port) <= _MAX_PORT:
        raise ValueError("base_url must have a port between 1 and 65535")
    return f"{scheme}://{host}" + (f":{int(port)}" if port and int(port) != _DEFAULT_PORTS[scheme] else "")


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host == "localhost"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is, or None when it is a name."""
    try:
        return ipaddress.IPv6Address(host[1:-1]) if host.startswith("[") else ipaddress.ip_address(host)
    except ValueError:
        return None
