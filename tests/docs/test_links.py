"""Every link of the documentation has a target."""

import pytest

from tests.support.pages import Page, all_pages, page


@pytest.mark.parametrize("read", all_pages(), ids=lambda read: read.path.name)
def test_a_link_into_the_repository_leads_to_a_file_and_heading(read: Page) -> None:
    for link in read.links():
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = read.path.parent / path if path else read.path
        assert target.exists(), link
        assert not anchor or anchor in Page(target).anchors, link


def test_the_readme_and_the_index_link_to_every_page() -> None:
    led_to = {
        (read.path.parent / link.partition("#")[0]).resolve()
        for read in (page("README.md"), page("docs/README.md"))
        for link in read.links()
    }

    assert {each.path for each in all_pages()} - {page("README.md").path} <= led_to


def test_anchors_are_made_as_github_makes_them() -> None:
    assert {"the-self-check", "why-do-i-get-a-401"} <= page("docs/runbook.md").anchors
    assert "buyers-data" in page("docs/security.md").anchors
