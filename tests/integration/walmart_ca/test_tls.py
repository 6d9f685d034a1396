"""Whom a client trusts; whom it does not is sent nothing."""

import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtensionOID, NameOID

from tests.integration.walmart_ca.calls import Connect, Serve, credentials_of, failure
from tests.local.marketplace import Certificate, Marketplace, Seller
from tests.support.keys import rsa_key, walmart_form
from tests.support.raw_server import ORDER, Connection, acknowledged, answer, answers
from walmart_ca import Client, NotSent, OutcomeUnknown


@pytest.fixture
def seller_tls(marketplace_tls: Marketplace) -> Seller:
    marketplace_tls.add_order(ORDER)
    return marketplace_tls.register_seller(walmart_form(rsa_key()))


def test_a_certificate_of_a_trusted_authority_is_trusted(
    marketplace_tls: Marketplace, seller_tls: Seller, trusting: ssl.SSLContext
) -> None:
    with Client(credentials_of(seller_tls), base_url=marketplace_tls.url, ssl_context=trusting) as client:
        assert client.orders.acknowledge(ORDER).purchase_order_id == ORDER


def test_a_connection_is_kept_over_tls_too(
    marketplace_tls: Marketplace, seller_tls: Seller, trusting: ssl.SSLContext
) -> None:
    with Client(credentials_of(seller_tls), base_url=marketplace_tls.url, ssl_context=trusting) as client:
        for _ in range(3):
            client.orders.acknowledge(ORDER)

    assert len({call.connection for call in marketplace_tls.calls}) == 1


def test_the_session_tickets_of_tls_1_3_cost_no_connection(serve: Serve, connect: Connect) -> None:
    authority = trustme.CA()
    tls = context_for(authority, "localhost")
    tls.num_tickets = 5
    versions: set[object] = set()

    def behave(connection: Connection) -> None:
        versions.add(getattr(connection.sock, "version", lambda: None)())
        while connection.read_request():
            connection.send(answer(acknowledged()))

    server = serve(behave, tls=tls, name="localhost")
    client = connect(server.url, ssl_context=context_trusting(authority))
    for _ in range(20):
        client.orders.acknowledge(ORDER)

    assert versions == {"TLSv1.3"}
    assert server.connections == 1


def test_an_unknown_authority_is_not_trusted_by_default(
    marketplace_tls: Marketplace, seller_tls: Seller
) -> None:
    with Client(credentials_of(seller_tls), base_url=marketplace_tls.url) as client:
        error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, NotSent)
    assert error.reason == "tls"
    assert marketplace_tls.calls == []


def context_for(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def context_for_common_name(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """A context whose certificate names its host nowhere but in the subject's common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.load_pem_x509_certificate(authority.issue_cert("localhost").cert_chain_pems[0].bytes())
    signer = load_pem_private_key(authority.private_key_pem.bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    built = x509.CertificateBuilder(
        issuer_name=named.issuer,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=named.not_valid_before_utc,
        not_valid_after=named.not_valid_after_utc,
        extensions=[each for each in named.extensions if each.oid != ExtensionOID.SUBJECT_ALTERNATIVE_NAME],
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(private + built.sign(signer, SHA256()).public_bytes(Encoding.PEM)).tempfile() as file:
        context.load_cert_chain(file)
    return context


def context_trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize(
    "names", [("other.example",), ("127.0.0.1",), ("*.localhost",), ("localhost.example",)]
)
@pytest.mark.parametrize("check_hostname", [True, False], ids=["OpenSSL checks it", "urllib3 checks it"])
def test_a_certificate_for_another_name_is_not_trusted(
    serve: Serve, connect: Connect, names: tuple[str, ...], check_hostname: bool
) -> None:
    authority = trustme.CA()
    server = serve(answers(answer(acknowledged())), tls=context_for(authority, *names), name="localhost")
    trusting = context_trusting(authority)
    trusting.check_hostname = check_hostname
    client = connect(server.url, ssl_context=trusting)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, NotSent)
    assert error.reason == "tls"
    assert server.requests == []


def test_a_certificate_that_names_its_host_in_the_common_name_alone_is_not_trusted(
    serve: Serve, connect: Connect
) -> None:
    authority = trustme.CA()
    tls = context_for_common_name(authority, "localhost")
    server = serve(answers(answer(acknowledged())), tls=tls, name="localhost")
    client = connect(server.url, ssl_context=context_trusting(authority))

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, NotSent)
    assert error.reason == "tls"
    assert server.requests == []


def test_a_server_that_speaks_no_tls_is_sent_nothing(serve: Serve, connect: Connect) -> None:
    def behave(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.wait(30)

    server = serve(behave, name="localhost")

    error = failure(lambda: connect(server.url.replace("http:", "https:")).orders.acknowledge(ORDER))

    assert isinstance(error, NotSent)
    assert error.reason == "tls"


def test_a_handshake_that_never_comes_is_given_up(serve: Serve, connect: Connect) -> None:
    server = serve(lambda connection: connection.wait(600), name="localhost")
    client = connect(server.url.replace("http:", "https:"), timeout=0.3)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert isinstance(error, NotSent)
    assert error.reason == "connect_timeout"


def test_a_handshake_that_breaks_off_is_sent_nothing(serve: Serve, connect: Connect) -> None:
    server = serve(lambda connection: connection.reset(), name="localhost")

    error = failure(lambda: connect(server.url.replace("http:", "https:")).orders.acknowledge(ORDER))

    assert isinstance(error, NotSent)


def test_a_drip_over_tls_is_given_up(
    serve: Serve, connect: Connect, certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    def behave(connection: Connection) -> None:
        connection.read_request()
        while True:
            connection.send(b"H")
            connection.wait(0.02)

    server = serve(behave, tls=certificate.context, name="localhost")
    client = connect(server.url, timeout=0.5, ssl_context=trusting)

    error = failure(lambda: client.orders.acknowledge(ORDER))

    assert type(error) is OutcomeUnknown
    assert error.reason == "answer_timeout"


def test_a_server_that_offers_only_old_tls_is_refused(serve: Serve, connect: Connect) -> None:
    authority = trustme.CA()
    old = context_for(authority, "localhost")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    server = serve(answers(answer(acknowledged())), tls=old, name="localhost")

    error = failure(
        lambda: connect(server.url, ssl_context=context_trusting(authority)).orders.acknowledge(ORDER)
    )

    assert isinstance(error, NotSent)
    assert error.reason == "tls"
    assert server.requests == []


@pytest.mark.parametrize("weakness", ["old TLS", "no verification"])
def test_a_context_that_trusts_too_much_is_refused(connect: Connect, weakness: str) -> None:
    weak = ssl.create_default_context()
    if weakness == "old TLS":
        weak.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    else:
        weak.check_hostname = False
        weak.verify_mode = ssl.CERT_NONE

    with pytest.raises(ValueError, match="ssl_context"):
        connect("https://localhost", ssl_context=weak)
