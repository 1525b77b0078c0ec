# SPDX-License-Identifier: BSD-2-Clause
"""The search of the site lists pages for users before those on single blocks and modules."""

import pytest

from docs.extension.written import DOCS
from tests.support.browser import chromium
from tests.support.tools import SITE, leave_out

FIRST = {
    "microphone": {"sound", "standalone"},
    "AXI": {"bus"},
    "AXI stream": {"bus"},
    "sensor": {"standalone"},
    "SPI": {"link"},
    "flash": {"verbs/flash"},
    "Vivado": {"vendors"},
}
"""The pages that come first, by the words that are searched for."""

FOUND = """words => Search._performSearch(...Search._parseQuery(words))
  .toReversed().map(([page]) => page)"""


@pytest.fixture(scope="module")
def search():
    if not SITE.found:
        leave_out(SITE)
    with chromium() as browser:
        page = browser.new_page()
        page.goto((DOCS.parent / "build" / "docs" / "search.html").as_uri())
        page.wait_for_function("Search.hasIndex()")
        yield lambda words: list(dict.fromkeys(page.evaluate(FOUND, words)))


@pytest.mark.parametrize("words", FIRST)
def test_the_page_on_a_subject_is_found_first(search, words):
    pages = FIRST[words]
    assert {*search(words)[: len(pages)]} == pages


def test_the_table_of_blocks_is_found_by_a_block(search):
    assert search("WeightStore")[0] == "architecture/blocks"
