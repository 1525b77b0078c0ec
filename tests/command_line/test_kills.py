# SPDX-License-Identifier: BSD-2-Clause
"""Verbs that write, ended at random moments: no result is half-written, and nothing stays behind.

    FIRSTSPIKE_KILLS=20 pytest tests/command_line/test_kills.py      every verb, 20 times
    FIRSTSPIKE_KILLS=20 pytest tests/command_line/test_kills.py -k learn

Without the variable each is ended twice; most verbs only in the tests before a release. A process
is known to be of a verb by a variable of its environment, which all that it starts inherits.
"""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from firstspike.golden.data.sets import SHA256
from firstspike.golden.system.temporary import PREFIX
from tests.command_line.stand_ins import put_files
from tests.support.rooms import added
from tests.support.simulators import lend_runtime

KILLS = int(os.environ.get("FIRSTSPIKE_KILLS", 2))
ENDINGS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
GRACE = 3.0
"""Seconds within which everything has ended that is killed. What is asked to end may take longer
where all does, for it may save what it has."""

MARK = "FIRSTSPIKE_KILLED"


class Verb(NamedTuple):
    """A command line, and what it writes."""

    words: str
    writes: tuple[str, ...]
    serves: bool = False
    """The verb runs until it is ended, and reports when it is ready."""
    before: str = ""
    """Python that is run first, in the same process."""


# From a web server it would be the same program, and the same files on the way.
_MIRROR = """
import gzip, hashlib
from pathlib import Path
from firstspike.golden.data import sets, sources
given = Path("given").resolve()
sources.SOURCES["mnist"] = (sources.Mirror(given.as_uri() + "/"),)
sets.SHA256["mnist"] = {
    file: hashlib.sha256(gzip.decompress((given / f"{file}.gz").read_bytes())).hexdigest()
    for file in sets.SHA256["mnist"]
}
"""


VERBS = {
    "verilog": Verb(
        "verilog toy.npz --lanes 4 -o core.v --json result.json",
        ("core.v", "core.json", "core_instance.v", "result.json"),
    ),
    "run": Verb("run mnist-4bit --images 2000 --json result.json", ("result.json",)),
    "plot": Verb("plot mnist-4bit --number 3 --images 2000 -o plot.png", ("plot.png",)),
    "fetch": Verb(
        "fetch mnist --to data",
        tuple(f"data/mnist/{file}" for file in SHA256["mnist"]),
        before=_MIRROR,
    ),
    "vectors": Verb(
        "verilog mnist-4bit --images 5 --lanes 16 --vectors vectors",
        ("vectors/core.v", "vectors/bench.v"),
    ),
    "train": Verb(
        "train --dataset digits.npz --hidden 30 --epochs 3 --fresh -o net.npz --json result.json "
        "--plot curve.png",
        ("net.npz", "result.json", "curve.png"),
    ),
    "shares": Verb(
        "train --dataset digits.npz --hidden 30 --epochs 3 --seed 1-2 -o net.npz "
        "--json result.json",
        ("net-seed1.npz", "net-seed2.npz", "result.json"),
    ),
    "learn": Verb(
        "learn --dataset digits.npz --random 40 --epochs 3 --fresh -o net.npz --json result.json "
        "--plot curve.png",
        ("net.npz", "net.state.npz", "result.json", "curve.png"),
    ),
    "simulate": Verb("compare toy.npz --input events.jsonl --target rtl --lanes 5", ()),
    "serve": Verb("serve toy.npz --lanes 5 --symlink port", (), serves=True),
    "build": Verb(
        "build toy.npz --board icebreaker --lanes 4 --clock 18 --seed 1 -o out",
        ("out/firstspike.bin", "out/netlist.json", "out/netlist.v", "out/report.json"),
    ),
    **{name: Verb(*verb) for name, verb in added("KILLED")},
}


MARKS = dict.fromkeys(("verilog", "train", "learn"), pytest.mark.long)
"""Marks of the verbs that are not only ended before a release."""


class Desk:
    """A folder to work in, with what the verbs read, and places of its own for all they leave."""

    def __init__(self, root: Path) -> None:
        self.work, self.temporary, self.cache = (root / name for name in ("w", "t", "c"))
        self._mark = uuid.uuid4().hex
        # What all simulations share takes long to compile, and is no part of what is looked at.
        for folder in (self.work, self.temporary, self.cache):
            folder.mkdir()
        self._shared = lend_runtime(self.cache)
        put_files(self.work, digits=3000)
        (self.work / "given").mkdir()
        for file in SHA256["mnist"]:
            content = np.random.default_rng(1).integers(0, 256, 2_000_000, np.uint8).tobytes()
            (self.work / "given" / f"{file}.gz").write_bytes(gzip.compress(content, 1))
        self._given = self._names()

    def started(self, verb: Verb) -> subprocess.Popen[str]:
        """The command, with nothing compiled for it before."""
        for made in self.cache.iterdir():
            if made.is_dir() and not made.name.startswith(PREFIX) and made.name not in self._shared:
                made.rename(self.temporary.parent / uuid.uuid4().hex)
        code = f"{verb.before}\nfrom firstspike.scripts.main import main; main()"
        places = {"TMPDIR": self.temporary, "FIRSTSPIKE_CACHE": self.cache, MARK: self._mark}
        return subprocess.Popen(
            [sys.executable, "-c", code, *verb.words.split()],
            cwd=self.work,
            env=os.environ | {name: str(value) for name, value in places.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def undisturbed(self, verb: Verb) -> float:
        """Run a verb to its end, or until it serves; returns the seconds it took."""
        began = time.monotonic()
        with self.started(verb) as process:
            if verb.serves:
                process.stdout.readline()
                seconds = time.monotonic() - began
                process.terminate()
            said = process.communicate()[1]
        assert process.returncode == 0, said
        return seconds if verb.serves else time.monotonic() - began

    def kill(self, verb: Verb, after: float, ending: signal.Signals, grace: float) -> None:
        """Run a verb and end it after some seconds; all its processes end."""
        with self.started(verb) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(after)
            process.send_signal(ending)
            end = time.monotonic() + grace
            while self._processes() and time.monotonic() < end:
                time.sleep(0.02)
            assert not self._processes(), "runs on"
            said = process.communicate()[1]
        if process.returncode == 130:
            assert "Traceback" not in said
        else:  # before it could notice, or when it had ended
            assert process.returncode in (0, 1, -ending), said

    def _processes(self) -> list[str]:
        """Processes of the verb that have not ended, with their state."""
        mark = f"{MARK}={self._mark}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # has ended meanwhile, or is another user's
                if mark in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_bytes().decode(errors="replace"))
        return found

    def _names(self) -> set[str]:
        return {path.name for path in self.work.iterdir()}

    def leftovers(self, verb: Verb) -> list[Path]:
        """Files of the folder that the verb does not write."""
        written = {Path(name).parts[0] for name in verb.writes}
        folders = {self.work / name for name in written if "." not in name}
        return [
            *(self.work / name for name in self._names() - self._given - written),
            *(path for folder in folders for path in folder.rglob(".*")),
            *(path for folder in folders for path in folder.rglob(f"{PREFIX}*")),
            *self.temporary.iterdir(),
            *self.cache.glob(f"{PREFIX}*"),
        ]


def whole(path: Path, expected: bytes) -> bool:
    """Whether a result can be read to its end; others than these are the same every time."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            return all(file[name] is not None for name in file.files)
    if path.suffix == ".png":
        with Image.open(path) as picture:
            return picture.load() is not None
    if path.suffix == ".json":
        return json.loads(path.read_text()) is not None
    return path.read_bytes() == expected


def moments(seconds: float, count: int, seed: int) -> Iterator[tuple[float, signal.Signals]]:
    """When to end a verb that takes so long, and how."""
    chance = random.Random(seed)
    for number in range(count):
        yield chance.uniform(0, seconds), ENDINGS[number % len(ENDINGS)]


def check_ended(name: str, folder: Path, count: int, seed: int) -> None:
    """End a verb so often, in an empty folder; the seed says when."""
    verb, desk = VERBS[name], Desk(folder)
    seconds = desk.undisturbed(verb)
    expected = {desk.work / path: (desk.work / path).read_bytes() for path in verb.writes}
    for number, (after, ending) in enumerate(moments(seconds, count, seed)):
        if number % 2:  # nothing is there, instead of an older result
            for path in expected:
                path.unlink(missing_ok=True)
        grace = GRACE if ending == signal.SIGKILL else max(GRACE, 2 * seconds)
        desk.kill(verb, after, ending, grace)
        for path, content in expected.items():
            what = f"{path.name} after {ending.name}, {after:.2f} s"
            assert not path.exists() or whole(path, content), what
    desk.undisturbed(verb)
    assert desk.leftovers(verb) == []
    assert all(whole(*result) for result in expected.items())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=MARKS.get(name, pytest.mark.thorough)) for name in VERBS]
)
def test_a_verb_that_is_ended_leaves_nothing_half_done(tmp_path, name):
    check_ended(name, tmp_path, KILLS, seed=KILLS)
