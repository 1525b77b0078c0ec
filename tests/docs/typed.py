# SPDX-License-Identifier: BSD-2-Clause
"""Types the command blocks of three pages, line by line, each page in a fresh clone.

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
from tests.page.photos import rendered

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/data.md", "docs/verilog.md")

LEFT_OUT = {
    "make demo": "`.ci/run` types it before",
    "make test": "`.ci/run` types it before",
    "sudo apt-get install fpga-icestorm": "it changes the machine: the programmer is a script here",
    "firstspike fetch spoken-digits": "it downloads: recorded tones stand for the digits here",
}
"""Lines that are not typed, without their comments, and why."""

REPLACED = {
    "/dev/ttyUSB1": "../board",  # the port of `firstspike serve`
    "--dataset spoken-digits": "--dataset words",
    "--seed S": "--seed 1",
}
"""Words that stand for something else on a page than here."""

SERVED = (ROOT / ".venv" / "bin" / "firstspike", "serve", "mnist-4bit", "--symlink", "board")

PROGRAMMER = '#!/bin/sh\nfor file; do :; done\necho "flashed: $file"\ntest -s "$file"\n'
"""In the place of iceprog: a script that takes every file with content."""

TYPED = """
shown() { echo "   ${SECONDS} s"; SECONDS=0; }
trap shown EXIT
set -e
"""


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Each block of a page with commands or a program: the language, and the text."""
    text = page.read_text()
    fenced = r"^```(sh|console|python)\n(.*?)^```$"
    indented = r"^    (?:firstspike|make) [^\n]*\n"
    for found in re.finditer(f"{fenced}|({indented})", text, re.MULTILINE | re.DOTALL):
        yield found[1] or "sh", found[2] or found[3].removeprefix("    ")


def commands(page: Path) -> Iterator[str]:
    """Each command of a page as it stands there; a program is given to Python."""
    for language, text in blocks(page):
        if language == "python":
            yield f"python - <<'END'\n{text}END"
        elif language == "console":
            yield from re.findall(r"^\$ (.*)$", text, re.MULTILINE)
        else:
            yield from filter(None, text.splitlines())


def script(page: Path) -> str:
    """Return what bash runs of a page; it shows each command, and the seconds that it takes."""
    lines = [TYPED]
    for command in commands(page):
        reason = LEFT_OUT.get(re.sub(r"\s+#.*", "", command))
        for word, other in REPLACED.items():
            command = command.replace(word, other)
        first, *more = command.splitlines()
        lines.append(f"echo {shlex.quote(f'$ {first}')}")
        lines += [f"echo '   left out: {reason}'"] if reason else [first, *more, "shown"]
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


def typed(name: str, folder: Path) -> tuple[bool, str]:
    """Type all commands of a page in a clone; gives whether all succeed, and what they print."""
    clone = folder / Path(name).stem
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    put_files(clone)
    path = os.pathsep.join([str(clone / ".venv" / "bin"), str(folder / "bin"), os.environ["PATH"]])
    ended = subprocess.run(
        ["bash", "-c", script(clone / name)],
        cwd=clone,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return ended.returncode == 0, f"== {name}\n{ended.stdout}"


def main(pages: Sequence[str]) -> None:
    """Type the pages, two at once; ends with status 1 where a command fails."""
    missing = LEFT_OUT.keys() - {
        re.sub(r"\s+#.*", "", line) for name in PAGES for line in commands(ROOT / name)
    }
    if missing:
        sys.exit(f"left out, but on no page: {', '.join(missing)}")
    with TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "bin").mkdir()
        (folder / "bin" / "iceprog").write_text(PROGRAMMER)
        (folder / "bin" / "iceprog").chmod(0o755)
        board = subprocess.Popen(SERVED, cwd=folder, stdout=subprocess.PIPE)
        try:
            board.stdout.readline()
            with ThreadPoolExecutor(2) as pool:
                results = []
                for succeeded, said in pool.map(typed, pages, [folder] * len(pages)):
                    print(said, flush=True)
                    results.append(succeeded)
        finally:
            board.terminate()
            board.wait(60)
    if not all(results):
        sys.exit("A command of a page fails: it is the last of that page above.")


if __name__ == "__main__":
    main(sys.argv[1:] or PAGES)
