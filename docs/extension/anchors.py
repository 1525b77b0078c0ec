# SPDX-License-Identifier: BSD-2-Clause
"""Gives each option on the page of a verb an anchor, and a line in *On this page*.

The anchor of `--lanes` is `lanes`. If a page has an option twice, as the page of `check` has, the
anchor of the second begins with the anchor of its section. The name of a shared option is a link to
the page that explains it.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from docs.extension.verb import page_of
from firstspike.scripts.main import PACKAGES

SHARED = "verbs/options"
PAGES = {SHARED, *map(page_of, PACKAGES)}
OPTION = re.compile(r"(?:-\w, )?--([a-z][a-z-]*)")
LATE = 900
"""After Sphinx has collected the contents of the page."""


def mark(app: Sphinx, document: nodes.document) -> None:
    """Put anchors on the options of a page, and the options into its table of contents."""
    name = app.env.docname
    if name not in PAGES:
        return
    for item in document.findall(nodes.list_item):
        literal = next(iter(item.findall(nodes.literal)), None)
        option = literal and OPTION.match(literal.astext())
        if literal is None or not option or not item.astext().startswith(literal.astext()):
            continue
        section = containing(item)
        anchor = option[1] if option[1] not in document.ids else f"{section}-{option[1]}"
        item["ids"].append(anchor)
        document.ids[anchor] = item
        enter(app.env.tocs[name], name, section, anchor, f"--{option[1]}")
    for reference in document.findall(addnodes.pending_xref):
        if reference["reftarget"] == SHARED and isinstance(reference.parent, nodes.paragraph):
            link(reference.parent)


def containing(node: nodes.Node) -> str:
    """Return the anchor of the section that contains a node; "" for that of the whole page."""
    section = node.parent
    while not isinstance(section, nodes.section):
        section = section.parent
    return str(section["ids"][0]) if isinstance(section.parent, nodes.section) else ""


def enter(toc: nodes.bullet_list, name: str, section: str, anchor: str, title: str) -> None:
    """Add a line below the line of a section."""
    anchorname = f"#{section}" if section else ""
    above = next(
        one.parent.parent
        for one in toc.findall(nodes.reference)
        if one.get("anchorname") == anchorname
    )
    lines = next((one for one in above.children if isinstance(one, nodes.bullet_list)), None)
    if lines is None:
        lines = nodes.bullet_list()
        above += lines
    attributes = {"internal": True, "refuri": name, "anchorname": f"#{anchor}"}
    line = nodes.reference("", "", nodes.literal(text=title), **attributes)
    lines += nodes.list_item("", addnodes.compact_paragraph("", "", line))


def link(paragraph: nodes.paragraph) -> None:
    """Make links of the names of shared options."""
    for literal in list(paragraph.findall(nodes.literal)):
        option = OPTION.match(literal.astext())
        if option:
            target = f"../{SHARED}.html#{option[1]}"
            literal.replace_self(nodes.reference("", "", literal.deepcopy(), refuri=target))


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx when."""
    app.connect("doctree-read", mark, priority=LATE)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
