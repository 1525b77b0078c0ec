# SPDX-License-Identifier: BSD-2-Clause
"""The comparison finds every kind of difference, and none where hardware may differ."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstspike.golden import Results, differences, infer
from firstspike.golden.results import UNCOUNTED, joined
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
        for image in range(len(inference))
    ]


def hardware(expected, logs):
    """Results of hardware that equals golden."""
    return replace(expected, hidden=None, later=None, logs=logs)


def counted(inference):
    """Add made-up cycle counts to results."""
    return replace(inference, cycles=np.arange(len(inference)))


inferences = networks_with_ticks(max_spikes=1).map(lambda drawn: counted(infer(*drawn)))


@given(inferences, st.data())
def test_spikes_after_the_decision_may_be_there_or_not(inference, data):
    logs = []
    for image, log in enumerate(full_logs(inference)):
        logged = []
        for layer in range(len(inference.hidden)):
            spikes = [spike for spike in log if spike[0] == layer]
            needed = sum(spike[1] < inference.tick[image] for spike in spikes)
            logged += spikes[: data.draw(st.integers(needed, len(spikes)))]
        logs.append(data.draw(st.sampled_from([logged, interleaved(logged)])))
    assert list(differences(inference, hardware(inference, logs))) == []


def interleaved(spikes):
    """Sort spikes by tick; the order between layers is free."""
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
    found = list(differences(inference, hardware(inference, logs)))
    assert [one.what for one in found] == ["spike"]
    assert found[0].image == image
    assert found[0].expected != found[0].found
    assert str(found[0]).startswith(f"image {image}, layer {found[0].layer}: ")


@pytest.mark.parametrize("what", ["decision", "tick", "forced", "rows", "cycles", "error"])
@given(drawn=inferences, data=st.data())
def test_a_wrong_figure_is_found(what, drawn, data):
    field = "spikes_in" if what == "rows" else what
    image = data.draw(st.integers(0, len(drawn) - 1))
    values = np.array(getattr(drawn, field))
    flat = values.reshape(len(values), -1)
    column = data.draw(st.integers(0, flat.shape[1] - 1))
    flat[image, column] = not flat[image, column] if what == "forced" else flat[image, column] + 1
    run = replace(hardware(drawn, full_logs(drawn)), **{field: values})
    (found,) = differences(drawn, run)
    assert (found.image, found.what) == (image, what)
    assert found.layer == (column if what == "rows" else None)
    assert f"{what} {found.found}, golden has {found.expected}" in str(found)


@given(inferences)
def test_an_error_that_is_expected_is_no_difference(inference):
    run = replace(hardware(inference, full_logs(inference)), error=np.ones(len(inference), int))
    assert list(differences(replace(inference, error=run.error), run)) == []
    assert len(list(differences(inference, run))) == len(inference)


def learned(n=4):
    """Results of images that were learned."""
    return replace(
        results(n),
        updated=np.arange(n) % 2 == 0,
        turnaround=np.arange(n) + 50,
        weights=(np.arange(6).reshape(2, 3), np.arange(3).reshape(3, 1)),
    )


def results(n=4):
    return Results(
        decision=np.arange(n),
        tick=np.full(n, 9),
        forced=np.zeros(n, bool),
        spikes_in=np.ones((n, 2), int),
        error=np.zeros(n, int),
        cycles=np.arange(n) + 20,
    )


def test_what_a_learner_adds_is_compared():
    weights = (np.arange(6).reshape(2, 3), np.array([[0], [1], [7]]))
    wrong = replace(
        learned(),
        updated=np.array([True, False, True, True]),
        turnaround=np.array([50, 51, 99, 53]),
        weights=weights,
    )
    assert list(differences(learned(), learned())) == []
    assert list(map(str, differences(learned(), wrong))) == [
        "image 2: turnaround 99, golden has 52",
        "image 3: updated True, golden has False",
        "weight of layer 1, row 2, neuron 0: 7, golden has 2",
    ]


def test_only_what_both_tell_is_compared():
    assert list(differences(results(), learned())) == []
    assert list(differences(learned(), results())) == []
    assert list(differences(replace(results(), cycles=None), results())) == []
    unknown = replace(results(), cycles=np.array([UNCOUNTED, 21, 0, 23]))
    assert [one.image for one in differences(unknown, results())] == [2]
    assert [one.image for one in differences(results(), unknown)] == [2]


def test_images_that_were_lost_are_not_compared():
    wrong = replace(results(), decision=np.array([0, 5, 2, 5]))
    lost = replace(wrong, lost=np.array([False, True, False, False]))
    assert [one.image for one in differences(results(), lost)] == [3]
    assert results().arrived.all()


@given(inferences, st.data())
def test_parts_make_the_whole(inference, data):
    full_run = replace(hardware(inference, full_logs(inference)), hidden=inference.hidden)
    cut = data.draw(st.integers(0, len(full_run)))
    parts = [full_run.select(slice(cut)), full_run.select(np.arange(cut, len(full_run)))]
    assert [len(part) for part in parts] == [cut, len(full_run) - cut]
    again = joined(parts)
    assert list(again.logs) == list(full_run.logs)
    for name in ("decision", "forced", "spikes_in", "cycles"):
        np.testing.assert_array_equal(getattr(again, name), getattr(full_run, name))
    for layer, ticks in enumerate(full_run.hidden):
        np.testing.assert_array_equal(again.hidden[layer], ticks)
    assert joined([parts[0], replace(parts[1], cycles=None)]).cycles is None


@given(inferences)
def test_spikes_are_the_same_from_a_log(inference):
    run = hardware(inference, full_logs(inference))
    for image in range(len(run)):
        assert run.spikes(image) == inference.spikes(image)
        assert len(run.spikes(image)) == run.hidden_spikes[image]
    with pytest.raises(ValueError, match="not known"):
        replace(run, logs=None).spikes(0)
