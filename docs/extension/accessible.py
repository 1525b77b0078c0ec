# SPDX-License-Identifier: BSD-2-Clause
"""Completes the theme for readers with a keyboard or a screen reader.

The keyboard reaches each part that scrolls sideways, headings of the sidebar have a level, and the
two parts beside a page have names.
"""

from pathlib import Path

from sphinx.application import Sphinx

MENDED = {
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
}
"""The theme writes the keys; the values take their place."""


def mend(app: Sphinx, error: Exception | None) -> None:
    """Rewrite each page of a site of HTML that has been built."""
    if error or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text()
        if "<aside" in text:  # a page of the theme
            for written, instead in MENDED.items():
                text = text.replace(written, instead)
            path.write_text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx when."""
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
