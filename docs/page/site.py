# SPDX-License-Identifier: BSD-2-Clause
"""Puts the pages on which one draws into the site of the documentation, as `draw/NETWORK.html`."""

from pathlib import Path

from sphinx.application import Sphinx

from firstspike.golden import shipped
from firstspike.scripts.main import run_line


def write_pages(app: Sphinx, error: Exception | None) -> None:
    """Write the pages of the shipped networks after the build of an HTML site."""
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "draw"
    folder.mkdir(exist_ok=True)
    for name in shipped():
        if run_line(["page", name, "-o", str(folder / f"{name}.html")]):
            raise RuntimeError(f"the page of {name} was not written")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx when."""
    app.connect("build-finished", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
