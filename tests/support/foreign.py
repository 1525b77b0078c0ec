# SPDX-License-Identifier: BSD-2-Clause
"""Runs the command `firstspike` on mutants of files, in a process of bounded memory and time.

    python -m tests.support.foreign FOLDER COUNT SEED KIND      prints what was not as it should be

KIND is one of `KINDS`. Each mutant must be taken, or refused in one printable sentence with exit
status 2. Yosys, and programmers of boards, are not run: a netlist comes as far as the door of the
former.
"""

import json
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from firstspike.boards.building.bitstream import fingerprint
from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Features, Network
from firstspike.golden.data.sources import SOURCES
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.ports import log_layout
from firstspike.hdl.flow.toolchain import ToolError
from firstspike.hdl.lib.layouts import fields
from firstspike.hdl.link.linked_core import kept_wire
from firstspike.scripts.datasets import Data
from firstspike.scripts.learning.session import Request, Session, new_session
from firstspike.scripts.learning.specification import Learning
from firstspike.scripts.main import run_line
from firstspike.sim.benches.netlist import netlist

from . import hostile, mutants
from .command import toy_network
from .netlists import build_report
from .rooms import added

BOARD = "icebreaker"
SECONDS = 20
"""Processor time that a mutant may take."""
FIRST_SECONDS = 300
"""Processor time for a good file, which may first compile the integer model."""
BYTES = 1 << 30
"""Address space that a mutant may take beyond what the process has at the start."""

MOST = 500
"""Characters of a sentence."""


@dataclass(frozen=True)
class Case:
    """A file that is read, how it is spoilt, and the command that reads it."""

    file: str
    mutant: Callable[[Random, bytes], bytes]
    words: tuple[str, ...]
    named: bool = False
    """Whether the file gets another name, too."""

    def spoil(self, rng: Random, good: bytes) -> tuple[Path, tuple[str, ...]]:
        """Write a mutant; give its place and the command."""
        path, words = Path(self.file), self.words
        if self.named:
            path = path.with_name(rng.choice(hostile.NAMES) + path.suffix)
            words = tuple(str(path) if word == self.file else word for word in words)
            if rng.random() < 0.5:
                path.write_bytes(good)
                return path, words
        path.write_bytes(self.mutant(rng, good))
        return path, words


def hostile_cases() -> list[Case]:
    """Photos, tables, names of files, and what rooms read; files are in the current folder."""
    table = ("run", "table.npz", "--input", "data.csv")
    images = ("run", "net.npz", "--input", "images")
    photo = Case("photo.png", hostile.of_photo, ("run", "mnist-4bit", "--input", "photo.png"))
    train = (
        "train",
        "--dataset",
        "data.csv",
        "--label",
        "kind",
        "--hidden",
        "4",
        "--epochs",
        "1",
        "-o",
        "on.npz",
    )
    return [
        *(Case(*case) for case in added("HOSTILE")),
        photo,
        photo,
        replace(photo, file="image.png", words=("run", "net.npz", "--input", "image.png")),
        Case("images/a/1.png", hostile.of_photo, images),
        Case("data.csv", hostile.of_odd_table, table),
        Case("data.csv", hostile.of_odd_table, train),
        Case("net.npz", mutants.of_archive, ("info", "net.npz"), named=True),
        Case("photo.png", hostile.of_photo, photo.words, named=True),
        Case("data.csv", hostile.of_odd_table, table, named=True),
        Case("images/a/1.png", mutants.of_picture, images, named=True),
        Case("events.jsonl", mutants.of_json, ("run", "net.npz", "--input", "events.jsonl"), True),
    ]


def cases() -> list[Case]:
    """Networks, states, builds, events, images and tables; files are in the current folder."""
    events = ("--input", "events.jsonl")
    build = ("--target", "netlist", "--board", BOARD, "--build", "build", *events)
    compare = ("compare", "net.npz", *build)
    learn = ("learn", "--resume", "-o", "on.npz")
    return [
        Case("net.npz", mutants.of_archive, ("info", "net.npz")),
        Case("net.npz", mutants.of_archive, ("info", "net.npz", "--json", "-")),
        Case("net.npz", mutants.of_archive, ("run", "net.npz", *events)),
        Case("table.npz", mutants.of_archive, ("info", "table.npz")),
        Case("on.state.npz", mutants.of_archive, learn),
        Case("on.state.npz", mutants.of_archive, learn),
        Case("build/report.json", mutants.of_json, compare),
        Case("build/netlist.json", mutants.of_json, compare),
        Case(
            "build/report.json",
            mutants.of_json,
            ("flash", "--board", BOARD, "build/firstspike.bin"),
        ),
        Case("events.jsonl", mutants.of_json, ("run", "net.npz", *events)),
        Case(
            "events.jsonl",
            mutants.of_json,
            ("run", "ticks.npz", "--dataset", "events.jsonl"),
        ),
        Case("image.png", mutants.of_picture, ("run", "net.npz", "--input", "image.png")),
        Case("images/a/1.png", mutants.of_picture, ("run", "net.npz", "--input", "images")),
        Case("data.npz", mutants.of_archive, ("run", "plain.npz", "--dataset", "data.npz")),
        Case(
            "data.csv",
            mutants.of_table,
            ("run", "table.npz", "--input", "data.csv"),
        ),
        Case("idx/train-labels-idx1-ubyte.gz", mutants.of_bytes, ("fetch", "mnist", "--to", "idx")),
    ]


KINDS = {"usual": cases, "hostile": hostile_cases}
"""Cases by the word that asks for them."""


def make_files() -> None:
    """All good files, in the current folder."""
    rng = np.random.default_rng(1)
    network = replace(
        toy_network(), meta={"seed": 1, "by": ["x", {"y": 0.5}]}, classes=("a", "b", "c", "d")
    )
    network.save("net.npz")
    plain = replace(network, classes=())
    plain.save("plain.npz")
    replace(plain, encoding="ticks").save("ticks.npz")
    table = Features(np.sort(rng.normal(size=(36, 1)), axis=1), names=tuple(map(str, range(36))))
    meta = {"columns": {"label": "kind"}}
    replace(network, features=table, meta=meta).save("table.npz")
    lines = [{"events": [[8, n], [9, n + 1]], "label": n % 4} for n in range(30)]
    Path("events.jsonl").write_text("\n".join(map(json.dumps, lines)))
    Image.fromarray(rng.integers(0, 256, (6, 6)).astype(np.uint8)).save("image.png")
    for name in "abcd":
        Path("images", name).mkdir(parents=True)
        for number in range(3):
            image = Image.fromarray(rng.integers(0, 256, (6, 6)).astype(np.uint8))
            image.save(f"images/{name}/{number}.png")
    x = rng.integers(0, 256, (40, 36)).astype(np.uint8)
    np.savez("data.npz", x_train=x, y_train=np.arange(40) % 4, x_test=x, y_test=np.arange(40) % 4)
    head = ",".join([*map(str, range(36)), "kind"])
    rows = (",".join([*map(str, one), "abcd"[n % 4]]) for n, one in enumerate(x.tolist()))
    Path("data.csv").write_text("\n".join([head, *rows]))
    Path("idx").mkdir()
    Path("idx/train-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b" + bytes(100))
    learning = Learning(random=(8,), epochs=1, stored_bits=8)
    request = Request(learning, Data(dataset="data.npz"), "firstspike learn")
    new_session(request).state.save(Session.state_path("on.npz"))
    make_build(network)


def make_hostile_files() -> None:
    """Write the further files that only `hostile_cases` take."""
    for put in (*added("FILES"), *added("HOSTILE_FILES")):
        put(Path())
    rng = np.random.default_rng(2)
    Image.fromarray(rng.integers(0, 256, (40, 30, 4)).astype(np.uint8)).save("photo.png")


def make_build(network: Network) -> None:
    """A folder like that of `firstspike build`, with as much of a netlist as is looked at."""
    folder = Path("build")
    folder.mkdir()
    design = Design.of(network, BOARDS[BOARD], Requirements(CoreShape(4)))
    (folder / "firstspike.bin").write_bytes(b"bits")
    report = build_report(design, BOARD) | {
        "device": BOARDS[BOARD].device.name,
        "bitstream": fingerprint(folder / "firstspike.bin"),
    }
    (folder / "report.json").write_text(json.dumps(report))
    pins = ("clk12_0__io", "uart_0__rx__io", "uart_0__tx__io", "button_0__io")
    wires = ["valid", *(name for name, _, _ in fields(log_layout(design.config, 0)))]
    top = {
        "attributes": {"top": "1"},
        "ports": {pin: {"direction": "input", "bits": [n]} for n, pin in enumerate(pins)},
        "cells": {},
        "netnames": {kept_wire(0, n): {"bits": [9], "attributes": {"keep": "1"}} for n in wires},
    }
    (folder / "netlist.json").write_text(json.dumps({"modules": {"firstspike": top}}))


class TooLongError(BaseException):
    """A mutant takes more time than it may."""


def children() -> tuple[float, int]:
    """Processor time of the processes that have been started, and the most memory of one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def ended(words: tuple[str, ...], seconds: int = SECONDS) -> str | None:
    """Return the fault in how a command line ends or in its time and memory, or None."""
    before = children()
    what = _ended(words, seconds)
    after = children()
    if what is None and after[0] - before[0] > seconds:
        return f"its processes take {after[0] - before[0]:.0f} seconds"
    # A child process begins with the memory of its parent, which has another bound.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if what is None and after[1] > max(before[1], own, BYTES):
        return f"a process of it takes {after[1]} bytes"
    return what


def _ended(words: tuple[str, ...], seconds: int) -> str | None:
    """Return the fault in how a command line ends, or None."""
    Path("said").write_bytes(b"")
    with open("said", "r+b") as said:  # by whoever writes to the descriptor, in whichever language
        os.dup2(said.fileno(), 2)
        os.dup2(said.fileno(), 1)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        status = run_line(list(words))
    except TooLongError:
        return f"no end after {seconds} seconds"
    except Exception:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.flush()
    text = Path("said").read_text(errors="surrogateescape").replace("\r", "\n")
    if not all(line.isprintable() for line in text.split("\n")):
        return f"not printable: {text[-1000:]!a}"
    if "Traceback" in text or "Warning" in text or "emoryError" in text or "enough memory" in text:
        return f"said: {text[-1000:]}"
    last = text.removesuffix("\n").split("\n")[-1]
    refused = (1, 2) if words[0] == "compare" else (2,)  # a mutated netlist may differ
    sentence = last.startswith("Error: ") and len(last) <= MOST
    if status != 0 and not (sentence and status in refused):
        return f"status {status}: {text[-1000:]!a}"
    return None


def wrong(count: int, seed: int, cases: list[Case]) -> Iterator[dict[str, object]]:
    """Yield those of `count` mutants that do not end as they should."""
    state = Path("on.state.npz")
    good = {name: Path(name).read_bytes() for name in {state.name, *(one.file for one in cases)}}

    def renew() -> None:
        state.write_bytes(good[state.name])  # learning has gone on
        Path("on.npz").unlink(missing_ok=True)

    for one in cases:  # all that is imported late is here before the memory is bounded
        renew()
        what = ended(one.words, FIRST_SECONDS)
        if (
            one.words[0] not in ("compare", "flash", "fetch")
            and "Error" in Path("said").read_text()
        ):
            what = "the good file is refused"
        Path(one.file).write_bytes(good[one.file])
        if what:
            yield {"number": -1, "words": one.words, "what": what}
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + BYTES
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    for number in range(count):
        rng = Random(f"{seed} {number}")
        one = cases[number % len(cases)]
        renew()
        path, words = one.spoil(rng, good[one.file])
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        what = ended(words)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))  # the mutants themselves may be larger
        if one.named:
            path.unlink()
        Path(one.file).write_bytes(good[one.file])
        if what:
            yield {"number": number, "words": words, "what": what}


def main() -> None:
    """Print every mutant that is wrong, as a line of JSON."""
    folder, count, seed, kind = sys.argv[1:]
    os.chdir(folder)
    Path("tools").mkdir()
    for tool in ("g++", "make", "perl"):  # netlists ask for them; no programmer finds a board
        Path("tools", tool).symlink_to(shutil.which(tool) or "/nowhere")
    os.environ["PATH"] = os.path.abspath("tools")

    def late(*_: object) -> None:
        raise TooLongError

    def no_yosys(*_: object, **__: object) -> None:
        raise ToolError("yosys is not run here.")

    signal.signal(signal.SIGPROF, late)
    netlist.run_yosys = no_yosys
    SOURCES["mnist"] = ()
    with os.fdopen(os.dup(1), "w") as out:
        make_files()
        if kind == "hostile":
            make_hostile_files()
        for one in wrong(int(count), int(seed), KINDS[kind]()):
            print(json.dumps(one), file=out, flush=True)


if __name__ == "__main__":
    main()
