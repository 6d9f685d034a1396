"""Reading Walmart's answers: XML and JSON into one form, whatever was asked for.

The Canadian specification declares XML only; JSON is what clients were seen to get when they ask for it;
the gateway in front answers JSON either way. So an answer is read by its own `Content-Type`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from .calls import ErrorEntry

type Tree = dict[str, Any]
"""An element's members by local name. A repeated one is a list, a leaf is text (or, in JSON, a scalar)."""

_MAX_DESCRIPTION: Final = 300
_MAX_WORD: Final = 100
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


class Headers(Protocol):
    """Header look-up without case."""

    def get(self, name: str, /) -> str | None:
        """Return the value of a header, or None."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Walmart sent back, unread.

    Attributes:
        status: HTTP status.
        headers: Looked up without case.
        body: The whole body, decoded from its transfer and content encodings.
    """

    status: int
    headers: Headers
    body: bytes

    def read(self) -> Tree:
        """Read the body.

        Returns:
            The members of the document; empty when there is no body or it is neither XML nor JSON.
        """
        content_type = (self.headers.get("Content-Type") or "").lower()
        try:
            if "json" in content_type or ("xml" not in content_type and self.body.lstrip()[:1] in b"{["):
                tree = json.loads(self.body)
            else:
                tree = _read_xml(self.body)
        except (ValueError, RecursionError):
            return {}
        return tree if isinstance(tree, dict) else {}


def text(tree: Tree, *path: str) -> str:
    """Return the leaf at the end of `path` as text without white space around it, or `""`."""
    node = _at(tree, path)
    if isinstance(node, bool) or not isinstance(node, str | int | float):
        return ""
    return str(node).strip()


def members(tree: Tree, *path: str) -> list[Tree]:
    """Return the elements at the end of `path`, whether there are none, one or many."""
    node = _at(tree, path)
    elements = node if isinstance(node, list) else [node]
    return [element for element in elements if isinstance(element, dict)]


def _at(tree: Tree, path: tuple[str, ...]) -> object:
    """Follow `path` down the tree, to None where it ends early."""
    node: object = tree
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def error_entries(tree: Tree) -> Iterator[ErrorEntry]:
    """Read Walmart's error list in any of its shapes.

    They are `{"errors": {"error": [...]}}` from the order service, `{"error": [...]}` from the gateway,
    `{"errors": [...]}` in newer documentation, and XML of the first; a lone `error` may not be a list.
    """
    flat = [entry for entry in members(tree, "errors") if "code" in entry or "message" in entry]
    for entry in members(tree, "errors", "error") or members(tree, "error") or flat:
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


def _read_xml(body: bytes) -> Tree:
    """Read XML by local names: Walmart's namespaces vary from call to call."""
    # Imported here: most answers are JSON, and a cold start has no use for it.
    from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser  # noqa: PLC0415 - see above

    class WithoutDoctype(TreeBuilder):
        def doctype(self, name: str, pubid: str, system: str) -> None:
            raise ParseError(f"a document type, which Walmart does not send: {name}, {pubid}, {system}")

    def content(element: Element) -> Tree | str:
        tree: Tree = {}
        for child in element:
            name = child.tag.rpartition("}")[2]
            value = content(child)
            if name not in tree:
                tree[name] = value
            elif isinstance(tree[name], list):
                tree[name].append(value)
            else:
                tree[name] = [tree[name], value]
        return tree or (element.text or "").strip()

    parser = XMLParser(target=WithoutDoctype())  # noqa: S314 - no document type, so no entities, is let through
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, LookupError) as error:  # LookupError: an encoding that Python does not know
        raise ValueError("not XML") from error
    return {root.tag.rpartition("}")[2]: content(root)}
