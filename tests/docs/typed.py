# SPDX-License-Identifier: BSD-2-Clause
"""Types the commands of three pages, line by line, those of each section in a fresh clone.

    python -m tests.docs.typed [PAGE...]

The clones have the last commit, and `.venv` of this checkout. The tables below name the lines that
are left out, and what is put in the place of a board and of files of a user.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.io import wavfile

from firstspike.golden import bundled_test_set
from firstspike.golden.data.preparation import SIDE
from tests.command_line.test_sound import RATE, TONES, spoken
from tests.support.photos import rendered

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/data.md", "docs/verilog.md")

LEFT_OUT = {
    "make demo": "`.ci/run` types it before",
    "make test": "`.ci/run` types it before",
    "sudo apt-get install fpga-icestorm": "it changes the machine: the programmer is a script here",
    "firstspike selftest --port /dev/ttyUSB1 --board icebreaker": "a simulated board of this size "
    "is slower than its time limits: tests/command_line/test_selftest.py has a smaller one",
    "firstspike fetch spoken-digits": "it downloads: recorded tones stand for the digits here",
}
"""Lines that are not typed, without their comments, and why."""

REPLACED = {
    "/dev/ttyUSB1": "$BOARD/board",  # the port of `firstspike serve`
    "--dataset spoken-digits": "--dataset words",
}
"""Words that stand for something else on a page than here."""

SERVED = (ROOT / ".venv" / "bin" / "firstspike", "serve", "mnist-4bit", "--symlink", "board")

PROGRAMMER = '#!/bin/sh\nfor file; do :; done\necho "flashed: $file"\ntest -s "$file"\n'
"""In the place of iceprog: a script that takes every file with content."""

TYPED = """
exec 3>&1 >log 2>&1
shown() { echo "   $SECONDS s" >&3; SECONDS=0; }
ended() { [ $? = 0 ] || { shown; tr '\\r' '\\n' <log | tail -n 30 >&3; }; }
trap ended EXIT
set -e
"""
"""Begins a script: what its commands print goes to a file, whose end is shown if one fails."""


def sections(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each section of a page that has commands: its title, and the commands."""
    for section in re.split("^## ", page.read_text(), flags=re.MULTILINE):
        found = list(commands(section))
        if found:
            yield section.partition("\n")[0].removeprefix("# "), found


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each block of a text with commands or a program: the language, and the content."""
    fenced = r"^```(sh|console|python)\n(.*?)^```$"
    indented = r"^    (?:firstspike|make) [^\n]*\n"
    for found in re.finditer(f"{fenced}|({indented})", text, re.MULTILINE | re.DOTALL):
        yield found[1] or "sh", found[2] or found[3].removeprefix("    ")


def commands(text: str) -> Iterator[str]:
    """Each command of a text as it stands there; a program is given to Python."""
    for language, block in blocks(text):
        if language == "python":
            yield f"python - <<'END'\n{block}END"
        elif language == "console":
            yield from re.findall(r"^\$ (.*)$", block, re.MULTILINE)
        else:
            yield from filter(None, block.splitlines())


def plain(command: str) -> str:
    """Return a command without its comment."""
    return re.sub(r"\s+#.*", "", command)


def script(typed: Sequence[str]) -> str:
    """Return what bash runs; it shows each command, and the seconds that it takes."""
    lines = [TYPED]
    for command in typed:
        reason = LEFT_OUT.get(plain(command))
        for word, other in REPLACED.items():
            command = command.replace(word, other)
        lines.append(f"echo {shlex.quote('$ ' + command.partition(chr(10))[0])} >&3")
        lines += [f"echo '   left out: {reason}' >&3"] if reason else [command, "shown"]
    return "\n".join(lines)


def put_files(folder: Path) -> None:
    """Write what the pages take as the user's: a photo, recordings, and a series."""
    rng = np.random.default_rng(1)
    digit = bundled_test_set()[0][0].reshape(SIDE, SIDE)
    rendered(digit, rng).image.convert("RGB").save(folder / "photo.jpg")
    for word in TONES:
        (folder / "words" / word).mkdir(parents=True)
        for number in range(12):
            wavfile.write(folder / "words" / word / f"{number}.wav", RATE, spoken(word, rng))
    wavfile.write(folder / "yours.wav", RATE, spoken("low", rng))
    y = np.arange(60) % 2
    x = rng.normal(size=(60, 1, 20)) + y[:, None, None]
    np.savez(folder / "gunpoint.npz", x_train=x[:50], y_train=y[:50], x_test=x[50:], y_test=y[50:])


def type_in(folder: Path, page: str, title: str, typed: Sequence[str]) -> bool:
    """Type commands in a new clone, print what they take, and return whether all succeed."""
    with TemporaryDirectory(dir=folder) as place:
        clone = Path(place) / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        (clone / ".venv").symlink_to(ROOT / ".venv")
        put_files(clone)
        places = (clone / ".venv" / "bin", folder / "bin", os.environ["PATH"])
        ended = subprocess.run(
            ["bash", "-c", script(typed)],
            cwd=clone,
            env=os.environ | {"PATH": os.pathsep.join(map(str, places)), "BOARD": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
    print(f"== {page}: {title}\n{ended.stdout}", flush=True)
    return ended.returncode == 0


def main(pages: Sequence[str]) -> None:
    """Type the sections, two at once; ends with status 1 where a command fails."""
    found = [(page, *section) for page in pages for section in sections(ROOT / page)]
    unknown = LEFT_OUT.keys() - {plain(line) for *_, lines in found for line in lines}
    if unknown and pages == PAGES:
        sys.exit(f"left out, but on no page: {', '.join(unknown)}")
    with TemporaryDirectory() as work, ThreadPoolExecutor(2) as pool:
        folder = Path(work)
        (folder / "bin").mkdir()
        (folder / "bin" / "iceprog").write_text(PROGRAMMER)
        (folder / "bin" / "iceprog").chmod(0o755)
        board = subprocess.Popen(SERVED, cwd=folder, stdout=subprocess.DEVNULL)
        try:
            succeeded = list(pool.map(lambda section: type_in(folder, *section), found))
        finally:
            board.terminate()
            board.wait(60)
    if not all(succeeded):
        sys.exit("A command of a page fails: it is the last of its section.")


if __name__ == "__main__":
    main(sys.argv[1:] or PAGES)
