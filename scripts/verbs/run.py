# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike run`: classifies images on a target and reports the figures of each."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from firstspike.golden import Network, Results, load_network
from firstspike.golden.foreign.printable import printable
from firstspike.golden.reporting import is_reported
from firstspike.golden.results import UNCOUNTED
from firstspike.golden.timing.cycles import rows_read
from firstspike.scripts.inputs import InputCommand
from firstspike.scripts.metrics import FIGURES, mean_metrics, timing, timing_rows
from firstspike.scripts.options import (
    board_port_option,
    clock_option,
    folding_options,
    take_record,
    target_option,
)
from firstspike.scripts.output import (
    drawing,
    json_option,
    json_result,
    note_window,
    picture_option,
    say,
    table,
    writing,
)
from firstspike.scripts.paths import NetworkName
from firstspike.scripts.picture_view import describe_photos, input_view, photo_sentence, png
from firstspike.scripts.progress import bars
from firstspike.scripts.recordings import WordPosition, levels_of, silence
from firstspike.scripts.selection import ImageChoice, Selection, select, selection_options
from firstspike.scripts.targets.specifications import TARGETS, Board, Golden, take_target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LISTED = 20
"""Largest number of images that are listed one by one; otherwise only the summary is printed."""


@click.command(cls=InputCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@selection_options
@target_option(
    TARGETS, "Run the network on this: the golden model, the simulated core, or a board."
)
@folding_options
@clock_option
@board_port_option
@click.option("--spikes", "with_spikes", is_flag=True, help="List the hidden spikes, too.")
@picture_option(
    "--plot",
    "plot_path",
    help="Draw the confusion matrix, the first recording, or the photos as the network receives "
    "them. The file is a .png; unless it shows photos, it may be .svg or .pdf, too.",
)
@json_option
def command(
    net: str,
    target: str,
    with_spikes: bool,
    plot_path: str | None,
    json_path: str | None,
    **options: Any,
) -> None:
    """Classify images with NET: decisions, spikes and clock cycles.

    The golden model predicts the clock cycles of a core with the given lanes and window. Means are
    over the selected images. If a board has weights of another network, the command writes NET's.

    Photos of digits are prepared like the digits of MNIST, with a warning for photos that differ
    from them; a grey picture of the network's size, bright on dark, is used unchanged. A network of
    sound finds the words in a recording, and the output has the time at which each word begins. Not
    reported are sounds that are none of the network's words, and words without silence around
    them. Recordings without a word are listed; if no recording has a word, the exit status is 2.

    Example: firstspike run mnist-4bit --images 1000 --lanes 16 --json -
    """
    if with_spikes and target == Board.name:
        raise click.UsageError("The link to a board carries no spikes: leave --spikes out.")
    bitmap, specification = options["bitmap"], take_target(target, options)
    network = load_network(net)
    images = select(network, take_record(ImageChoice, options), bitmap)
    if isinstance(specification, Golden):
        note_window(network, specification.shape)
    seen_path = plot_path if images.files else None
    if seen_path and not seen_path.lower().endswith(".png"):
        raise click.UsageError("--plot of photos writes pixels: give a .png.")
    if plot_path and not seen_path and images.words is None and set(images.labels) == {None}:
        raise click.UsageError("Nothing is labelled: --plot draws labels against decisions.")
    with (
        json_result(json_path) as write,
        drawing(None if seen_path else plot_path) as draw,
        writing(seen_path, png) as show,
        specification.open(net, network, bars()) as ready,
    ):
        results = ready.run(images.ticks, images.pixels)
        figures = figures_of(network, images, results, with_spikes)
        if images.photos is not None:
            photos = describe_photos(network, images.files, images.photos, images.ticks)
            for image, photo in zip(figures, photos, strict=True):
                image["photo"] = photo
        if images.words is not None:
            spoken = is_reported(
                network, results, np.array([word.isolated for word in images.words])
            )
            for image, word, one in zip(figures, images.words, spoken.tolist(), strict=True):
                image["word"] = {**word._asdict(), "said": one}
        summary = {"count": len(results)} | mean_metrics(network, results, images.labels)
        summary |= timing(results, options["clock"])
        result = {"images": figures, "summary": summary, "classes": list(network.classes)}
        if images.words is not None:
            result["silent"] = list(images.silent)
        shape = "-".join(map(str, network.shape))
        say(f"{printable(net)} ({shape}) on {target}, {images.source}\n")
        bound = None
        if results.cycles is not None:
            bound = float(ready.folding.bound(rows_read(network, images.ticks, results)).mean())
        say(report(network, images, result, bound, with_spikes and json_path is None))
        if seen_path is not None and images.samples is not None:
            show(input_view(network, images.samples))
        elif plot_path is not None:
            draw(_picture(network, images, result, printable(net)))
        write(result)


def _picture(network: Network, images: Selection, result: dict[str, Any], net: str) -> "Figure":
    """Draw the first recording with its words; for other images the confusion matrix."""
    from firstspike.scripts.figures import confusion_picture  # matplotlib is a slow import

    if images.words is None or images.samples is None:
        confusion = result["summary"]["confusion"]
        return confusion_picture(network, confusion, f"{net}, {images.source}")
    from firstspike.scripts.stream_figure import stream_picture

    file = images.words[0].file
    named = zip(images.words, result["images"], strict=True)
    words = [(word, image) for word, image in named if word.file == file]
    title = f"{printable(Path(file).name)}, heard by {net}"
    return stream_picture(network, levels_of(network, file), words, images.samples, title)


def _begins(word: WordPosition) -> str:
    return f"{printable(word.file)}, {word.seconds:.2f} s"


def figures_of(
    network: Network, images: Selection, results: Results, with_spikes: bool
) -> list[dict[str, Any]]:
    """Return the figures of every image with the names of `run --json`."""
    cycles = [None] * len(results) if results.cycles is None else results.cycles.tolist()
    columns = {
        "image": images.numbers.tolist(),
        "label": images.labels,
        "class": results.decision.tolist(),
        **{name: getattr(results, name).tolist() for name in FIGURES},
        "lookups": results.lookups(network).tolist(),
        "cycles": [None if count in (None, UNCOUNTED) else count for count in cycles],
    }
    if results.apart is not None:
        columns["cycles_apart"] = results.apart.tolist()
    if with_spikes:
        columns["spikes"] = [results.spikes(image) for image in range(len(results))]
    return [dict(zip(columns, image, strict=True)) for image in zip(*columns.values(), strict=True)]


def report(
    network: Network,
    images: Selection,
    result: dict[str, Any],
    bound: float | None,
    with_spikes: bool,
) -> str:
    """Return the result as text: a line for each of a few images, and the summary.

    `bound`: the mean number of clock cycles that the bandwidth of the weights requires.
    """
    figures, summary = result["images"], result["summary"]
    parts = []
    if len(figures) <= LISTED:
        header = ("image", *(name.replace("_", " ") for name in _COLUMNS))
        lines = (_line(network, *one) for one in zip(images.names(), figures, strict=True))
        parts.append(table([header, *lines]))
        if images.photos is not None:
            parts.append("\n".join(photo_sentence(image["photo"]) for image in figures))
    if images.words is not None:
        named = zip(images.words, figures, strict=True)
        parts.append("\n".join([*listening(network, named), *map(silence, images.silent)]))
    if with_spikes:
        parts += [
            f"spikes of image {name} as layer:tick:neuron\n"
            + " ".join(":".join(map(str, spike)) for spike in image["spikes"])
            for name, image in zip(images.names(), figures, strict=True)
        ]
    labelled = sum(label is not None for label in images.labels)
    accuracy = "none is labelled" if not labelled else f"{summary['accuracy']:.2%} of {labelled}"
    rows = [
        ("accuracy", accuracy),
        ("forced at the deadline", f"{summary['forced']:.2%}"),
        ("decision tick, mean", f"{summary['tick']:.2f}"),
        ("input spikes until the decision, mean", f"{summary['input_spikes']:.2f}"),
        ("hidden spikes until the decision, mean", f"{summary['hidden_spikes']:.2f}"),
        *(
            (f"look-ups of layer {layer}, mean", f"{fraction:.2%}")
            for layer, fraction in enumerate(summary["lookups"])
        ),
    ]
    rows += timing_rows(summary)
    if bound:
        rows.append(("cycles / bound of the weight bandwidth", f"{summary['cycles'] / bound:.4f}"))
    parts.append(table([("images", summary["count"]), *rows]))
    if labelled and len(figures) > LISTED:
        parts.append(table([("class", "images", "accuracy"), *_classes(network, summary)]))
    return "\n\n".join(parts)


def listening(
    network: Network, words: Iterable[tuple[WordPosition, dict[str, Any]]]
) -> Iterator[str]:
    """Yield each reported word with its time, then the numbers of unreported sounds and reasons.

    `words`: the words, each with its figures.
    """
    reasons: Counter[str] = Counter()
    for word, image in words:
        if image["word"]["said"]:
            yield f"{_begins(word)}: {network.class_name(image['class'])}"
        elif not word.isolated:
            reasons["not isolated"] += 1
        elif image["forced"]:
            reasons["not decided before the deadline"] += 1
        else:
            reasons["none of the words"] += 1
    if reasons:
        counted = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        yield f"not said: {counted}"


_COLUMNS = ("label", "class", "tick", "input_spikes", "hidden_spikes", "cycles")


def _line(network: Network, name: str, image: dict[str, Any]) -> list[object]:
    cells = [name, *("-" if image[name] is None else image[name] for name in _COLUMNS)]
    for column, name in enumerate(_COLUMNS[:2], 1):
        if image[name] is not None:
            cells[column] = network.class_name(image[name])
    if image["forced"]:
        cells[3] = f"{image['tick']} (forced)"
    return cells


def _classes(network: Network, summary: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Yield each class with images: its name, the number of images, and the right ones."""
    for output, counts in enumerate(summary["confusion"]):
        if sum(counts):
            accuracy = summary["class_accuracy"][output]
            yield network.class_name(output), sum(counts), f"{accuracy:.2%}"
