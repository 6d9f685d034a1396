"""The Python examples in docs/client.md run against the local marketplace."""

import re

import pytest

from tests.local.marketplace import Marketplace
from tests.support.pages import page

CREATED = ["2575193093772", "2575193093773", "2575193093774", "2575193093775"]
SHIPPED = "2575193093779"


def test_the_examples_of_the_client_run(private_key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Marketplace() as marketplace:
        seller = marketplace.register_seller(private_key)
        for purchase_order_id in CREATED:
            marketplace.add_order(purchase_order_id)
        marketplace.add_order(SHIPPED, ["Shipped"])
        names: dict[str, object] = {"base_url": marketplace.url}

        for example in page("docs/client.md").blocks("python"):
            program = re.sub(
                r'(\w+)="[^"]*…"', lambda found: f"{found[1]}={getattr(seller, found[1])!r}", example
            )
            program = program.replace("Client(credentials", "Client(credentials, base_url=base_url")
            exec(compile(program, "docs/client.md", "exec"), names)  # noqa: S102 - the page is ours

        applied = sorted(call.path.split("/")[4] for call in marketplace.calls if call.applied)

    acknowledged, listed, rejected = capsys.readouterr().out.splitlines()
    assert acknowledged == f"{CREATED[0]} frozenset({{'Acknowledged'}})"
    assert listed.startswith(f"{CREATED[3]} 20")
    assert listed.endswith(" frozenset({'Created'})")
    assert rejected.startswith("INVALID_REQUEST_CONTENT 400 ")
    assert applied == CREATED[:3]


def test_the_package_shows_the_first_example_of_the_client() -> None:
    assert page("layers/walmart_ca/README.md").blocks("python") == page("docs/client.md").blocks("python")[:1]
