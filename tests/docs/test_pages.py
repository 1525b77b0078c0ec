# SPDX-License-Identifier: BSD-2-Clause
"""README and pages name only files, verbs and options that are there, and the example is right."""

import doctest
import json
import os
import re
from pathlib import Path

import click
import numpy as np
import pytest

from firstspike import golden
from firstspike.boards import client
from firstspike.hdl.flow.verilog import PROMISE
from firstspike.scripts.main import firstspike
from tests.support import command
from tests.support.rooms import is_taken_out, is_verb_taken_out

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
TEXTS = [*(ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")), *PAGES]

CURRENT = [path for path in TEXTS if path.name != "CHANGELOG.md"]
"""Texts on the commands of today; a line of the change log may name an earlier command."""


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_headings_that_a_text_names_are_there(path):
    """Texts of images are on one line, for code hosts join lines without a space."""
    text, folders = path.read_text(), "golden|hdl|sim|boards|scripts|tests|docs|firstspike"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", text)
    wrong = [name for name in named if not (ROOT / name).exists() and not is_taken_out(name)]
    for link, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^):]*))?\)", text):
        page = path.parent / link if link else path
        if is_taken_out(os.path.relpath(page, ROOT)):
            continue
        if not page.exists() or (anchor and anchor not in anchors(page)):
            wrong.append(f"{link}#{anchor}")
    assert wrong + re.findall(r"^!\[[^\]]*\n", text, re.MULTILINE) == []


def anchors(page: Path) -> set[str]:
    """Return the names that code hosts and Sphinx give to the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", CURRENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_shown_have_their_options(path):
    """Every `firstspike VERB --option`, in a line of the terminal or among the text."""
    wrong = []
    for line in re.findall(r"(?:`|^ *|\$ |; )firstspike (\w+[^`;\n#]*)", path.read_text(), re.M):
        verb, *words = line.split()
        if is_verb_taken_out(verb):
            continue
        command = firstspike.get_command(click.Context(firstspike), verb)
        while isinstance(command, click.Group) and words and words[0].isalpha():
            command = command.get_command(click.Context(command), words.pop(0))
        if command is None:
            wrong.append(line)
            continue
        known = {"--help", *(name for one in command.params for name in one.opts)}
        wrong += [f"{verb} {word}" for word in words if word.startswith("--") and word not in known]
    assert wrong == []


@pytest.mark.parametrize("name", ["README.md", "LICENSE-GENERATED"])
def test_what_is_generated_is_promised_in_the_same_words(name):
    assert PROMISE in " ".join((ROOT / name).read_text().split())


def test_the_python_example_is_right():
    text = (ROOT / "docs" / "python.md").read_text()
    (session,) = re.findall(r"```pycon\n(.*?)```", text, re.DOTALL)
    example = doctest.DocTestParser().get_doctest(session, {}, "python.md", "python.md", 0)
    assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.long
def test_the_words_of_a_row_are_those_of_vectors(capfd, tmp_path, monkeypatch):
    program = (ROOT / "examples" / "row_words.py").read_text()
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 3)) * (1, 100, 0.01)
    rows = (f"{a},{b},{'east' if c > 0 else 'west'},{'up' if a > 0 else 'down'}" for a, b, c in x)
    Path("rows.csv").write_text("one,two,site,way\n" + "\n".join(rows))
    data = ["--dataset", "rows.csv"]
    for words in (
        ["train", *data, "--label", "way", "--hidden", "4", "--epochs", "1", "-o", "net.npz"],
        ["verilog", "net.npz", "-o", "core.v"],
        ["verilog", "net.npz", "--input", "rows.csv", "--vectors", "vectors"],
    ):
        assert command.firstspike(capfd, *words).status == 0
    made: dict = {}
    exec(program, made)
    expected = [int(word, 16) for word in Path("vectors/items.hex").read_text().split()]
    assert made["words"] == expected[: len(made["words"])]
    assert len(made["words"]) > 2


def test_there_are_no_words_of_a_row_without_names_of_features(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    about = {"parameters": {"encoding": "levels-8", "unit": 8, "features": {"features": []}}}
    Path("core.json").write_text(json.dumps(about))
    with pytest.raises(SystemExit, match="names no features"):
        exec((ROOT / "examples" / "row_words.py").read_text(), {})


@pytest.mark.parametrize("module", [golden, client], ids=lambda module: module.__name__)
def test_every_public_name_has_its_place_in_the_reference(module):
    texts = [
        page.read_text()
        for page in PAGES
        if f"currentmodule:: {module.__name__}\n" in page.read_text()
    ]
    named = re.findall(r"^\.\. auto\w+:: (\w+)$", "".join(texts), re.MULTILINE)
    assert sorted(named) == sorted(module.__all__)
