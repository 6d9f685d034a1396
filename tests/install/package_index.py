"""A package index with a certificate of its own authority, and a proxy that inspects TLS."""

import base64
import functools
import hashlib
import io
import ssl
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

FAR_AWAY = "https://index.example/simple"
"""An index that only the proxy reaches."""


class Wheel:
    """A wheel of version 1 of a package `tiny` with these files."""

    def __init__(self, files: Mapping[str, bytes], tag: str = "py3-none-any") -> None:
        self.name = f"tiny-1-{tag}.whl"
        metadata = {
            "tiny-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1\n",
            "tiny-1.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
            "tiny-1.dist-info/RECORD": b"",
        }
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name, data in {**files, **metadata}.items():
                archive.writestr(name, data)
        self.content = content.getvalue()
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        self.lock = f"tiny==1 --hash=sha256:{self.sha256}\n"
        """The lock that names it."""


@dataclass
class PackageIndex:
    """An index with one wheel."""

    wheel: Wheel
    authority: Path
    """The certificate of the authority that signed the index's."""
    tls: ssl.SSLContext
    credentials: str | None
    """`user:password` that each request must have, if any."""
    ports: list[int] = field(default_factory=list)
    connects: list[str] = field(default_factory=list)
    """The servers to which the proxy was asked to connect."""

    @property
    def server(self) -> str:
        return f"localhost:{self.ports[0]}"

    @property
    def url(self) -> str:
        return f"https://{self.server}/simple"

    @property
    def old_url(self) -> str:
        """An index with version 0 alone."""
        return f"https://{self.server}/old"

    @property
    def other_url(self) -> str:
        """An index with another file of version 1."""
        return f"https://{self.server}/other"

    @property
    def proxy(self) -> str:
        """A proxy that answers for every server itself."""
        return f"http://localhost:{self.ports[1]}"

    def accepts(self, authorization: str | None) -> bool:
        if self.credentials is None:
            return True
        return authorization == f"Basic {base64.b64encode(self.credentials.encode()).decode()}"


@contextmanager
def package_index(directory: Path, wheel: Wheel, credentials: str | None = None) -> Iterator[PackageIndex]:
    """Serve a wheel during the `with` block, and write the authority's certificate into a directory."""
    authority = trustme.CA()
    # With a blank, because a path may have one.
    file = directory / "our authority.pem"
    authority.cert_pem.write_to_path(str(file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "index.example").configure_cert(tls)
    index = PackageIndex(wheel, file, tls, credentials)
    servers = [ThreadingHTTPServer(("localhost", 0), functools.partial(_Handler, index)) for _ in range(2)]
    index.ports = [server.server_port for server in servers]
    servers[0].socket = tls.wrap_socket(servers[0].socket, server_side=True)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield index
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, index: PackageIndex, *arguments: Any) -> None:  # noqa: ANN401 - as the server gives them
        self._index = index
        super().__init__(*arguments)

    def do_GET(self) -> None:
        wheel = self._index.wheel
        pages = {
            "/simple/tiny/": f"/{wheel.name}#sha256={wheel.sha256}",
            "/old/tiny/": "/tiny-0-py3-none-any.whl",
            "/other/tiny/": f"/other/{wheel.name}#sha256={'0' * 64}",
        }
        if not self._index.accepts(self.headers["Authorization"]):
            self._answer(401)
        elif self.path in pages:
            self._answer(200, f'<a href="{pages[self.path]}">a file</a>'.encode())
        elif self.path.endswith(f"/{wheel.name}"):
            self._answer(200, wheel.content, "application/zip")
        else:
            self._answer(404)

    do_HEAD = do_GET  # noqa: N815 - the name that the server calls

    def do_CONNECT(self) -> None:
        self._index.connects.append(self.path)
        self.send_response_only(200)
        self.end_headers()
        with self._index.tls.wrap_socket(self.connection, server_side=True) as self.request:
            self.setup()
            self.handle_one_request()
            self.wfile.flush()

    def _answer(self, status: int, body: bytes = b"", content_type: str = "text/html") -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
