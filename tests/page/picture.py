# SPDX-License-Identifier: BSD-2-Clause
"""Draws the picture of the page for the README.

    python -m tests.page.picture

A script draws a digit on the page of `mnist-8bit` in Chromium, lets the race end and writes what
the window shows to docs/page/page.png.
"""

import io
from pathlib import Path

from PIL import Image

from firstspike.golden.system.files import replace_file
from firstspike.golden.system.temporary import temporary_folder
from firstspike.scripts.main import run_line
from tests.support.browser import chromium, opened

from .strokes import draw

PICTURE = Path(__file__).parents[2] / "docs" / "page" / "page.png"
DIGIT = 3
WINDOW = {"viewport": {"width": 1100, "height": 760}, "reduced_motion": "reduce"}
COLOURS = 64
"""The page has few colours; a palette makes the file a third as large."""


def main() -> None:
    """Draw, and write the picture."""
    with chromium() as browser, temporary_folder() as folder:
        path = folder / "page.html"
        run_line(["page", "-o", str(path)])
        with opened(browser, path, **WINDOW) as page:
            draw(page, DIGIT)
            page.evaluate("scrollTo(0, 0)")
            shown = page.screenshot()
    small = io.BytesIO()
    Image.open(io.BytesIO(shown)).quantize(COLOURS).save(small, "PNG", optimize=True)
    replace_file(PICTURE, small.getvalue())


if __name__ == "__main__":
    main()
