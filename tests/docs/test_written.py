# SPDX-License-Identifier: BSD-2-Clause
"""The generated texts in the pages agree with the code."""

import re
import subprocess
import sys

import click
import pytest

from docs.extension.generated import texts
from docs.extension.verb import counts, page_of, verbs
from docs.extension.written import DOCS, MARKED
from firstspike.scripts.main import firstspike
from tests.support.simulators import nothing_unused
from tests.support.tools import SITE, leave_out

pytestmark = pytest.mark.fast


STALE = """
from docs.extension.written import DOCS, renewed
print(*(path.relative_to(DOCS) for path, before, after in renewed() if after != before))
"""


def test_the_pages_are_fresh():
    """A process of its own generates the texts: other tests change what a command's help says."""
    done = subprocess.run(
        [sys.executable, "-c", STALE], cwd=DOCS.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [], "python -m docs.extension.written renews them"


def test_all_that_is_generated_stands_on_a_page():
    pages = "".join(path.read_text() for path in DOCS.rglob("*.md"))
    named = {name for name, _ in MARKED.findall(pages)}
    assert named == {*texts(), *(f"verb {verb}" for verb in verbs())}


def test_commands_and_their_options_remain_few():
    """A new option of a verb replaces another one, or an option of another verb."""
    commands, slots = counts()
    assert commands <= 20
    assert slots <= 190


def test_what_is_described_is_not_made():
    with nothing_unused():
        texts()


def test_each_option_has_an_anchor_on_the_site():
    """Its own page has the option's first long name, or links to the page of shared options."""
    if not SITE.found:
        leave_out(SITE)
    missing = []
    for verb in firstspike.list_commands(click.Context(firstspike)):
        page = (DOCS.parent / "build/docs" / f"{page_of(verb)}.html").read_text()
        command = firstspike.get_command(click.Context(firstspike), verb)
        shown = (one for one in command.params if isinstance(one, click.Option) and not one.hidden)
        options = [next(name for name in one.opts if name.startswith("--")) for one in shown]
        for option in (one.removeprefix("--") for one in options):
            if not re.search(rf'href="(\S*/options\.html)?#{option}"', page):
                missing.append(f"{verb} --{option}")
    assert missing == []


def test_no_line_begins_with_a_marker_within_it():
    """A code host would take all of that line for HTML."""
    for path in DOCS.rglob("*.md"):
        assert re.findall(r"^ *<!-- [a-z_]+ -->.+", path.read_text(), re.MULTILINE) == [], path
