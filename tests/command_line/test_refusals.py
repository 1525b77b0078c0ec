# SPDX-License-Identifier: BSD-2-Clause
"""Command lines that are refused: each with status 2 and its reason, and nothing is written."""

import json
import re
import shlex
import sys
from contextlib import nullcontext
from dataclasses import replace

import nir
import numpy as np
import pytest
from PIL import Image

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import LearningState, bundled_test_set, shipped
from firstspike.golden.data.sets import Dataset
from firstspike.golden.encodings.features import Features
from firstspike.scripts import datasets
from firstspike.scripts.exploration import JOURNAL
from firstspike.scripts.main import run_line
from firstspike.scripts.shares import work
from firstspike.scripts.verbs import page
from firstspike.scripts.verbs.page import MOST_SAMPLES
from firstspike.sim.harness.networks import network_of, random_weights
from tests.nir.test_verbs import small
from tests.support.command import refusal, toy_network
from tests.support.listening import listening_network
from tests.support.moving import FRONT, small_network

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with a file of each kind: networks, data sets, events, a photo."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(1)
    toy = toy_network()
    networks = {
        "toy": toy,
        "ticks": toy_network("ticks"),
        "deadline": replace(toy, deadline=61),
        "sound": listening_network(),
        "motion": small_network(),
        "three-axes": small_network(replace(FRONT, downs=(6, 6, 6))),
        "one": network_of(([[5]],), (7,)),
        "oblong": network_of(([[5] * 3] * 12, [[5] * 2] * 3), (7, 5)),
        "many-spikes": replace(LearningState.random((784, 4, 10), 8, 1).network, max_spikes=2),
        "measured": replace(
            toy_network("levels-8"),
            late=-1,
            features=Features(edges=np.linspace(0, 1, 7) + np.zeros((36, 1))),
        ),
    }
    for hidden in (0, 2, 4):
        sizes = (784, *[4] * hidden, 10)
        weights = random_weights(np.random.default_rng(1), sizes, -8, 8)
        networks[f"{hidden}-hidden"] = network_of(weights, [5] * len(weights))
    for name, network in networks.items():
        network.save(folder / f"{name}.npz")
    y = np.arange(60) % 2
    (folder / "table.csv").write_text("a,kind\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(60)))
    for suffix in ("csv", "jsonl"):
        (folder / f"binary.{suffix}").write_bytes(bytes(range(128, 256)))
    (folder / "one-class.csv").write_text("x,kind\n" + "1,a\n2,a\n" * 20)
    (folder / "one-each.csv").write_text("x,kind\n1,a\n2,b\n3,c\n")
    (folder / "ragged.csv").write_text("x,y,kind\n" + "1,2,a\n3,4,b\n" * 20 + "1,2\n")
    (folder / "few.csv").write_text("a,kind\n" + "".join(f"{i},{i % 8}\n" for i in range(16)))
    np.savez(folder / "series.npz", x_train=rng.normal(size=(60, 2, 9)), y_train=y)
    lines = [json.dumps({"events": [[1 + k, 0], [9, 1]], "label": k % 2}) for k in range(8)] * 8
    (folder / "events.jsonl").write_text("\n".join(lines))
    (folder / "empty").write_text(" \n\n")
    for kind in ("bee", "wasp"):
        (folder / "images" / kind).mkdir(parents=True)
        for at in range(10):
            pixels = rng.integers(0, 256, (6, 6), np.uint8)
            Image.fromarray(pixels).save(folder / "images" / kind / f"{at}.png")
    for name in ("photo.png", "photo.bmp"):
        Image.new("L", (6, 6)).save(folder / name)
    nir.write(folder / "real.nir", small())
    assert run_line(["convert", str(folder / "toy.npz"), "-o", str(folder / "toy.nir")]) == 0
    (folder / "damaged").mkdir()
    (folder / "damaged" / JOURNAL).write_text("once\nmore\n")
    (folder / "nothing.nir").write_bytes(b"nothing")
    (folder / "nothing.npz").write_bytes(b"PK nonsense")
    return folder


@pytest.fixture
def folder(files, monkeypatch):
    """This folder to work in; 2,500 digits to learn and 500 others stand for the public ones.

    No cluster starts on this machine.
    """
    monkeypatch.chdir(files)
    monkeypatch.setattr(work, "ANSWERS_IN", 1)
    monkeypatch.setattr(work, "_local", lambda workers: nullcontext("tcp://127.0.0.1:2"))
    pixels, labels = bundled_test_set()
    digits = Dataset(pixels[:2500], labels[:2500], pixels[2500:3000], labels[2500:3000])
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: digits)
    return files


LANES = "is not lanes: give one number from 1 to 999999999, such as 16, or one per layer"
LAYERS = "'13,2,4': give one number, or one per layer of the network's 2"
PICTURE = "does not end in .png, .svg or .pdf"
NO_NETWORK = f"'no-such-network'.*{'.*'.join(shipped())}"
GENERAL = {
    "nonsense": "No such command 'nonsense'",
    "--nonsense": "No such option '--nonsense'",
    "tarin": r"[Dd]id you mean '?train'?\?",
    "check mutant": r"[Dd]id you mean '?mutants'?\?",
    "train -o /dev/null": "'/dev/null' is no ordinary file: the state is kept beside it",
    "train --dataste x.csv": "Did you mean one of: '--after', '--dataset'?",
    "study --images -1": "-1 is not in the range x>=1",
    "study -o picture.gif": f"'picture.gif' {PICTURE}",
    **{
        f"study {network}.npz {option} events.jsonl": f"events, and this network takes {takes}:"
        for network, takes in {"toy": "pixels", "measured": "features"}.items()
        for option in ("--input", "--dataset")
    },
    "run --target board --port nothing,0": "0 is no baud rate",
    "check rate toy.npz": "does not take the bundled digits, 784 black or white pixels",
    "train --dataset table.csv --label kind --frames 20 -o new.npz": "holds no recordings",
    "run --target golden --port nothing,1": "--port goes with --target board",
    "train --seed 1-2 --fresh -o new.npz": "--fresh is of one training: give one --seed",
    "study toy.npz -o new.png": "784 pixels and 10 classes, this network takes 36 pixels to 4",
    "study --images 2 -o missing/new.png": "missing/new.png",
    "info no-such-network": NO_NETWORK,
    "info nothing.npz": "nothing.npz",
    "info images": "cannot use 'images': Is a directory. Give a file.",
    "run table.csv": "table.csv is not a valid network file: it is no .npz archive: give a",
    "train --dataset table.csv -o no/x.npz": "directory. Make the folder 'no' first.",
    "train --dataset toy.npz -o x.npz": "toy.npz is a network file, and no data set: give",
    "check rate --images 10001": "10001 is not in the range 2<=x<=10000",
    "check mutants nothing": "'nothing'",
    "boards --dataset mnits": "no data set has this name: did you mean mnist?",
    "boards mnist-4bti": "there is no network 'mnist-4bti': did you mean mnist-4bit?",
    "fetch mnits": "'mnits' is not known: did you mean mnist?",
    "build --board icebraker": "'icebraker' is not known: did you mean icebreaker?",
    "compare --target netlst": "did you mean netlist?",
    "train --recipe spase -o x.npz": "did you mean sparse?",
    "check proofs cor-reads": "there is no proof 'cor-reads': did you mean core-reads?",
    "check mutants tie-in-group": "did you mean tie-in-a-group?",
    "train --dataset table.csv --label kinds -o x.npz": "for --label: did you mean kind?",
    "train --dataset binary.csv --label kind -o x.npz": "binary.csv is no text in UTF-8: save the",
    "run --input binary.jsonl": "line 1: this is no text in UTF-8",
    "check proofs everything": "give one of crossing",
    "check proofs x --mutants 1": "give one of core-2-lanes",
    "check proofs --list --mutants 1": "do not go together",
    "verilog mnist-4bit --vectors new --lanes 13,2,4": LAYERS,
    "verilog --vectors new --name mine": "--name goes with -o CORE.v",
    "verilog --vectors new --learn": "--learn does not go with --vectors",
    "verilog --vectors new --images 2 -o new.sv": "new.sv is no name of a Verilog file",
    "verilog -o new.v --images 3": "Images go with --vectors DIR.",
    "verilog -o images/../new/mine.v --vectors new": "new gets the core of --vectors, too: name",
}
PAGE = {
    f"page {words} -o new.html": reason
    for words, reason in {
        **{
            f"--images {count}": f"{count} is not in the range 1<=x<={MOST_SAMPLES}"
            for count in (0, MOST_SAMPLES + 1, 10**23)
        },
        "--input photo.png": "photo.png is not the file of a data set",
        "ticks.npz": "neither drawn nor set by sliders: give samples to choose from by --dataset",
        "many-spikes.npz": "spike up to 2 times per image: a page, like the hardware,",
        "oblong.npz": "the network's 12 pixels make no square image: name a folder of images by",
        "toy.npz --images all": "random samples have no end: give --images N, or a data set by",
    }.items()
}
EXPLORE = {
    "explore": "Missing option '--board'",
    "explore --board ulx3s-25f": "Missing option '-o' / '--output'",
    **{
        f"explore --board ulx3s-25f -o damaged {words}": reason
        for words, reason in {
            "--trials 0": "0 is not in the range x>=1",
            "--hours 0": "0.0 is not in the range x>0",
            "--latency 0": "0.0 is not in the range x>0",
            "--accuracy 2": "2.0 is not in the range 0<=x<=1",
            "--accuracy nan": "'nan' is not a number in the range 0<=x<=1",
            "--place -1": "-1 is not in the range x>=0",
            "--trials 1": "2500 samples: give more than the 5000 held out",
            "--recipe none": "'none' is not one of 'sparse', 'plain'",
            "--label kind": "--label goes with a file",
            "--dataset cats": "there is no file 'cats', and no data set has this name",
            "--dataset table.csv": "table.csv has no labels: name their column by --label",
            "--dataset images --recipe conv": "the kernel must fit into the map",
            "--dataset images": f"damaged/{JOURNAL} is no journal of a search",
        }.items()
    },
}
SCHEDULER = {
    f"{words} --scheduler {protocol}://127.0.0.1:1": f"{reason} '{protocol}://127.0.0.1:1'"
    for words in (
        "train --seed 1-2 -o new.npz",
        "check mutants bytes-swapped",
        "compare toy.npz --input events.jsonl --target rtl",
        "explore --board ulx3s-25f --dataset images -o new",
    )
    for protocol, reason in {
        "tcp": "no scheduler answers at",
        "tls": "Dask cannot use the protocol of",  # which needs a certificate
        "ucx": "Dask cannot use the protocol of",  # which needs further packages
    }.items()
}
NOT_INSTALLED = {
    ("nir", "convert toy.npz -o new.nir"): "install it by pip install '.[nir]'",
    ("nir", "convert toy.nir -o new.npz"): "install it by pip install '.[nir]'",
    ("distributed", "train --seed 1-2 -o new.npz"): "pip install '.[cluster]'",
}
RUN = {
    "run --nonsense": "No such option '--nonsense'",
    "run --lanes 0": f"'0' {LANES}",
    "run --lanes many": f"'many' {LANES}",
    "run --lanes 13,,2": f"'13,,2' {LANES}",
    "run --lanes 13,0": f"'13,0' {LANES}",
    "run --lanes 13,2,": f"'13,2,' {LANES}",
    "run mnist-4bit --lanes 13,2,4": LAYERS,
    "run --window 5": "5 is not in the range 0<=x<=4",
    "run --bitmap 7": "7 is not in the range x>=8",
    "run --clock 0": "0.0 is not in the range x>=1",
    "run --images 0": "0 is not in the range x>=1",
    "run --images 10001": "10000 test images",
    "run --target moon": "'moon' is not one of 'golden', 'rtl', 'board'",
    "run --dataset cats": "there is no file 'cats', and no data set has this name",
    "run --input no-such-file": "Path 'no-such-file' does not exist",
    "run --input no-such-file.png": "Path 'no-such-file.png' does not exist",
    "run mnist-8bit mnist-4bit": "Got unexpected extra argument (mnist-4bit)",
    "run toy.npz --dataset mnist": "784 pixels",
    "run --images 3 --input photo.png": "Give a data set by --dataset, or files by --input",
    "run toy.npz --images 3 --input empty": "--images N is of a data set.",
    "run toy.npz --dataset mnist --input empty": "or files by --input",
    "run toy.npz --input empty --input photo.png": "a file of events and photos",
    "run toy.npz --input empty --input empty": "takes a file of events, or several photos",
    "run toy.npz --input table.csv table.csv": "takes a data set, or several photos",
    "run toy.npz --bitmap 8 --input empty": "--bitmap goes with",
    "run toy.npz --input empty": "no image",
    "run measured.npz --input photo.png": "no pixels",
    "run --input photo.bmp": "photo.bmp is no readable PNG or JPEG or WEBP file",
    "run --input photo.png --plot new.pdf": "--plot of photos writes pixels: give a .png",
    "run toy.npz --input photo.png --target board": "--port",
    "run toy.npz --input photo.png --target board --port /dev/none": "there is no port /dev/none",
    **{
        f"run toy.npz --input photo.png --target board --port /dev/none {more}": reason
        for more, reason in {
            "--lanes 3": "its own lanes",
            "--window 0": "--window",
            "--bitmap 8": "--bitmap",
            "--spikes": "carries no spikes",
        }.items()
    },
    "run toy.npz --input photo.png --port /dev/none": "--target board",
    "run toy.npz --input photo.png --port /dev/none,9600": "--target board",
}
PLOT = {
    "plot": "Missing option '-o' / '--output'",
    "plot -o picture.gif": f"'picture.gif' {PICTURE}",
    "plot -o picture": f"'picture' {PICTURE}",
    "plot --images 2 -o missing/new.png": "missing/new.png",
    "plot --number 10000 -o new.png": "10000",
    "plot --images 10001 -o new.png": "10000",
    "plot toy.npz -o new.png": "784 pixels and 10 classes, this network takes 36 pixels to 4",
    "plot one.npz -o new.png": "784 pixels and 10 classes, this network takes 1 pixel to 1 class:",
    **{
        f"plot --input photo.png {more} -o new.png": reason
        for more, reason in {
            "--number 0": "--number and --images go with a data set, not with a photo.",
            "--images 5": "--number and --images go with a data set, not with a photo.",
            "--dataset mnist": "go with a data set, not with a photo.",
            "--input photo.png": "--input has 2 photos: give the one to draw.",
        }.items()
    },
}
COMPARE = {
    "compare --target golden": "'golden' is not one of 'rtl', 'board', 'netlist'",
    "compare mnist-4bit --images 1 --lanes 13,2,4": LAYERS,
    "compare --target netlist": "needs --board",
    "compare --target netlist --board icebreaker --lanes 2": "leave --lanes",
    "compare --target netlist --board icebreaker --port x": "with --target board",
    "compare --board icebreaker": "with --target netlist",
    **{
        f"compare mnist-4bit {more} --build released": "goes with --target bitstream and --board"
        for more in ("", "--target netlist --board icebreaker", "--target bitstream")
    },
    "compare mnist-4bit --rounds 2 --images 1 --lanes 13,2,4": LAYERS,
}
HARDWARE = {
    "build": f"Missing option '--board': choose from {', '.join(BOARDS)}",
    "build mnist-4bit --board ulx3s-85f --clock 9": (
        "9 MHz is too slow for the link's 3 Mbaud: take 12 MHz."
    ),
    "build mnist-4bit --board icebreaker --clock 25": (
        "for 25 MHz the PLL makes 25.125 MHz, and 25.125 MHz is no multiple of the link's 3 Mbaud: "
        "take 24 or 27 MHz."
    ),
    "build many-spikes.npz --board icebreaker": "^Error: the hardware's neurons spike once",
    "build --board icebreaker --clock nan": "'nan' is not a number in the range x>=1",
    "build --board icebreaker --clock inf": "'inf' is not a number in the range x>=1",
    "build --board icebreaker --seed 1-": "is not seeds",
    "build --board icebreaker --seed 5-1": "counts down",
    "build --board icebreaker --seed 1-100000": "more than 10000",
    "build --board icebreaker --seed 0-3": "below 1",
    "build mnist-4bit --board icebreaker --lanes 13,2,4": LAYERS,
    "verilog mnist-4bit -o new.v --lanes 13,2,4": LAYERS,
    "verilog -o core.v --json core.json": "-o writes core.json, too: name another file for --json",
    "verilog mnist-4bit --learn 3 -o new.v": (
        "weights have 4 bits: a core that learns stores 4 to"
    ),
    **{
        f"{verb} {hidden}-hidden.npz --learn": (
            f"the network has {hidden} hidden layers: the hardware learns with one"
        )
        for hidden in (0, 2, 4)
        for verb in ("verilog -o new.v", "build --board ulx3s-85f")
    },
    **{
        f"build --sensor {words} -o new": reason
        for words, reason in {
            "pdm --board icebreaker toy.npz": "does not listen to sound",
            "pdm --board upduino sound.npz": "has no pins for a microphone",
            "pdm --board icebreaker motion.npz": "does not listen to sound",
            "lsm6dso --board icebreaker toy.npz": "does not watch motion",
            "lsm6dso --board icebreaker three-axes.npz": "watches 3 axes: an LSM6DSO gives 6",
            "lsm6dso --board upduino motion.npz": "has no pins for an LSM6DSO",
        }.items()
    },
    **{
        f"build --sensor pdm --board icebreaker sound.npz {more}": "--sensor goes with"
        for more in ("--bench", "--link uart", "--overlap", "--clock max")
    },
    "serve mnist-4bit --lanes 13,2,4": LAYERS,
    "serve sound.npz --input sound.npz": "--board and --input go together",
    "serve sound.npz --board icebreaker": "--board and --input go together",
    "build --sensor pdm --board icebreaker sound.npz --teach": "does not name the data set of its",
    "serve sound.npz --sensor i2s": "--sensor goes with --input",
    **{
        f"serve sound.npz --board icebreaker --input sound.npz {more}": "--input goes with"
        for more in ("--weights port", "--bench", "--rows 2")
    },
}
SELFTEST = {
    "selftest": "Give --port",
    "selftest --read report.json --port x": "--read goes with no other option",
    "selftest --read report.json --build .": "--read goes with no other option",
    "selftest --port none": "there is no port none",
    "selftest --port x --build .": "--build goes with --sensor",
    "selftest sound.npz --port x --sensor pdm --board icebreaker --build .": (
        ". holds no build of sound.npz with a sensor for the iCEBreaker: name the folder of"
    ),
    "selftest --port x --sensor pdm --board icebreaker": "--sensor needs NET and",
    "selftest toy.npz --port x --sensor pdm": "--sensor needs NET and --board",
    "selftest toy.npz --port x --sensor pdm --board icebreaker --seed 2": (
        "goes with neither a baud rate nor --seed"
    ),
    "selftest toy.npz --port x --sensor pdm --board icebreaker": "does not listen to sound",
}
TRAIN = {
    f"train --hidden 5 --epochs 2 -o new.npz --dataset {words}": reason
    for words, reason in {
        "none.csv": "no file 'none.csv'.*check the path",
        "mnist --label kind": "has its own test part",
        "table.csv --label kind --recipe strict": "the recipe strict is for recordings",
        "table.csv": "no labels",
        "table.csv --label sort": "no column 'sort'",
        "table.csv --label kind --encoding levels-1": "levels-N",
        "table.csv --label kind --encoding crossings-3": "time series",
        "table.csv --label kind --cutoff 3 --encoding levels-4": "binary",
        "table.csv --label kind --test 1": "'1' is not a share between 0 and 1: give one, or",
        "table.csv --label kind --test none.csv": "none.csv' does not exist",
        "table.csv --label kind --recipe sparse": "for pixels",
        "table.csv --hidden 99999999999999999999": "is not hidden layers: give sizes, such as",
        "one-class.csv --label kind": "one class",
        "one-each.csv --label kind": "one sample alone",
        "ragged.csv --label kind": "line 42",
        "few.csv --label kind": (
            "few.csv has no test part of its own, and a share of 0.2 of 16 samples"
        ),
        "events.jsonl --encoding levels-4": "leave the encoding levels-4 out",
        "events.jsonl --complement": "a complement is of features",
        "events.jsonl --constant": "a constant is of features",
        "events.jsonl --cutoff 3": "a cutoff is of features",
        "events.jsonl --recipe sparse": "for pixels",
        "events.jsonl --label kind": "no columns",
        "series.npz --encoding crossings-3 --complement": "a complement is of",
        "series.npz --encoding crossings-3 --cutoff 1": "a cutoff is of",
        "series.npz --cutoff 1": "cutoff is 1, and levels-128 has several thresholds",
        "series.npz --encoding ticks": "no integers",
        "series.npz --group kind": "no columns",
        "images --label kind": "no columns",
        "images --recipe sparse --cutoff 9": "leave the cutoff out",
        "images --test events.jsonl": "events.jsonl holds events, and images does not",
        "images --test series.npz": "series.npz [2, 9] to test",
    }.items()
}
LEARN = (
    {
        f"learn {words}": reason
        for words, reason in {
            "-o new.npz": "--random",
            "--random 40": "-o",
            "--random '' -o new.npz": "400-400",
            "--random 40 -o ''": "''",
            "--random 40 -o missing/new.npz": "missing",
            "--random 40 -o /dev/null": "/dev/null",
            "/ -o new.npz": "'/'",
            "'' -o new.npz": "''",
            ". -o new.npz": "'.'",
            "toy.npz -o new.npz": "784 pixels",
            "many-spikes.npz -o new.npz": "max_spikes 2",
            "nothing.npz -o new.npz": "nothing.npz",
            "no-such-network -o new.npz": NO_NETWORK,
        }.items()
    }
    | {
        f"learn --random {words} -o new.npz": reason
        for words, reason in {
            "0-10": "400-400",
            "0": "400-400",
            "4c5s4": "give their sizes, such as --random 600",
            "40-30": "2 hidden layers",
            "40 mnist-8bit": "either",
            "40 --inputs 785": "785",
            "40 --images 2501": "2501",
            "40 --images 0": "--images",
            "40 --epochs 0": "--epochs",
            "40 --shift 2": "--shift",
            "40 --stored-bits 9": "--stored-bits",
            "40 --competitors 2": "--competitors",
            "40 --relabel 3:8": "trained NET",
            "40 --kill 0.5": "trained NET",
            "40 --target moon": "--target",
            "40 --target rtl --exact": "--exact",
            "40 --lanes 8 --exact": "--exact",
            "40 --lanes 0": "--lanes",
            "40 --lanes 13,2,4 --target rtl": LAYERS,
            "40 --seed -1": "--seed",
            "40 --plot a.gif": ".png",
            "40 --json missing/a.json": "missing",
            "40 --resume": "--resume",
            "40 --label kind": "--label goes with a file",
            "10 --dataset table.csv": "name their column by --label",
            "10 --dataset table.csv --label kind --inputs 99": "99 inputs",
        }.items()
    }
    | {
        f"learn mnist-8bit {words} -o new.npz": reason
        for words, reason in {
            "--inputs 30": "--inputs",
            "--images 2001 --kill 0.1": "watch",
            "--kill 1.5": "--kill",
            "--kill nan": "--kill",
            "--relabel 3": "--relabel",
            "--relabel 3:x": "--relabel",
            "--relabel 3:10": "--relabel",
            "--relabel 3:-1": "--relabel",
            "--relabel 3:8,3:4": "two new names",
            "--relabel ''": "--relabel",
            "--missing median": "--missing goes with --random",
        }.items()
    }
    | {
        f"learn {hidden}-hidden.npz --target {target} -o new.npz": f"{hidden} hidden layers"
        for hidden in (0, 2)
        for target in ("golden", "rtl")
    }
    | {"learn --resume --epochs 3 -o new.npz": "--resume"}
)
NIR = {
    "convert toy.npz": "Missing option '-o' / '--output'",
    "convert toy.npz --form space -o new.nir": "'space' is not one of",
    "convert toy.npz -o missing/new.nir": "missing",
    "convert nothing.nir -o new.npz": "nothing.nir: it cannot be read",
    "convert none.nir -o new.npz": "none.nir",
    "convert toy.nir --weight-bits 8": "leave --weight-bits out, or write the network with --form",
    "convert many-spikes.npz -o new.nir": "max_spikes is 2",
    **{
        f"convert toy.nir {words} -o new.npz": reason
        for words, reason in {
            "--unit 16": "leave --unit out",
            "--encoding binary --weight-bits 8": "leave --encoding out",
            "--dataset mnist": "--dataset goes with --weight-bits",
            "--images 3": "give --dataset",
            "--weight-bits 9": "--weight-bits",
            "--weight-bits 8": "The weights of form ticks are integers, and only real weights of",
        }.items()
    },
    **{
        f"convert real.nir {words} -o new.npz": reason
        for words, reason in {
            "--complement": "--complement and --constant are of samples: give --dataset",
            "--constant": "--complement and --constant are of samples: give --dataset",
            "--unit 0": "0 is not in the range x>=1",
            "--images 3": "--images are of a data set: give --dataset",
            "--dataset table.csv --label kind --encoding levels-8": (
                "the graph has 5 inputs: what is said of the samples makes 1"
            ),
            "--encoding none": "encoding",
            "--encoding crossings-3": "crossings-L needs",
            "--deadline 95": "at least 6 units",
            "--dataset none.npz": "no file 'none.npz'",
            "--dataset events.jsonl": ("events.jsonl holds events: give --encoding ticks"),
        }.items()
    },
}
TABLES = (
    GENERAL,
    PAGE,
    EXPLORE,
    SCHEDULER,
    RUN,
    PLOT,
    COMPARE,
    HARDWARE,
    SELFTEST,
    TRAIN,
    LEARN,
    NIR,
)
LINES = [line for table in TABLES for line in table.items()]


def check(capfd, folder, line, reason):
    before = sorted(folder.rglob("*"))
    sentence = refusal(capfd, *shlex.split(line))
    assert reason in sentence or re.search(reason, sentence), sentence
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(("line", "reason"), LINES, ids=[line for line, _ in LINES])
def test_a_line_is_refused_with_its_reason_and_nothing_is_written(capfd, folder, line, reason):
    check(capfd, folder, line, reason)


@pytest.mark.parametrize(("package", "line"), NOT_INSTALLED)
def test_a_missing_package_is_named_with_its_extra(capfd, folder, monkeypatch, package, line):
    for name in {"nir": ("nir", "h5py")}.get(package, (package,)):
        monkeypatch.setitem(sys.modules, name, None)  # no import succeeds
    check(capfd, folder, line, NOT_INSTALLED[package, line])


def test_a_page_holds_a_limited_number_of_test_images(capfd, folder, monkeypatch):
    monkeypatch.setattr(page, "MOST_SAMPLES", 9_999)
    reason = "there are 10000 test images, and a page holds at most 9999: give fewer by --images N"
    check(capfd, folder, "page --dataset mnist --images all -o new.html", reason)
