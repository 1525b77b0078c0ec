# SPDX-License-Identifier: BSD-2-Clause
"""The console blocks of the pages: every command is run, and prints what the page says.

The commands of a page share a folder. Nothing is fetched: the bundled digits stand in for the
training images, so what is trained on a page is held to the page's words only, not its numbers.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tools import ICARUS, leave_out

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

BLOCK = re.compile(r"^( *)```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

STAND_IN = f"""#!{sys.executable}
from firstspike import golden
from firstspike.golden.data import sets

pixels, labels = golden.bundled_test_set()
images = sets.Dataset(pixels, labels, pixels[:1000], labels[:1000])
golden.load_dataset = sets.load_dataset = lambda *_: images
from firstspike.scripts.main import main

main()
"""

TRAINED = re.compile(r"small|learned|swapped")
"""Networks whose numbers differ from machine to machine."""


def commands(page: Path) -> Iterator[tuple[str, str]]:
    """Each command of a page, and what the page shows of its output."""
    for indent, block in BLOCK.findall(page.read_text()):
        block = "\n" + block.replace(f"\n{indent}", "\n").removeprefix(indent)
        for part in block.split("\n$ ")[1:]:
            command, _, output = part.partition("\n")
            yield command, output


LONG = {DOCS / "tutorial.md"}
"""Pages whose commands take longer than all others."""
PAGES = [
    pytest.param(page, marks=pytest.mark.long if page in LONG else ())
    for page in sorted(DOCS.rglob("*.md"))
    if next(commands(page), None)
]


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """In which `firstspike` is the command, with images that need not be fetched."""
    program = tmp_path / "bin" / "firstspike"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_commands_print_what_the_page_says(page, tmp_path, environment):
    folder = tmp_path / "folder"
    folder.mkdir()
    served = []
    try:
        for command, output in commands(page):
            if "iverilog" in command and not ICARUS.found:
                leave_out(ICARUS)
            if command.startswith("firstspike serve"):
                served.append(start(command, folder, environment))
                continue
            ended = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
            )
            refused = output.startswith("Error: ")
            assert ended.returncode == (2 if refused else 0), f"{command}\n{ended.stderr}"
            printed = ended.stderr if refused else ended.stdout
            if output:
                exact = not TRAINED.search(command)
                assert plain(printed, exact) == plain(output, exact), command
    finally:
        for process in served:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            process.stdout.close()


def start(command: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen:
    """Start a server, and wait until it says that it serves."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip(), command
    return process


def plain(text: str, exact: bool) -> str:
    """Without line breaks, which a page has elsewhere; numbers only if they are to be `exact`.

    Whether a training takes seconds or minutes differs from machine to machine, too.
    """
    text = " ".join(text.split())
    if exact:
        return text
    text = re.sub(r"(training time [\d.]+) (s|min)\b", r"\1", text)
    return re.sub(r"\d[\d.,]*", "0", text)
