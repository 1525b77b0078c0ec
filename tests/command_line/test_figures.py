# SPDX-License-Identifier: BSD-2-Clause
"""Every figure holds what a file of `drawings` says: lines, texts, images, colours, limits, ticks.

After a change that is meant, look at the figures, and write the files anew:
`python -m tests.command_line.test_figures`.
"""

import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import colors
from matplotlib.axes import Axes

from firstspike.golden import encode, infer
from firstspike.golden.training.checkpoint import Epoch
from firstspike.scripts import figures, stream_figure
from firstspike.scripts.learning import figure as learning
from firstspike.scripts.recordings import WordPosition
from firstspike.scripts.training import figure as training
from tests.support.command import toy_network
from tests.support.listening import listening_network
from tests.support.rooms import TESTS, added
from tests.support.shapes import convolving_network

DRAWINGS = Path(__file__).with_name("drawings")


def _numbers(values):
    """Return up to a dozen numbers; of more, their number, range and checksum."""
    values = np.ma.filled(np.ma.asarray(values, float), -1).ravel()
    if len(values) <= 12:
        return " ".join(f"{value:.4g}" for value in values + 0.0)
    rounded = np.round(np.nan_to_num(values, nan=-1e6) * 1000).astype(np.int64)
    digest = zlib.crc32(rounded.astype("<i8").tobytes())
    return f"{len(values)} in {np.nanmin(values):.4g} to {np.nanmax(values):.4g}, {digest:08x}"


def _text(text):
    look = f"{colors.to_hex(text.get_color())} {text.get_fontsize():g} {text.get_ha()}"
    return f"{text.get_text()!r} at {_numbers(text.get_position())}, {look} {text.get_va()}"


def _axes(axes):
    yield f"axes {axes.get_title()!r}, {'shown' if axes.axison else 'off'}"
    for axis in (axes.xaxis, axes.yaxis):
        labels = [label.get_text() for label in axis.get_ticklabels()]
        low, high = axis.get_view_interval()
        yield (
            f"  {axis.axis_name}: {axis.get_label_text()!r}, {axis.get_scale()}, {low:.4g} to "
            f"{high:.4g}, {labels} {axis.get_ticklabels()[0].get_fontsize() if labels else ''} "
            f"{'grid' if axis.get_gridlines() and axis.get_gridlines()[0].get_visible() else ''}"
        )
    for line in axes.lines:
        look = f"{colors.to_hex(line.get_color())} {line.get_linestyle()} {line.get_linewidth():g}"
        data = (_numbers(one) for one in line.get_data())
        yield f"  line {line.get_label()}: {look} {line.get_marker()} {' | '.join(data)}"
    for image in axes.images:
        shape, limits = image.get_array().shape, _numbers(image.get_clim())
        yield f"  image {shape} {image.cmap.name} {limits}: {_numbers(image.get_array())}"
    for dots in axes.collections:
        yield f"  dots {_numbers(dots.get_offsets())} {_numbers(dots.get_facecolor())}"
    for patch in axes.patches:
        look = [colors.to_hex(one) for one in (patch.get_edgecolor(), patch.get_facecolor())]
        data = axes.transData.inverted().transform(patch.get_extents())
        yield f"  patch {' '.join(look)} {patch.get_fill()} {_numbers(data)}"
    for text in (*axes.texts, *(axes.legend_.get_texts() if axes.legend_ else ())):
        yield f"  text {_text(text)}"


def described(figure):
    """Return a text with what a figure holds."""
    figure.draw_without_rendering()
    lines = [f"figure {_numbers(figure.get_size_inches())}"]
    for part in (figure, *figure.subfigs):
        lines += [f"{_text(text)}" for text in (*part.texts, part._suptitle) if text]
    for axes in figure.findobj(Axes):
        lines += _axes(axes)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _samples(network, number):
    return np.random.default_rng(2).integers(0, 256, (number, network.n_features)).astype(np.uint8)


def _image():
    network = toy_network()
    samples = _samples(network, 50).reshape(-1, 6, 6)
    results = infer(network, encode(network, samples))
    return figures.picture(network, samples[0], 2, "an image", results)


def _maps():
    network = convolving_network(hidden=("9c3s2p1", 6))
    return figures.picture(network, _samples(network, 1)[0], None, "an image")


def _confusion(*counts):
    return figures.confusion_picture(toy_network(), counts, "a matrix")


def _recording(*said):
    network = listening_network()
    levels = np.random.default_rng(3).integers(0, 256, (40, 3)).astype(np.uint8)
    words = [
        (WordPosition("a.wav", at, True), {"class": 1, "tick": 9, "word": {"said": at in said}})
        for at in (0.01, 0.03)
    ]
    samples = _samples(network, 2)
    return stream_figure.stream_picture(network, levels, words, samples, "a recording")


def _learning():
    network = toy_network()
    curve = [
        {
            "done": 100 * n,
            "images": 100,
            "right": 60 + 3 * n,
            "updated": 50 - 3 * n,
            "watched": 0.05 * n,
        }
        for n in range(1, 13)
    ]
    state = SimpleNamespace(network=network, meta={"before": 0.75, "after": 0.1})
    request = SimpleNamespace(command="learn net.npz")
    session = SimpleNamespace(request=request, state=state, curve=curve, watches=True)
    return learning.picture_of(session, None)


def _training():
    history = [Epoch(n, 4, n > 2, 1.0, 0.7 + n / 20, 0.6 + n / 20, 1.0, n) for n in (1, 2, 3, 4)]
    trainer = SimpleNamespace(history_=history, best_=history[2], network_=toy_network())
    session = SimpleNamespace(request=SimpleNamespace(command="train"), trainer=trainer)
    return training.picture_of(session, {"confusion": np.eye(4, dtype=int).tolist()})


FIGURES = {
    "image": _image,
    "maps": _maps,
    "confusion": lambda: _confusion([5, 1, 0, 0], [0, 7, 2, 0], [0] * 4, [3] * 4),
    "confusion_of_one": lambda: _confusion([0, 0], [0, 1]),
    "confusion_of_20": lambda: _confusion(*np.eye(20, dtype=int)),
    "confusion_of_21": lambda: _confusion(*np.eye(21, dtype=int)),
    "recording": lambda: _recording(0.03),
    "recording_of_silence": _recording,
    "learning": _learning,
    "training": _training,
    **dict(added("FIGURES")),
}


def drawing_of(name):
    """The file of a figure; of one that has none yet, a file of this folder."""
    return next(TESTS.glob(f"*/drawings/{name}.txt"), DRAWINGS / f"{name}.txt")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_holds_what_is_written(name):
    assert described(FIGURES[name]()) == drawing_of(name).read_text()


if __name__ == "__main__":
    for name, draw in FIGURES.items():
        drawing_of(name).write_text(described(draw()))
