# SPDX-License-Identifier: BSD-2-Clause
"""What is generated into the pages is what the code says now."""

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from docs.extension.generated import texts
from docs.extension.written import DOCS, MARKED
from firstspike.scripts.main import firstspike
from tests.support.simulators import nothing_unused

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
    assert named == {*texts(), *(f"verb {verb}" for verb in verbs(firstspike))}


def test_what_is_described_is_not_made():
    with nothing_unused():
        texts()


def verbs(group: click.Group) -> Iterator[str]:
    """Give each verb, and behind a group its verbs after the group's name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        yield name
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from (f"{name} {inner}" for inner in verbs(command))


def test_no_line_begins_with_a_marker_within_it():
    """A code host would take all of that line for HTML."""
    for path in DOCS.rglob("*.md"):
        assert re.findall(r"^ *<!-- [a-z_]+ -->.+", path.read_text(), re.MULTILINE) == [], path
