"""Every link of the documentation leads somewhere."""

import pytest

from tests.support.pages import Page, all_pages, page

every_page = pytest.mark.parametrize("read", all_pages(), ids=lambda read: read.path.name)


@every_page
def test_a_link_into_the_repository_leads_to_a_file_and_a_heading_of_it(read: Page) -> None:
    for link in read.links():
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = read.path.parent / path if path else read.path
        assert target.exists(), link
        assert not anchor or anchor in Page(target).anchors, link


def test_the_readme_leads_to_every_page_of_the_documentation() -> None:
    readme = page("README.md")
    led_to = {readme.path.parent / link.partition("#")[0] for link in readme.links()}
    named = {each.path for each in all_pages() if f"docs/{each.path.name}" in readme.text}

    assert {each.path for each in all_pages()} - {readme.path} <= led_to | named


def test_an_anchor_is_made_as_github_makes_it() -> None:
    anchors = page("docs/operations.md").anchors

    assert {"why-do-i-get-a-401", "what-it-can-carry-and-what-it-costs", "alarms-set-up"} <= anchors
