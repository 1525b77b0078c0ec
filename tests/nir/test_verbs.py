# SPDX-License-Identifier: BSD-2-Clause
"""The verb `convert`: files, reports, options, and refusals in a sentence."""

import json
import os
from dataclasses import replace

import nir
import numpy as np
import pytest

from firstspike.golden import Features, encode, infer, load_network
from firstspike.golden.nir.forms import FORMS
from tests.nir.test_foreign import foreign, small
from tests.support.command import firstspike, refusal, result_of, success, toy_network
from tests.support.shapes import convolving_network

pytestmark = pytest.mark.fast


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The file of the toy network, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    toy_network().save("toy.npz")
    return toy_network()


@pytest.mark.parametrize("form", FORMS)
def test_there_and_back(capfd, toy, form):
    said = result_of(capfd, "convert", "toy.npz", "--form", form, "-o", "toy.nir")
    assert said["digest"] == toy.digest()
    assert said["data"] is None
    assert {*said["nodes"]} == nir.read("toy.nir").nodes.keys()
    again = result_of(capfd, "convert", "toy.nir", "-o", "again.npz")
    assert again["digest"] == toy.digest()
    assert toy.to_bytes() == load_network("again.npz").to_bytes()
    assert sorted(os.listdir()) == ["again.npz", "toy.nir", "toy.npz"]


@pytest.mark.parametrize("form", FORMS)
def test_spikes_go_beside_the_graph(capfd, toy, form):
    samples = np.random.default_rng(1).integers(0, 256, (7, 36)).astype(np.uint8)
    ticks = encode(toy, samples)
    rows = [
        [[int(tick), int(toy.inputs[row])] for row, tick in enumerate(image) if tick]
        for image in ticks
    ]
    with open("e.jsonl", "w") as file:
        file.writelines(json.dumps({"events": sorted(row)}) + "\n" for row in rows)
    words = ("convert", "toy.npz", "--form", form, "--input", "e.jsonl", "-o", "toy.nir")
    ended = success(capfd, *words)
    assert "toy.data.nir, 7 images of e.jsonl" in ended.out
    data = nir.read_data("toy.data.nir")
    data.check_nodes(nir.read("toy.nir"))
    results = infer(toy, ticks)
    decision = data.nodes["V_1" if form == "time" else "M_1"].observables["decision"]
    if form == "cuba":
        images, _, neurons = np.nonzero(decision.data)
        assert neurons.tolist() == results.decision[~results.forced].tolist()
        assert images.tolist() == np.flatnonzero(~results.forced).tolist()
    else:
        decisions = np.where(results.forced, -1, results.decision)
        assert decision.idx[:, 0].tolist() == decisions.tolist()


def test_the_content_tells_a_graph_with_another_suffix(capfd, toy):
    success(capfd, "convert", "toy.npz", "-o", "toy.nir")
    os.rename("toy.nir", "toy.h5")
    success(capfd, "convert", "toy.h5", "-o", "again.npz")
    assert toy.to_bytes() == load_network("again.npz").to_bytes()


def test_real_weights_are_rounded(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nir.write("real.nir", small())
    words = ("convert", "real.nir", "--weight-bits", 5, "--unit", 10, "--encoding", "levels-4")
    said = result_of(capfd, *words, "-o", "net.npz")
    network = load_network("net.npz")
    assert said["rounded"]
    assert network.weight_bits == (5, 5)
    assert (network.unit, network.deadline, network.encoding) == (10, 60, "levels-4")
    assert network.shape == (5, 4, 3)
    assert network.meta["command"].startswith(
        "firstspike convert real.nir --weight-bits 5 --unit 10"
    )
    for weights, threshold, name in zip(
        network.weights, network.thresholds, ("linear", "linear_1"), strict=True
    ):
        real = nir.read("real.nir").nodes[name].weight.T
        inside = np.abs(real * threshold) < 15
        assert np.abs(weights / threshold - real)[inside].max() <= 0.5 / threshold + 1e-9


def test_a_data_set_chooses_thresholds_and_edges(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 3))
    y = (x[:, 0] > 0).astype(int)
    np.savez("d.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    W = np.zeros((7, 2))
    W[0, 1] = W[3, 0] = 2.5
    nir.write("real.nir", foreign([W + rng.normal(0, 0.01, W.shape)]))
    words = ("convert", "real.nir", "--dataset", "d.npz", "--encoding", "levels-8")
    assert "makes 3" in refusal(capfd, *words, "-o", "net.npz")
    more = ("--complement", "--constant", "--images", 60)
    said = result_of(capfd, *words, *more, "-o", "net.npz")
    network = load_network("net.npz")
    assert said["samples"]["samples"] == 60
    assert said["samples"]["real"] > 0.85
    assert abs(said["samples"]["real"] - said["samples"]["integer"]) < 0.1
    assert network.features.complement
    assert network.features.constant
    assert np.mean(infer(network, encode(network, x)).decision == y) > 0.85
    success(capfd, "run", "net.npz", "--dataset", "d.npz")


def test_changed_weights_of_ours_are_rounded_anew(capfd, toy):
    edges = np.linspace(0, 1, 7) + np.zeros((36, 1))
    network = replace(
        toy_network("levels-8"), features=Features(edges=edges), classes=("a", "b", "c", "d")
    )
    network.save("toy.npz")
    firstspike(capfd, "convert", "toy.npz", "--form", "time", "-o", "toy.nir")
    graph = nir.read("toy.nir")
    graph.nodes["weights_0"].weight += 1e-3
    nir.write("toy.nir", graph)
    assert "node 'weights_0'" in refusal(capfd, "convert", "toy.nir", "-o", "again.npz")
    success(capfd, "convert", "toy.nir", "--weight-bits", 7, "-o", "again.npz")
    again = load_network("again.npz")
    assert again.weight_bits == (7, 7)
    for name in ("unit", "deadline", "encoding", "late", "classes", "n_inputs"):
        assert getattr(again, name) == getattr(network, name)
    assert np.array_equal(again.features.edges, edges)
    assert again.inputs.tolist() == network.inputs.tolist()


def test_a_network_that_convolves_is_written_and_read(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = convolving_network(hidden=("4c5s4",), size=(28, 28), maps=1, n_classes=10)
    network.save("net.npz")
    success(capfd, "convert", "net.npz", "--form", "cuba", "--images", 3, "-o", "net.nir")
    assert os.path.exists("net.data.nir")
    success(capfd, "convert", "net.nir", "-o", "again.npz")
    assert load_network("again.npz").to_bytes() == network.to_bytes()
