# SPDX-License-Identifier: BSD-2-Clause
"""The signature of a core; blocks that drive a core use the same signature, flipped.

Each port and each payload field has a description, which becomes the interface documentation of the
generated Verilog.
"""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import causes_layout, input_layout, tick_shape
from firstspike.hdl.layer.words import CHUNK_BITS
from firstspike.hdl.learner.update_control import settings_layout
from firstspike.hdl.lib.layouts import DescribedLayout, DescribedSignature

from .config import CoreConfig

CYCLES_BITS = 32
"""Width of the cycle counters."""


def decision_layout(last: LayerConfig) -> DescribedLayout:
    """Return the layout of a decision; DESIGN, section 3, defines its figures.

    `last` is the configuration of the last layer.
    """
    counts = data.StructLayout({str(i): range(n + 1) for i, n in enumerate(last.counted)})
    return DescribedLayout(
        **{"class": (range(last.folding.n_out), "the output neuron that decides")},
        tick=(range(last.deadline + 1), "tick of the decision"),
        forced=(1, "no output fired up to the deadline"),
        error=(1, "one of the causes is set"),
        causes=(causes_layout(last.learns), "what was wrong with the image"),
        spikes_in=(counts, "spikes into this layer before the tick of the decision"),
        cycles=(CYCLES_BITS, "clock cycles from the first event or word taken to the decision"),
    )


def weights_layout(config: CoreConfig) -> DescribedLayout:
    """Return the layout of a request at the weight port: a chunk to write, or a read request."""
    words = max(layer.words for layer in config.layers)
    return DescribedLayout(
        write=(1, "1 write, 0 read"),
        layer=(range(len(config.layers) + 1), "layer, the first is 0"),
        address=(range(words + 1), "word of the layer: group * (`words` / `groups`) + row"),
        data=(CHUNK_BITS, "next chunk of the word, lowest bits first; the last one writes it"),
    )


def label_layout(classes: int) -> DescribedLayout:
    """Return the layout of an image's label, for a network of this number of classes."""
    return DescribedLayout(
        learn=(1, "1 learn the image, 0 only decide it"),
        label=(bits_for(classes), "its class"),
    )


def log_layout(config: CoreConfig, layer: int) -> DescribedLayout:
    """Return the layout of a logged spike of hidden layer `layer`.

    If the layer sends several spikes per cycle, the layout has one spike per bank.
    """
    folding = config.layers[layer].folding
    neuron = (range(folding.n_out), "the neuron that spikes")
    if folding.sends == 1:
        spikes = {"neuron": neuron}
    else:
        bank = DescribedLayout(present=(1, "there is a spike of this bank"), neuron=neuron)
        banks = data.StructLayout({str(i): bank for i in range(folding.sends)})
        spikes = {"banks": (banks, "spikes of the same tick")}
    return DescribedLayout(
        image=(1, "alternates from image to image"),
        tick=(tick_shape(config.deadline), "tick of the spike"),
        **spikes,
    )


def log_signature(config: CoreConfig, layer: int) -> DescribedSignature:
    """Return the signature of the log of hidden layer `layer`; a log has no back-pressure."""
    return DescribedSignature(
        valid=(
            Out(1),
            "a spike of this hidden layer, in the cycle in which the next layer takes it",
        ),
        spike=(Out(log_layout(config, layer)), "the spike"),
    )


class CoreSignature(DescribedSignature):
    """The ports of a core, with the directions of the core.

    Only a core with a bitmap has `words`. Only a core that learns has `labels`, `settings` and
    `learned`. Each hidden layer has a log.
    """

    def __init__(self, config: CoreConfig) -> None:
        first = config.layers[0].folding
        events = input_layout(first.n_in, config.deadline, first.rows)
        read = DescribedLayout(
            data=(CHUNK_BITS, "next chunk of the word, lowest bits first"),
            error=(1, "no such layer or address"),
        )
        pixels_text = (
            "all pixels of an image" if first.rows == 1 else "the connected pixels of an image"
        )
        words = config.bitmap and {
            "words": (
                In(stream.Signature(config.bitmap)),
                f"bitmap of {pixels_text}, instead of its events: pixel p is bit p % width of word "
                "p // width",
            )
        }
        logs = {
            f"log_{layer}": (
                Out(log_signature(config, layer)),
                f"the spikes of layer {layer}, as the next layer takes them",
            )
            for layer in range(len(config.layers) - 1)
        }
        super().__init__(
            events=(
                In(stream.Signature(events)),
                "input spikes in order of tick, then one END, which ends the image",
            ),
            **(words or {}),
            decision=(
                Out(stream.Signature(decision_layout(config.layers[-1]))),
                "one decision per image, in order",
            ),
            **logs,
            # The core drops writes out of range, and answers reads out of range with `error`.
            weights=(
                In(stream.Signature(weights_layout(config))),
                "weights to write, and requests to read, between images",
            ),
            weights_read=(Out(stream.Signature(read)), "an answer to each request to read"),
            **(_learning_ports(config) if config.learns else {}),
            # The decision has the cause `abort`; the next event or word starts a new image.
            abort_image=(
                In(1),
                "high for a cycle: ends the current image, for example when its source has stalled",
            ),
            # Also high while the Learner is busy.
            busy=(Out(1), "the core processes an image"),
        )


def _learning_ports(config: CoreConfig) -> dict[str, tuple[wiring.Member, str]]:
    # Once per image, also for an image that is not learned.
    learned = DescribedSignature(
        valid=(Out(1), "high for a cycle: from the next cycle on the core can accept an image"),
        updated=(Out(1), "whether weights were changed"),
        cycles=(Out(CYCLES_BITS), "clock cycles from the first event or word to this cycle"),
    )
    # A label that is no class sets a cause in the decision. An image with an error is not learned.
    return {
        "labels": (
            In(stream.Signature(label_layout(config.layers[-1].folding.n_out))),
            "one per image, before the image: whether to learn it, and its class; if unused, no "
            "image is learned",
        ),
        "settings": (
            In(stream.Signature(settings_layout())),
            "the learning rule's registers, which take effect between images. A step of 0 leaves "
            "input weights as they are. A margin_minimum of 0 or 1 counts as 2",
        ),
        "learned": (Out(learned), "the core could take the next image"),
    }
