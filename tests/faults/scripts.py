# SPDX-License-Identifier: BSD-2-Clause
"""The faults that can be put into lines of the page's JavaScript.

A regular expression finds the words of the code, and skips comments, strings and templates.
"""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright._impl._driver import compute_driver_executable

from tests.faults.operators import Fault, Source

_PAIRS = {
    **{"<": "<=", ">": ">=", "===": "!==", "&&": "||", "true": "false"},
    **{"+": "-", "*": "/", "<<": ">>", "+=": "-=", "++": "--"},
}
_OTHER = {
    **_PAIRS,
    **{two: one for one, two in _PAIRS.items()},
    **{"%": "*", "**": "*", "!": "", "continue": "break"},
}
"""The word that replaces another one."""

_WORD = re.compile(
    r"""
    (?P<skipped>
        //[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
        | `(?: \\. | \$\{ (?: [^`{}] | `[^`]*` )* \} | [^`\\] )*`
        | (?<=[(=,])\s*/(?![*/])(?:\\.|\[[^]\n]*\]|[^/\\\n])+/
        | ^import[ ][^;]*; | ^export[ ](?=\{)[^;]*;
    )
    | (?P<dropped> ^[ ]+(?:await[ ])?[\w.\#?]+\([^\n]*\);$ )
    | (?P<swapped>
        (?<=\w) (?<!\bmax) (?<!\bmin) \( (?P<one>[\w.\#]+) ,[ ] (?P<two>[\w.\#]+)
        (?= [,)] (?! [^\n]* (?: => | \{$ ) ) )
    )
    | (?P<number> (?<![\w.\#$]) \d+(?:\.\d+)? (?![\w.]) )
    | (?P<other> [A-Za-z_$\#][\w$]* | => | >>> | \?\. | \?\? | [-+*/%<>=!&|]+ )
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def _replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the first and last place, and the new text, of each change of a script."""
    place = 0
    while found := _WORD.search(text, place):
        (start, place), word = found.span(), found[0]
        match found.lastgroup:
            case "number":
                yield start, place, str(2 * float(word) if "." in word else int(word) + 1)
            case "dropped":
                if word.count("(") == word.count(")"):
                    yield start, place, ";"
                place = start + len(word) - len(word.lstrip())  # the words of the call, too
            case "other" if word in _OTHER:
                yield start, place, _OTHER[word]
            case "swapped":
                if found["one"] != found["two"]:
                    yield start, place, f"({found['two']}, {found['one']}"
                place = start + 1


class Script(Source):
    """A file of JavaScript and its faults, as `SourceFile` is one of Python.

    Parameters
    ----------
    path
        The file's name in the faults.
    text
        The content.
    """

    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text
        self._found = defaultdict[int, list[tuple[int, int, str]]](list)
        for one in _replacements(text):
            self._found[text.count("\n", 0, one[0]) + 1].append(one)

    def fault(self, line: int, number: int) -> Fault:
        """Return a fault of a line."""
        start, end, other = self._found[line][number]
        changed = self._text[:start] + other + self._text[end:]
        before, after = (
            " ".join(one.split("\n")[line - 1].split()) for one in (self._text, changed)
        )
        return Fault(self._path, line, before, after, changed)


def is_script(text: str) -> bool:
    """Return whether a text is JavaScript without mistakes of syntax."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "script.mjs")
        path.write_text(text)
        words = (compute_driver_executable()[0], "--check", path)
        return subprocess.run(words, capture_output=True).returncode == 0
