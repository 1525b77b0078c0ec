# SPDX-License-Identifier: BSD-2-Clause
"""The browser, and the pages of the shipped networks."""

import pytest

from firstspike.golden import shipped
from firstspike.scripts.main import run_line
from tests.support.browser import DESKTOP, chromium, opened


@pytest.fixture(scope="package")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture(scope="package")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name in shipped():
        assert run_line(["page", name, "-o", str(folder / f"{name}.html")]) == 0
    return folder


@pytest.fixture
def page(browser, pages):
    """The page of `mnist-4bit` on a desktop."""
    with opened(browser, pages / "mnist-4bit.html", **DESKTOP) as page:
        yield page
