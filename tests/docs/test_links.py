"""Links and pictures have a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ALL_PAGES, DOCS, ROOT, headings, links, read


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_of_a_page_resolves(page: Path) -> None:
    """The file exists, inside the project; the heading, too."""
    for link in links(page):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target), link


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_the_readme_leads_to_every_document(page: Path) -> None:
    """Each document is linked from a README; a translation from the translated one."""
    readme = "README.zh-CN.md" if page.name.endswith(".zh-CN.md") else "README.md"

    assert f"docs/{page.name}" in read(ROOT / readme)
