# SPDX-License-Identifier: BSD-2-Clause
"""Docstrings of this project as autodoc wants them: prose, with numpy's sections and pictures.

    Parameters                      a rubric
    ----------
    n_keys : how many keys there    a list of definitions
        are, at least 1.

An indented block behind a blank line is a picture, and stays as it is; in a section it is a further
paragraph of an item.
"""

import re

from sphinx.application import Sphinx

_ITEM = re.compile(r"(\S.*?) : (.*)")


def convert(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText."""
    converted: list[str] = []
    section = picture = False
    for at, line in enumerate(lines):
        underline = bool(line) and not line.strip("-")
        if underline and converted:
            converted[-1:] = [f".. rubric:: {converted[-1]}", ""]
            section, picture = True, False
        elif section and (item := _ITEM.fullmatch(line)):
            converted += [f"`{item[1]}`", f"    {item[2]}"]
        else:
            behind_blank = at == 0 or not lines[at - 1].strip()
            starts = line.startswith(" ") and behind_blank and not section
            if starts and not picture:
                converted += ["::", ""]
            picture = starts or (picture and not line[:1].strip())
            converted.append(line)
    return converted


def _process(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]):
    lines[:] = convert(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell autodoc of it."""
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
