"""The commands that store credentials, of every page that has them, run by bash."""

import json
import re
import shlex
import uuid
from pathlib import Path
from typing import Final

import pytest

from shared.walmart.credentials import check_credentials, read_credentials
from tests.local.aws import LocalAws
from tests.local.marketplace import Marketplace
from tests.support.pages import RUNBOOK, all_pages
from tests.support.paths import ROOT
from tests.support.shells import Shell, needs_jq

pytestmark = needs_jq

NAME: Final = "walmart-ca"
PUT_INTO_A_FILE: Final = "(umask 077 && ${EDITOR:-vi} walmart-key.txt)\n"
SOURCED: Final = f"source {shlex.quote(str(ROOT / 'docs' / 'runbook.sh'))}\n"
STORING: Final = {
    f"{page.path.name}, {number}": block
    for page in all_pages()
    for number, block in enumerate(page.blocks("bash"), 1)
    if "--secret-string" in block
} | {
    "store_private_key": f'{SOURCED}store_private_key "$consumer" "$channel"',
    "store_client_secret": f'{SOURCED}store_client_secret "$client"',
}


def test_every_page_puts_the_key_into_a_file_before_storing_it() -> None:
    pages = [page for page in all_pages() if "--secret-string" in page.text]

    assert [page.path.name for page in pages] == ["README.md", "authentication.md"]
    assert [page.path.name for page in (*pages, RUNBOOK) if PUT_INTO_A_FILE not in page.blocks("bash")] == []


@pytest.mark.parametrize("block", STORING.values(), ids=STORING)
def test_the_stored_secret_is_usable_and_no_key_file_is_left(
    local_aws: LocalAws, bash: Shell, private_key: str, tmp_path: Path, block: str
) -> None:
    secrets = local_aws.client("secretsmanager")
    seller = Marketplace().register_seller(private_key)
    by_token = "clientSecret" in block or "client_secret" in block
    expected = seller.token_secret() if by_token else seller.secret()
    key = seller.client_secret if by_token else seller.private_key
    ids = {"client": seller.client_id, "consumer": seller.consumer_id, "channel": seller.channel_type}
    # Other tests use a secret of the pages' name in the same local AWS.
    name = f"{NAME}-{uuid.uuid4()}"
    commands = re.sub(r'--arg (\w+) "…"', lambda found: f'--arg {found[1]} "{ids[found[1]]}"', block)
    commands = re.sub(rf"\b{NAME}\b", name, commands)
    if "create-secret" not in block:
        secrets.create_secret(Name=name, SecretString="the one before")
    # As an editor does, this one ends the last line; the file must be readable by its owner only.
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\nprintf '%s\\n' '{key}' > \"$1\"\nls -l \"$1\"\n")
    editor.chmod(0o755)
    directory = tmp_path / "project"
    directory.mkdir()

    pasted = bash.run(
        f"{PUT_INTO_A_FILE}{commands}", "-e", cwd=directory, EDITOR=str(editor), SECRET=name, **ids
    )

    stored = secrets.get_secret_value(SecretId=name)["SecretString"]
    assert (pasted.returncode, pasted.stderr) == (0, "")
    assert pasted.stdout.startswith("-rw-------")
    assert {name: value.strip() for name, value in json.loads(stored).items()} == json.loads(expected)
    check_credentials(read_credentials(stored))
    assert list(directory.iterdir()) == []


def test_going_back_makes_the_previous_version_current(local_aws: LocalAws, bash: Shell) -> None:
    secrets, name = local_aws.client("secretsmanager"), f"{NAME}-{uuid.uuid4()}"
    secrets.create_secret(Name=name, SecretString="the one before")
    secrets.put_secret_value(SecretId=name, SecretString="the wrong one")

    done = bash.run(f"{SOURCED}go_back", SECRET=name)

    assert (done.returncode, done.stderr) == (0, "")
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "the one before"
