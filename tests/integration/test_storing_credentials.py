"""The commands that store credentials, of every page that has them, run by bash."""

import json
import re
import uuid
from pathlib import Path
from typing import Final

import pytest

from shared.walmart.credentials import check_credentials, read_credentials
from tests.local.aws import LocalAws
from tests.local.marketplace import Marketplace
from tests.support.pages import all_pages
from tests.support.shells import Shell, needs_jq

pytestmark = needs_jq

NAME: Final = "walmart-ca"
PUT_INTO_A_FILE: Final = "(umask 077 && ${EDITOR:-vi} walmart-key.txt)\n"
STORING: Final = {
    f"{page.path.name}, {number}": block
    for page in all_pages()
    for number, block in enumerate(page.blocks("bash"), 1)
    if "--secret-string" in block
}


def test_every_page_puts_the_key_into_a_file_before_storing_it() -> None:
    pages = [page for page in all_pages() if "--secret-string" in page.text]

    assert [page.path.name for page in pages] == ["README.md", "authentication.md", "runbook.md"]
    assert [page.path.name for page in pages if PUT_INTO_A_FILE not in page.blocks("bash")] == []


@pytest.mark.parametrize("block", STORING.values(), ids=STORING)
def test_the_stored_secret_is_usable_and_no_key_file_is_left(
    local_aws: LocalAws, bash: Shell, private_key: str, tmp_path: Path, block: str
) -> None:
    secrets = local_aws.client("secretsmanager")
    seller = Marketplace().register_seller(private_key)
    expected = seller.token_secret() if "clientSecret" in block else seller.secret()
    key = seller.client_secret if "clientSecret" in block else seller.private_key
    ids = {"client": seller.client_id, "consumer": seller.consumer_id, "channel": seller.channel_type}
    # Other tests use a secret of the pages' name in the same local AWS.
    name = f"{NAME}-{uuid.uuid4()}"
    commands = re.sub(r'--arg (\w+) "…"', lambda found: f'--arg {found[1]} "{ids[found[1]]}"', block)
    commands = re.sub(rf"\b{NAME}\b", name, commands)
    if "put-secret-value" in block:
        secrets.create_secret(Name=name, SecretString="the one before")
    # As an editor does, this one ends the last line; the file must be readable by its owner only.
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\nprintf '%s\\n' '{key}' > \"$1\"\nls -l \"$1\"\n")
    editor.chmod(0o755)
    directory = tmp_path / "project"
    directory.mkdir()

    pasted = bash.run(f"{PUT_INTO_A_FILE}{commands}", "-e", cwd=directory, EDITOR=str(editor))

    stored = secrets.get_secret_value(SecretId=name)["SecretString"]
    assert (pasted.returncode, pasted.stderr) == (0, "")
    assert pasted.stdout.startswith("-rw-------")
    assert {name: value.strip() for name, value in json.loads(stored).items()} == json.loads(expected)
    check_credentials(read_credentials(stored))
    assert list(directory.iterdir()) == []
