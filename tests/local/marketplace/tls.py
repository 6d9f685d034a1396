"""A certificate for ``localhost`` from a new certificate authority."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Certificate:
    """The server's TLS context, and the authority that a client has to trust."""

    context: ssl.SSLContext
    authority_pem: bytes


def issue_certificate() -> Certificate:
    import trustme  # noqa: PLC0415 - only TLS needs trustme to be installed

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return Certificate(context, authority.cert_pem.bytes())
