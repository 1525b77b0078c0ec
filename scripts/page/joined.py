# SPDX-License-Identifier: BSD-2-Clause
"""Joins the parts in `web/` to one HTML file that needs nothing beside it.

The scripts are ES modules. They become one module, each behind those that it imports from; so no
two of them may have a name of their own that is the same, which the browser would refuse.
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
"""Licence line of a part: it does not cover the whole page, which holds a network and samples."""
_EXPORT = re.compile(r"^export (?=async function|function|const|class)", re.MULTILINE)


def page(content: dict[str, Any]) -> str:
    """The file: `content` is what `main.js` is told, and has a `title`."""
    told = json.dumps(content, allow_nan=False, default=np.ndarray.tolist)
    parts = {
        "title": escape(content["title"]),
        "style": _text("style.css"),
        # No text of a network's can end the element it is in.
        "content": told.replace("<", "\\u003c"),
        "script": script(),
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: parts[match[1]], _text("page.html"))


def script() -> str:
    """All scripts as one module."""
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
