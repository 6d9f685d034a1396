"""No page has a command that a key would have to be written into, and no key is committed by mistake."""

import re
from fnmatch import fnmatch

import pytest

from tests.support.pages import Page, all_pages
from tests.support.paths import ROOT

KEY = r"privateKey|clientSecret"


@pytest.mark.parametrize("read", all_pages(), ids=lambda read: read.path.name)
def test_no_command_holds_a_key(read: Page) -> None:
    for block in read.blocks("bash"):
        # What is stored comes through a pipe, and the key in it from a file.
        assert re.findall(r"--secret-(?:string|binary)[ =](\S+)", block) in ([], ["file:///dev/stdin"])
        values = re.findall(rf"\b(?:{KEY})\b[\"']?\s*[:=]\s*(\S+?)[,}}]", block)
        assert set(values) <= {"$key"}
        assert len(re.findall(KEY, block)) == len(values)
        assert not values or "--rawfile key walmart-key.txt" in block


@pytest.mark.parametrize(
    "name", ["walmart-key.txt", "walmart-key.txt~", ".walmart-key.txt.swp", "secret.json", "seller.pem"]
)
def test_git_ignores_a_file_with_a_key(name: str) -> None:
    assert any(fnmatch(name, pattern) for pattern in (ROOT / ".gitignore").read_text().splitlines())
