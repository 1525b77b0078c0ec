# SPDX-License-Identifier: BSD-2-Clause
"""The registers of a core on a bus, and what a beat of its streams holds.

Offsets and fields are the same for all networks; a register that a core has no use for is not
there, and its address is refused.
"""

import re
from importlib.metadata import version
from typing import Any

from firstspike.golden.learning.rule import REGISTERS, Settings
from firstspike.golden.network import Network, NetworkError
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.events import causes_layout
from firstspike.hdl.layer.words import CHUNK_BITS, chunks_of

from .register import (
    CONSTANT,
    HOLD,
    PORT,
    READ,
    STICKY,
    WORD_BITS,
    WORD_BYTES,
    Field,
    Register,
    RegisterMap,
)

ADDRESS_BITS = 12
"""Of the registers: 4 KiB, the least that system builders give a block."""

MAGIC = int.from_bytes(b"FSP1", "big")
MAP_VERSION = 2
"""Another number means another map. An addition to a map leaves the rest where it is."""

TAG_BITS = 8
"""Width of an image's tag. AXI4-Stream recommends at most 8 bits for TID, which carries the tag."""

TICK_BITS = 16
EVENT_BEAT = (
    Field("tick", 0, TICK_BITS, "1 .. deadline"),
    Field("row", TICK_BITS, 16, "row of the input that spikes"),
)
"""A beat of events."""
NO_ROW = (1 << 16) - 1
"""In the place of a row: nothing spikes, and nothing more is to come before the tick."""

WEIGHT_ADDRESS = (
    Field("layer", 0, 8, "the first is 0"),
    Field("address", 8, 24, "word in it: group * rows + row"),
)
"""Of a weight word."""

BITMAPS = tuple(8 << n for n in range(8))
"""Bits of a beat of a bitmap: whole bytes, as many as other blocks' streams have."""

DIGEST_WORDS = 2

DECISION = 0xC0
"""Offset of the decision's first word."""
MAX_LAYERS = 13
"""Whose counts there is room for."""


def check_bus(config: CoreConfig, network: Network) -> None:
    """Raise NetworkError for a core whose numbers the fields of the bus cannot hold."""
    if config.bitmap is not None and config.bitmap not in BITMAPS:
        raise NetworkError(
            f"a bitmap on AXI4-Stream has beats of {', '.join(map(str, BITMAPS[:-1]))} or "
            f"{BITMAPS[-1]} bits, not {config.bitmap}: give --bitmap one of these"
        )
    first, last = config.layers[0].folding, config.layers[-1].folding
    for what, number, most in (
        ("deadline", config.deadline, (1 << TICK_BITS) - 2),
        ("number of rows", first.n_in, NO_ROW - 1),
        ("number of pixels", network.n_inputs, (1 << 16) - 1),
        ("number of outputs", last.n_out, NO_ROW - 1),
        ("number of layers", len(config.layers), MAX_LAYERS),
    ):
        if number > most:
            raise NetworkError(f"on a bus the {what} is at most {most}, not {number}")


def beats_of(config: CoreConfig) -> int:
    """Beats of a bitmap."""
    assert config.bitmap is not None
    assert config.n_inputs is not None
    return -(-config.n_inputs // config.bitmap)


def kept_of(config: CoreConfig) -> int:
    """Bytes with pixels in the last beat of a bitmap; 0 where there is no TKEEP."""
    if config.bitmap is None or config.bitmap == 8:
        return 0
    assert config.n_inputs is not None
    return -(-(config.n_inputs - (beats_of(config) - 1) * config.bitmap) // 8)


def core_map(config: CoreConfig, network: Network, any_weights: bool) -> RegisterMap:
    """The registers of a core of this configuration for `network`.

    `any_weights` is whether it can hold any weights of their bits, and not this network's alone.
    Raises NetworkError, as `check_bus`.
    """
    check_bus(config, network)
    return RegisterMap(
        [
            *_constants(config, network, any_weights),
            *_control(),
            *_weights(),
            *_images(),
            *(_learning() if config.learns else ()),
            *decision_words(config),
        ]
    )


def _constants(config: CoreConfig, network: Network, any_weights: bool) -> list[Register]:
    bitmap = config.bitmap or 0
    chunks = sum(layer.words * chunks_of(layer) for layer in config.layers)
    first, last = config.layers[0].folding, config.layers[-1].folding
    lanes = max(layer.folding.lanes for layer in config.layers)
    major, minor, patch = _release()
    digest = network.digest()
    digits = WORD_BITS // 4

    def constant(name: str, offset: int, meaning: str, *fields: Field) -> Register:
        return Register(name, offset, meaning, CONSTANT, tuple(fields))

    return [
        constant("magic", 0x00, "what it is", Field("magic", 0, 32, "FSP1 in ASCII", MAGIC)),
        constant(
            "version",
            0x04,
            "of these registers",
            Field("map", 0, 16, "another number is another map", MAP_VERSION),
        ),
        constant(
            "features",
            0x08,
            "what the core has",
            Field("learns", 0, 1, "it can learn", int(config.learns)),
            Field("bitmap", 1, 1, "images are bitmaps and not events", int(bitmap > 0)),
            Field("any_weights", 2, 1, "weights of other networks fit", int(any_weights)),
            Field("layers", 8, 8, "layers of weights", len(config.layers)),
            Field("beat_bits", 16, 16, "bits of a beat of an image", bitmap or WORD_BITS),
        ),
        constant(
            "sizes",
            0x0C,
            "of the network",
            Field("rows", 0, 16, "connected inputs", first.n_in),
            Field("outputs", 16, 16, "output neurons: classes", last.n_out),
        ),
        constant(
            "timing",
            0x10,
            "of the network, in ticks",
            Field("deadline", 0, 16, "the last tick of an image", network.deadline),
            Field("unit", 16, 16, "the tick of the brightest pixels", network.unit),
        ),
        constant(
            "bitmap",
            0x14,
            "of an image that is a bitmap",
            Field("pixels", 0, 16, "in an image", config.n_inputs or 0),
            Field("beats", 16, 16, "in an image", beats_of(config) if bitmap else 0),
        ),
        constant(
            "weight_words",
            0x18,
            "all weights",
            Field("words", 0, 32, f"of {CHUNK_BITS} bits", chunks),
        ),
        constant(
            "release",
            0x1C,
            "the FirstSpike that generated the core",
            Field("patch", 0, 8, "third number of its version", patch),
            Field("minor", 8, 8, "second number of its version", minor),
            Field("major", 16, 8, "first number of its version", major),
        ),
        *(
            constant(
                f"digest_{number}",
                0x20 + WORD_BYTES * number,
                "the network that it was generated for: its digest begins so",
                Field(
                    "digits",
                    0,
                    WORD_BITS,
                    f"hexadecimal digits {number * digits} .. {number * digits + digits - 1}",
                    int(digest[number * digits :][:digits], 16),
                ),
            )
            for number in range(DIGEST_WORDS)
        ),
        constant(
            "folding",
            0x28,
            "how the network is laid out in time",
            Field("lanes", 0, 16, "neurons computed at once, in the layer with the most", lanes),
            Field("rows", 16, 8, "rows of weights added per cycle", first.rows),
        ),
    ]


def _release() -> tuple[int, ...]:
    """The first three numbers of FirstSpike's version."""
    return tuple(int(number) for number in re.findall(r"\d+", version("firstspike"))[:3])


def _control() -> list[Register]:
    interrupts = (
        Field("decision", 0, 1, "status.decision"),
        Field("error", 1, 1, "a bit of error_causes is 1"),
    )
    return [
        Register(
            "control",
            0x40,
            "how it is used",
            HOLD,
            (Field("by_registers", 0, 1, "images and decisions go by registers, not streams"),),
        ),
        Register(
            "status",
            0x44,
            "how it is",
            READ,
            (
                Field("busy", 0, 1, "an image is under way, or being learned"),
                Field("open", 1, 1, "the beats of an image have not all come"),
                Field("aborting", 2, 1, "an abort waits for the beats before it"),
                Field("room", 3, 1, "send and send_last are taken"),
                Field("decision", 4, 1, "by registers: the words of a decision can be read"),
                Field("weight_open", 5, 1, "of a weight word some parts have come"),
                Field("settings", 6, 1, "settings wait for the image under way"),
                Field("by_registers", 7, 1, "control.by_registers, once it is in force"),
                Field("dropping", 8, 1, "the stream's beats up to the next TLAST are dropped"),
                Field("resetting", 9, 1, "a decision begun before a reset is leaving"),
            ),
        ),
        Register(
            "command",
            0x48,
            "a written 1 does it",
            PORT,
            (
                Field("abort", 0, 1, "end the image whose beats have not all come; if any"),
                Field("take", 1, 1, "by registers: go on to the next decision"),
                Field("reset", 2, 1, "forget everything but the weights, as aresetn does"),
                Field("undrop", 3, 1, "the stream's next beat begins an image: clears dropping"),
            ),
            readable=False,
            writable=True,
            port="command",
        ),
        Register("interrupt_enable", 0x4C, "what raises irq", HOLD, interrupts),
        Register("interrupt_state", 0x50, "what holds now, or is under test", READ, interrupts),
        Register("interrupt_test", 0x54, "what interrupt_state shows as well", HOLD, interrupts),
        Register(
            "error_causes",
            0x58,
            "what was wrong since it was cleared",
            STICKY,
            (
                Field("access", 0, 1, "a read or write of a register was refused"),
                Field("short", 1, 1, "TLAST came too early: the image was aborted"),
                Field("long", 2, 1, "TLAST came too late: the beats up to it were dropped"),
                Field("keep", 3, 1, "TKEEP left out bytes that hold pixels: taken as they were"),
                Field("decision", 4, 1, "the error of a decision was set"),
            ),
        ),
        Register(
            "error_count",
            0x5C,
            "errors since the reset, modulo 2^32; those of one cycle count once",
            READ,
            (Field("errors", 0, 32, "how many"),),
        ),
        Register(
            "decision_count",
            0x60,
            "decisions since the reset, modulo 2^32",
            READ,
            (Field("decisions", 0, 32, "how many"),),
        ),
    ]


def _weights() -> list[Register]:
    return [
        Register(
            "weight_address",
            0x68,
            "the next weight word to be written or read; counts up, also over the layers",
            PORT,
            WEIGHT_ADDRESS,
            writable=True,
            port="weights",
        ),
        Register(
            "weight_data",
            0x6C,
            "the next 32 bits of that word, lowest first; refused while busy",
            PORT,
            (Field("bits", 0, 32, "with the last of a word it is written"),),
            writable=True,
            port="weights",
        ),
    ]


def _images() -> list[Register]:
    beat = (Field("bits", 0, 32, "a beat, or the next 32 bits of one that is wider"),)

    def sent(name: str, offset: int, meaning: str) -> Register:
        return Register(
            name, offset, meaning, PORT, beat, readable=False, writable=True, port="send"
        )

    return [
        sent("send", 0x70, "by registers: of an image"),
        sent("send_last", 0x74, "by registers: the last of an image, as with TLAST"),
        Register(
            "image_tag",
            0x78,
            "by registers: of images whose first beat is sent from now on",
            HOLD,
            (Field("tag", 0, TAG_BITS, "comes back with the image's decision, as TID does"),),
        ),
    ]


def _learning() -> list[Register]:
    settings = Settings().registers()
    fields, low = [], 0
    for one in REGISTERS.values():
        if one.name != "seed":
            fields.append(Field(one.name, low, one.bits, one.meaning, settings[one.name]))
            low += one.bits
    seed = REGISTERS["seed"]
    return [
        Register(
            "label",
            0x80,
            "of images that begin from now on",
            HOLD,
            (
                Field("class", 0, 16, "what the image is to be learned as"),
                Field("learn", 31, 1, "1 learn it, 0 only decide it"),
            ),
        ),
        Register(
            "learn_rule",
            0x88,
            "settings of the learning rule, taken between images; refused while some wait",
            PORT,
            tuple(fields),
            writable=True,
            port="settings",
        ),
        Register(
            "learn_seed",
            0x8C,
            "with the rule's settings",
            PORT,
            (Field("seed", 0, seed.bits, seed.meaning),),
            readable=False,
            writable=True,
            port="settings",
        ),
        Register(
            "learned_count",
            0x90,
            "images that the core is through with since the reset, modulo 2^32",
            READ,
            (Field("images", 0, 32, "learned or not"),),
        ),
        Register(
            "updated_count",
            0x94,
            "of these, modulo 2^32",
            READ,
            (Field("images", 0, 32, "those that changed weights"),),
        ),
        Register(
            "learn_cycles",
            0x98,
            "of the latest of these",
            READ,
            (Field("cycles", 0, 32, "from its first event or word until the next could come"),),
        ),
    ]


def decision_words(config: CoreConfig) -> tuple[Register, ...]:
    """The words of a decision: registers, and the beats of the stream in the same order."""
    causes = causes_layout(config.learns)
    layers = len(config.layers)

    def word(number: int, name: str, meaning: str, *fields: Field, **array: Any) -> Register:
        offset = DECISION + WORD_BYTES * number
        return Register(name, offset, meaning, PORT, fields, port="decision", **array)

    return (
        word(
            0,
            "decision",
            "what was decided; this and what follows is refused where status.decision is 0",
            Field("class", 0, 16, "the output neuron that decides"),
            Field("forced", 16, 1, "no output fired up to the deadline"),
            Field("error", 17, 1, "one of the causes is set"),
            *(
                Field(f"cause_{name}", 24 + number, 1, causes.meanings[name])
                for number, name in enumerate(causes.meanings)
            ),
        ),
        word(
            1,
            "decision_time",
            "when, and of which image",
            Field("tick", 0, 16, "of the decision"),
            Field("layers", 16, 8, "as many words of spikes follow the cycles", layers),
            Field("tag", 24, TAG_BITS, "of its image"),
        ),
        word(
            2,
            "decision_cycles",
            "how long it took",
            Field("cycles", 0, 32, "clock cycles from the first event or word taken on"),
        ),
        word(
            3,
            "decision_spikes",
            "a word a layer",
            Field("spikes", 0, 32, "spikes into this layer before the tick of the decision"),
            array=True,
            count=layers,
        ),
    )
