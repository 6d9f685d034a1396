"""A certificate for ``localhost`` from a certificate authority made for the occasion."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Certificate:
    """What two sides of a TLS connection need: the server its context, the caller whom to trust."""

    context: ssl.SSLContext
    authority_pem: bytes


def issue_certificate() -> Certificate:
    """Make an authority and a server certificate for ``localhost`` and ``127.0.0.1``, in memory."""
    import trustme  # noqa: PLC0415 - only whoever asks for TLS has to have trustme installed

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return Certificate(context, authority.cert_pem.bytes())
