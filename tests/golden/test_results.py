"""The scoreboard finds every kind of difference, and none where hardware may differ."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstspike.golden import infer
from firstspike.sim.scoreboard import Run, differences
from tests.support.strategies import networks_with_ticks

pytestmark = pytest.mark.fast


def full_logs(inference):
    """Per image all hidden spikes up to the deadline, by layer, tick, neuron."""
    return [
        sorted(
            (layer, int(hidden[image, neuron]), int(neuron))
            for layer, hidden in enumerate(inference.hidden)
            for neuron in np.flatnonzero(hidden[image])
        )
        for image in range(len(inference.tick))
    ]


def run_of(inference, logs):
    n = len(inference.tick)
    return Run(
        inference.decision,
        inference.tick,
        inference.forced,
        inference.rows,
        np.arange(n),
        np.zeros(n, int),
        logs,
    )


inferences = networks_with_ticks(max_spikes=1).map(lambda drawn: infer(*drawn))


@given(inferences, st.data())
def test_spikes_after_the_decision_may_be_there_or_not(inference, data):
    logs = []
    for image, log in enumerate(full_logs(inference)):
        kept = []
        for layer in range(len(inference.hidden)):
            spikes = [spike for spike in log if spike[0] == layer]
            needed = sum(spike[1] < inference.tick[image] for spike in spikes)
            kept += spikes[: data.draw(st.integers(needed, len(spikes)))]
        logs.append(data.draw(st.sampled_from([kept, interleaved(kept)])))
    assert list(differences(inference, np.arange(len(logs)), run_of(inference, logs))) == []


def interleaved(spikes):
    """The same by tick: the order between layers is free."""
    return sorted(spikes, key=lambda spike: spike[1])


@given(inferences, st.data())
def test_a_wrong_log_is_found_where_it_is_wrong(inference, data):
    logs = full_logs(inference)
    known = [(image, at) for image, log in enumerate(logs) for at in range(len(log))]
    if not known:
        return
    image, at = data.draw(st.sampled_from(known))
    layer, tick, neuron = spike = logs[image][at]
    wrong = {
        "late": [*logs[image][:at], (layer, tick + 1, neuron), *logs[image][at + 1 :]],
        "other": [*logs[image][:at], (layer, tick, neuron + 1), *logs[image][at + 1 :]],
        "twice": [*logs[image][: at + 1], *logs[image][at:]],
        "invented": [*logs[image], (layer, tick, neuron)],
        "elsewhere": [*logs[image], (len(inference.hidden), tick, neuron)],
    }
    if tick < inference.tick[image]:
        wrong["lost"] = [*logs[image][:at], *logs[image][at + 1 :]]
    after = logs[image][at + 1 : at + 2]
    if after and after[0][0] == layer:
        wrong["swapped"] = [*logs[image][:at], *after, spike, *logs[image][at + 2 :]]
    logs[image] = wrong[data.draw(st.sampled_from(list(wrong)))]
    found = list(differences(inference, np.arange(len(logs)), run_of(inference, logs)))
    assert [one.what for one in found] == ["spike"]
    assert found[0].image == image
    assert found[0].expected != found[0].found
    assert str(found[0]).startswith(f"image {image}, layer {found[0].layer}: ")


@pytest.mark.parametrize("what", ["decision", "tick", "forced", "rows", "cycles", "error"])
@given(drawn=inferences, data=st.data())
def test_a_wrong_figure_is_found(what, drawn, data):
    run = run_of(drawn, full_logs(drawn))
    image = data.draw(st.integers(0, len(drawn.tick) - 1))
    values = np.array(getattr(run, what))
    flat = values.reshape(len(values), -1)
    column = data.draw(st.integers(0, flat.shape[1] - 1))
    flat[image, column] = not flat[image, column] if what == "forced" else flat[image, column] + 1
    (found,) = differences(drawn, np.arange(len(values)), replace(run, **{what: values}))
    assert (found.image, found.what) == (image, what)
    assert found.layer == (column if what == "rows" else None)
    assert f"{what} {found.found}, golden has {found.expected}" in str(found)


@given(inferences)
def test_an_error_that_is_expected_is_no_difference(inference):
    run = replace(run_of(inference, full_logs(inference)), error=np.ones(len(inference.tick), int))
    cycles = np.arange(len(inference.tick))
    assert list(differences(inference, cycles, run, error=run.error)) == []
    assert len(list(differences(inference, cycles, run))) == len(cycles)
