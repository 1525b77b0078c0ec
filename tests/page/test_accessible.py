# SPDX-License-Identifier: BSD-2-Clause
"""The page and the site, by axe-core's rules and on a phone: everything can be reached and read."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from firstspike.golden import shipped
from tests.support.browser import DESKTOP, PHONE
from tests.support.tools import SITE, leave_out

SITE_PAGES = ("index", "tutorial", "figures", "comparison", "bus", "architecture", "verbs/train")
WIDER = "document.documentElement.scrollWidth - window.innerWidth"
"""How many pixels of a page are beyond the right edge of the screen."""


def check(browser, path: Path) -> None:
    """Look at a page in light and dark, on a desktop and on a phone."""
    for scheme in ("light", "dark"):
        for screen in (DESKTOP, PHONE):
            context = browser.new_context(offline=True, color_scheme=scheme, **screen)
            page = context.new_page()
            page.goto(path.as_uri())
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate(WIDER) <= 0, f"{path.name} is wider than the screen"
            context.close()


@pytest.mark.parametrize("name", shipped())
def test_the_page_is_accessible(browser, pages, name):
    check(browser, pages / f"{name}.html")


def test_the_site_is_accessible(browser):
    if not SITE.found:
        leave_out(SITE)
    for name in SITE_PAGES:
        check(browser, Path("build/docs", f"{name}.html").resolve())
