"""Reads Walmart's responses: XML and JSON into one form, whatever they are labeled.

The Canadian specification declares XML only; JSON is what clients were seen to get when they ask for it;
the gateway in front responses JSON either way, and content types were seen that do not fit the body. So an
response is read by its first character. One odd byte in a member that nobody needs must not hide the others:
what cannot be decoded becomes U+FFFD, control characters are let through, and XML is repaired where that is
safe.
"""

import codecs
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

from .messages import ErrorEntry

type Tree = dict[str, Any]
"""An element's members by local name. A repeated one is a list, a leaf is text (or, in JSON, a scalar)."""

_MAX_DESCRIPTION: Final = 300
_MAX_WORD: Final = 100
_MAX_ENTRIES: Final = 20
"""Of an error list; no response seen had more than a few."""
_MAX_NODES: Final = 200_000
"""Objects and arrays of JSON, or elements of XML, in one response; 200 orders of 20 lines have half."""
_MAX_MEMBERS: Final = 1_000_000
"""Commas of JSON in one response. What is beyond either would take hundreds of megabytes."""
_MAX_DEPTH: Final = 50
_MAX_DIGITS: Final = 400
"""A longer number is kept as text: Python refuses to convert one of thousands of digits."""
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"""\s{0,99}<\?xml[^>]{0,99}\bencoding\s*=\s*["']([\w.:-]{1,40})""")
_XML_DECLARATION: Final = re.compile(r"<\?xml\b.*?\?>", re.DOTALL)
_CHARSETS: Final = frozenset(
    {"utf-8", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"}
)
"""What a response may name; anything else is read as UTF-8, which ASCII is too."""
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HTML: Final = re.compile(r"<(?:!doctype\s+html|html|head|body|title|h1|center)\b", re.IGNORECASE)
_NO_CHARACTER: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML allows nowhere, not even as a reference."""
_MARKUP: Final = re.compile(
    r"<!\[CDATA\[.*?\]\]>|<(?![A-Za-z_:/!?])|&(?:(?:amp|lt|gt|quot|apos|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));)?",
    re.DOTALL,
)
"""CDATA, which needs no repair; a `<` that begins no tag; a reference; or an ampersand alone."""
_PIECE: Final = 4096
"""How many characters of an XML document the parser gets at a time. It works a piece off even after a
document type in it was refused, and a megabyte of nested entities ends the process (SIGSEGV)."""
_DECODER: Final = json.JSONDecoder(
    strict=False, parse_int=lambda digits: int(digits) if len(digits) <= _MAX_DIGITS else digits
)
_HEADER_NAMED: Final = re.compile(
    r"\b(WM_\w+(?:\.\w+)*|Authorization|Content-Type|Accept(?= header))\b", re.IGNORECASE
)
_PROBLEM: Final = frozenset({"title", "detail"})


class Headers(Protocol):
    """Header look-up without case."""

    def get(self, name: str, /) -> str | None:
        """Return the value of a header, or None."""


@dataclass(frozen=True, slots=True)
class Response:
    """What Walmart sent back, unread.

    Attributes:
        status: HTTP status.
        headers: Looked up without case.
        body: The whole body, without its transfer encoding.
    """

    status: int
    headers: Headers
    body: bytes

    def read(self) -> Tree:
        """Read the body.

        Returns:
            The members of the document; empty when there is no body or it is neither XML nor JSON.
        """
        text = self.decoded()
        try:
            tree = _read_xml(text) if text.startswith("<") else _read_json(text)
        except (ValueError, RecursionError):
            return {}
        return tree if isinstance(tree, dict) else {}

    def decoded(self) -> str:
        """Decode the body: by its byte order mark, else by the charset it names, else as UTF-8.

        Bytes that do not fit become U+FFFD; what stands before the document is left out.
        """
        for mark, charset in _BYTE_ORDER_MARKS:
            if self.body.startswith(mark):
                return _begun(self.body.decode(charset, "replace"))
        said = _CHARSET.search(self.headers.get("Content-Type") or "")
        declared = _XML_ENCODING.match(self.body[:300])
        text = ""
        named = [said[1]] if said else []
        named += [declared[1].decode()] if declared else []
        for name in (*named, json.detect_encoding(self.body[:4])):
            text = _begun(self.body.decode(_charset(name), "replace"))
            if text[:1] in {"{", "[", "<"}:
                break  # What is no document by the charset that it names may be one by another.
        return text

    @property
    def is_html(self) -> bool:
        """Whether the body is a page for people, which no service of Walmart's writes."""
        return (
            bool(_HTML.match(self.decoded()[:100]))
            or "html" in (self.headers.get("Content-Type") or "").lower()
        )


def _begun(text: str) -> str:
    """Leave out what may stand before a document and is no part of it."""
    return text.lstrip("\ufeff\ufffd\x00\x1a \t\r\n\v\f")


def _charset(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    return known if known in _CHARSETS else "utf-8"


def text(tree: Tree, *path: str) -> str:
    """Return the leaf at the end of `path` as text without white space around it, or `""`."""
    node = _at(tree, path)
    if isinstance(node, bool) or not isinstance(node, str | int | float):
        return ""
    return str(node).strip()


def members(tree: Tree, *path: str) -> list[Tree]:
    """Return the elements at the end of `path`, whether there are none, one or many."""
    return [element for element in listed(tree, *path) if isinstance(element, dict)]


def listed(tree: Tree, *path: str) -> list[object]:
    """Return whatever is listed at the end of `path`, elements or not; nothing where it ends early."""
    node = _at(tree, path)
    if node is None:
        return []
    return node if isinstance(node, list) else [node]


def _at(tree: Tree, path: tuple[str, ...]) -> object:
    """Follow `path` down the tree, to None where it ends early."""
    node: object = tree
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def error_entries(tree: Tree) -> Iterator[ErrorEntry]:
    """Read an error list in any of its shapes, as far as twenty entries.

    Walmart's are `{"errors": {"error": [...]}}` from the order service, `{"error": [...]}` from the gateway,
    `{"errors": [...]}` in newer documentation, and XML of the first; a lone `error` may not be a list.
    Its token endpoint was seen to answer `{"error": "invalid_client"}` (RFC 6749, 5.2), and its newest
    reference declares problem documents (RFC 9457), whose title counts as the code and whose detail may name
    a header.
    """
    flat = [entry for entry in members(tree, "errors") if "code" in entry or "message" in entry]
    entries = members(tree, "errors", "error") or members(tree, "error") or flat
    if not entries and text(tree, "error"):
        entries = [{"code": text(tree, "error"), "description": text(tree, "error_description")}]
    if not entries and tree.keys() & _PROBLEM:
        named = _HEADER_NAMED.search(f"{text(tree, 'detail')} {text(tree, 'title')}")
        entries = [
            {
                "code": text(tree, "title"),
                "field": named[0] if named else "",
                "description": text(tree, "detail"),
            }
        ]
    for entry in islice(entries, _MAX_ENTRIES):
        code, _, service = _word(entry, "code").partition(".")
        causes = entry.get("causes")
        if isinstance(causes, dict):
            causes = members(causes, "cause")
        yield ErrorEntry(
            code=code,
            service=service,
            field=_word(entry, "field"),
            description=(text(entry, "description") or text(entry, "message"))[:_MAX_DESCRIPTION],
            severity=_word(entry, "severity"),
            causes=len(causes) if isinstance(causes, list) else 0,
        )


def _word(tree: Tree, name: str) -> str:
    """Return a code or a name as it may stand in a log: short, printable ASCII."""
    return _UNPRINTABLE.sub("?", text(tree, name)[:_MAX_WORD])


def _read_json(text: str) -> object:
    if text.count("{") + text.count("[") > _MAX_NODES or text.count(",") > _MAX_MEMBERS:
        raise ValueError("more members than any response of Walmart's has")
    document, end = _DECODER.raw_decode(text)
    if _begun(text[end:]):
        raise ValueError("something after the document")
    return document


def _read_xml(text: str) -> Tree:
    """Read XML by local names: Walmart's namespaces vary from call to call."""
    # Imported here: most responses are JSON, and a cold start has no use for it.
    from xml.etree.ElementTree import ParseError, XMLParser  # noqa: PLC0415 - see above

    if text.count("<") + text.count("&") > 2 * _MAX_NODES:
        raise ValueError("more elements than any response of Walmart's has")
    # The text is decoded: what its declaration says of an encoding is no longer true.
    declaration = _XML_DECLARATION.match(text)
    text = _repaired(text[declaration.end() :] if declaration else text).lstrip()
    target = _XmlTree()
    parser = XMLParser(target=target, encoding="utf-8")  # noqa: S314 - a document type is refused
    try:
        for start in range(0, len(text), _PIECE):
            parser.feed(text[start : start + _PIECE])
        parser.close()
    except ParseError as error:
        raise ValueError("not XML") from error
    return target.tree


def _repaired(text: str) -> str:
    """Make of almost XML what a parser reads: producers forget to escape what buyers write."""

    def reference(found: re.Match[str]) -> str:
        if found[0].startswith("<"):
            return found[0] if len(found[0]) > 1 else "&lt;"
        number = int(found[1]) if found[1] else int(found[2], 16) if found[2] else None
        if number is None:
            return "&amp;" if found[0] == "&" else found[0]
        known = number <= sys.maxunicode and not _NO_CHARACTER.match(chr(number))
        return found[0] if known else "\ufffd"

    return _MARKUP.sub(reference, _NO_CHARACTER.sub("\ufffd", text))


class _XmlTree:
    """Builds a tree of what an XML parser finds."""

    def __init__(self) -> None:
        self.tree: Tree = {}
        self._open: list[tuple[Tree, list[str]]] = [(self.tree, [])]

    def doctype(self, name: str, pubid: str, system: str) -> None:
        raise ValueError(f"a document type, which Walmart does not send: {name}, {pubid}, {system}")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        del tag, attributes
        if len(self._open) > _MAX_DEPTH:
            raise ValueError("deeper than any response of Walmart's is")
        self._open.append(({}, []))

    def data(self, data: str) -> None:
        self._open[-1][1].append(data)

    def end(self, tag: str) -> None:
        members, texts = self._open.pop()
        name, value = tag.rpartition("}")[2], members or "".join(texts).strip()
        parent, _ = self._open[-1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def close(self) -> None:
        """End with the document."""
