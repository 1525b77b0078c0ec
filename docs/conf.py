# SPDX-License-Identifier: BSD-2-Clause
"""How Sphinx builds the documentation (`make docs`): offline, and a warning is an error."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extension"))

project = "FirstSpike"
author = "the FirstSpike authors"
project_copyright = author
release = version_of("firstspike")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinxcontrib.yowasp_wavedrom"]
# our own
extensions += ["accessible", "anchors", "chains", "docstrings", "image", "mathml", "walk"]
of_rooms = sorted(Path(__file__).parent.glob("*/site.py"))
extensions += [f"docs.{path.parent.name}.site" for path in of_rooms]
exclude_patterns = ["extension"]
default_role = "literal"  # docstrings write `name`
highlight_language = "none"
smartquotes = False  # they make en dashes of the dashes of options

myst_heading_anchors = 3
myst_fence_as_directive = ["math"]  # code hosts typeset it, too

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_mock_imports = ["torch"]  # it may not be there

html_math_renderer = "mathml"
html_theme = "furo"
html_theme_options = {"top_of_page_buttons": []}  # a link outside of all landmarks
html_title = f"FirstSpike {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_search_scorer = str(Path(__file__).with_name("search.js"))
