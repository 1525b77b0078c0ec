# SPDX-License-Identifier: BSD-2-Clause
"""Writes text that comes from the code into the pages, so that a code host shows it, too.

    python -m docs.extension.written

Markers name what stands between them: a name of `generated.texts`, or `verb` and a verb.

    <!-- bus_registers -->
    | offset | register | ...
    <!-- / -->

Within a line the same is `<!-- fetch_cycles -->4<!-- / -->`; no line may begin with such a marker.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from firstspike.golden.system.files import replace_file

from .generated import texts
from .verb import described

DOCS = Path(__file__).parents[1]
MARKED = re.compile(r"<!-- ([a-z_ ]+) -->(.*?)<!-- / -->", re.DOTALL)


def renewed() -> Iterator[tuple[Path, str, str]]:
    """Give each page with markers: its path, its text, and the text that it should have."""
    known = texts()

    def written(marked: re.Match) -> str:
        name, before = marked.groups()
        kind, _, verb = name.partition(" ")
        text = described(verb) if kind == "verb" else known[name]
        if "\n" in before:
            text = f"\n{text}\n"
        return f"<!-- {name} -->{text}<!-- / -->"

    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text()
        if MARKED.search(text):
            yield path, text, MARKED.sub(written, text)


def main() -> None:
    """Write the pages that have changed, and name them."""
    for path, before, after in renewed():
        if after != before:
            replace_file(path, after.encode())
            print(f"written: {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
