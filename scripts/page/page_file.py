# SPDX-License-Identifier: BSD-2-Clause
"""Joins the parts in `web/` to one HTML file without external references.

The scripts are ES modules. They are joined to one module, each after those that it imports from; so
their top-level names must be distinct, or the browser refuses the page.
"""

import json
import re
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

WEB = files(__package__) / "web"
MAIN = "main.js"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_LICENCE = re.compile(r"^.*SPDX-License-Identifier.*\n", re.MULTILINE)
"""Licence line of a part: it does not cover the complete page, which contains a network and
samples."""
_EXPORT = re.compile(r"^export (?=async function|function|const|class)", re.MULTILINE)


def page(content: dict[str, Any]) -> str:
    """Return the HTML file; `content` is that for `main.js`, and has a `title`."""
    content_json = json.dumps(content, allow_nan=False, default=np.ndarray.tolist)
    parts = {
        "title": escape(content["title"]),
        "style": _text("style.css"),
        # No text of a network can end its element.
        "content": content_json.replace("<", "\\u003c"),
        "script": script(),
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: parts[match[1]], _text("page.html"))


def script() -> str:
    """Return all scripts as one module."""
    written: dict[str, str] = {}

    def write(name: str) -> None:
        if name in written:
            return
        text = _text(name)
        for needed in _IMPORT.findall(text):
            write(needed)
        written[name] = _EXPORT.sub("", _IMPORT.sub("", text))

    write(MAIN)
    return "\n".join(written.values())


def _text(name: str) -> str:
    return _LICENCE.sub("", (WEB / name).read_text(encoding="utf-8"), count=1)
