"""Parses Walmart's responses: XML and JSON become the same tree, regardless of the content type.

The Canadian specification declares XML only; clients that request JSON get it; the gateway always responds
with JSON; and some content types do not fit the body. The first character of a response therefore decides how
it is parsed. One invalid byte in a member that this client does not use must not hide the other members:
undecodable bytes become U+FFFD, control characters are accepted, and XML is repaired where that is safe.
"""

import codecs
import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from .messages import ErrorEntry

type Tree = dict[str, Any]
"""An element's members by local name. A repeated member is a list; a leaf is text or, in JSON, a scalar."""

_MAX_DESCRIPTION: Final = 300
_MAX_WORD: Final = 100
_MAX_ENTRIES: Final = 20
"""The entries that are read of an error list; Walmart's error lists have a few."""
_MAX_NODES: Final = 200_000
"""Objects and arrays of JSON, or elements of XML, in one response; 200 orders of 20 lines have half."""
_MAX_MEMBERS: Final = 1_000_000
"""Commas of JSON in one response. A response beyond either limit would take hundreds of megabytes."""
_MAX_DEPTH: Final = 50
_MAX_DIGITS: Final = 400
"""A longer number is kept as text: Python refuses to convert thousands of digits."""
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"""\s{0,99}<\?xml[^>]{0,99}\bencoding\s*=\s*["']([\w.:-]{1,40})""")
_CHARSETS: Final = frozenset(
    {"utf-8", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be"}
)
"""The charsets that a response may name; any other name counts as UTF-8, which includes ASCII."""
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Patterns of what is rare are strings: compiled when first needed, not in every cold start.
_XML_DECLARATION: Final = r"(?s)<\?xml\b.*?\?>"
_HTML: Final = r"(?i)<(?:!doctype\s+html|html|head|body|title|h1|center)\b"
_NO_CHARACTER: Final = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
"""The characters that XML does not allow, not even as a reference."""
_MARKUP: Final = (
    r"(?s)<!\[CDATA\[.*?\]\]>|<(?![A-Za-z_:/!?])"
    r"|&(?:(?:amp|lt|gt|quot|apos|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));)?"
)
"""CDATA, which needs no repair; a `<` that does not begin a tag; a reference; or a bare ampersand."""
_PIECE: Final = 4096
"""How many characters of an XML document the parser gets at a time. The parser reads a piece to its end even
after it refused a document type, and a megabyte of nested entities ends the process (SIGSEGV)."""
_DECODER: Final = json.JSONDecoder(
    strict=False, parse_int=lambda digits: int(digits) if len(digits) <= _MAX_DIGITS else digits
)
_HEADER_NAMED: Final = r"(?i)\b(WM_\w+(?:\.\w+)*|Authorization|Content-Type|Accept(?= header))\b"
_PROBLEM: Final = frozenset({"title", "detail"})


class Headers(Protocol):
    """Case-insensitive look-up of headers."""

    def get(self, name: str, /) -> str | None:
        """Return the value of a header, or None."""


class Response(NamedTuple):
    """An HTTP response, not parsed yet.

    Attributes:
        status: HTTP status.
        headers: The headers, looked up case-insensitively.
        body: The whole body, without its transfer encoding.
    """

    status: int
    headers: Headers
    body: bytes

    def read(self) -> Tree:
        """Parse the body.

        Returns:
            The members of the document; empty when the body is empty or neither XML nor JSON.
        """
        text = self.decoded()
        try:
            tree = _read_xml(text) if text.startswith("<") else _read_json(text)
        except (ValueError, RecursionError):
            return {}
        return tree if isinstance(tree, dict) else {}

    def decoded(self) -> str:
        """Decode the body: by its byte order mark, else by the charset that it names, else as UTF-8.

        Undecodable bytes become U+FFFD; blanks and control characters before the document are removed.
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
                break  # If the text does not begin like a document, another charset may fit.
        return text

    @property
    def is_html(self) -> bool:
        """Whether the body is an HTML page, which Walmart's services never send."""
        return (
            bool(re.match(_HTML, self.decoded()[:100]))
            or "html" in (self.headers.get("Content-Type") or "").lower()
        )


def _begun(text: str) -> str:
    """Remove the blanks and control characters before a document."""
    return text.lstrip("\ufeff\ufffd\x00\x1a \t\r\n\v\f")


def _charset(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    return known if known in _CHARSETS else "utf-8"


def text(tree: Tree, *path: str) -> str:
    """Return the leaf at `path` as text without white space around it, or `""` if there is none."""
    node = _at(tree, path)
    if isinstance(node, bool) or not isinstance(node, str | int | float):
        return ""
    return str(node).strip()


def members(tree: Tree, *path: str) -> list[Tree]:
    """Return the elements at `path`: none, one or many."""
    return [element for element in listed(tree, *path) if isinstance(element, dict)]


def listed(tree: Tree, *path: str) -> list[object]:
    """Return the list at `path`, or a list of the one value there; empty if `path` does not exist."""
    node = _at(tree, path)
    if node is None:
        return []
    return node if isinstance(node, list) else [node]


def _at(tree: Tree, path: tuple[str, ...]) -> object:
    """Return the node at `path`, or None if it does not exist."""
    node: object = tree
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def error_entries(tree: Tree) -> Iterator[ErrorEntry]:
    """Yield the first twenty entries of an error list in any of its shapes.

    Walmart's order service sends `{"errors": {"error": [...]}}`, or the same as XML; the gateway sends
    `{"error": [...]}`; newer documentation shows `{"errors": [...]}`. A single `error` may be an object. The
    token endpoint also sends `{"error": "invalid_client"}` (RFC 6749, 5.2; seen by one client). Walmart's
    newest reference declares problem documents (RFC 9457): the title counts as the code, and the detail may
    name a header.
    """
    flat = [entry for entry in members(tree, "errors") if "code" in entry or "message" in entry]
    entries = members(tree, "errors", "error") or members(tree, "error") or flat
    if not entries and text(tree, "error"):
        entries = [{"code": text(tree, "error"), "description": text(tree, "error_description")}]
    if not entries and tree.keys() & _PROBLEM:
        named = re.search(_HEADER_NAMED, f"{text(tree, 'detail')} {text(tree, 'title')}")
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
    """Return a code or a name as short, printable ASCII, which is safe in a log."""
    return _UNPRINTABLE.sub("?", text(tree, name)[:_MAX_WORD])


def _read_json(text: str) -> object:
    if text.count("{") + text.count("[") > _MAX_NODES or text.count(",") > _MAX_MEMBERS:
        raise ValueError("more members than any response of Walmart's has")
    document, end = _DECODER.raw_decode(text)
    if _begun(text[end:]):
        raise ValueError("something after the document")
    return document


def _read_xml(text: str) -> Tree:
    """Parse XML by local names: Walmart's namespaces vary from call to call."""
    # Imported here: most responses are JSON, and a cold start does not need it.
    from xml.etree.ElementTree import ParseError, XMLParser  # noqa: PLC0415 - see above

    if text.count("<") + text.count("&") > 2 * _MAX_NODES:
        raise ValueError("more elements than any response of Walmart's has")
    # The text is decoded already, so the encoding in its declaration no longer applies.
    declaration = re.match(_XML_DECLARATION, text)
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
    """Repair XML in which the producer did not escape a buyer's text."""

    def reference(found: re.Match[str]) -> str:
        if found[0].startswith("<"):
            return found[0] if len(found[0]) > 1 else "&lt;"
        number = int(found[1]) if found[1] else int(found[2], 16) if found[2] else None
        if number is None:
            return "&amp;" if found[0] == "&" else found[0]
        known = number <= sys.maxunicode and not re.match(_NO_CHARACTER, chr(number))
        return found[0] if known else "\ufffd"

    return re.sub(_MARKUP, reference, re.sub(_NO_CHARACTER, "\ufffd", text))


class _XmlTree:
    """Builds a tree from the events of an XML parser."""

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
        """Do nothing: the parser calls this at the end of the document."""
