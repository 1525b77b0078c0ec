# SPDX-License-Identifier: BSD-2-Clause
"""The registers of a core on a bus, and the formats of the beats of its streams.

Offsets and fields are the same for all networks. A core omits registers that it does not need, and
refuses accesses to their addresses.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version

from firstspike.golden.learning.rule import REGISTERS, Settings
from firstspike.golden.network import Network, NetworkError
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.layer.events import causes_layout
from firstspike.hdl.layer.words import CHUNK_BITS, LAYER_BITS, WEIGHT_ADDRESS_BITS, chunks_of

from .images import BITMAP, PIXELS, Images
from .register import Field, Register, RegisterMap, registers_of

ADDRESS_BITS = 12
"""Bits of a register address: the minimum size of an address region of many tools is 4 KiB."""

MAGIC = int.from_bytes(b"FSP1", "big")
MAP_VERSION = 2
"""Version of the map. It changes with every change other than an addition of registers."""

TAG_BITS = 8
"""Width of an image's tag. AXI4-Stream recommends at most 8 bits for TID, which carries the tag."""

TICK_BITS = 16
EVENT_BEAT = (
    Field("tick", 0, TICK_BITS, "1 .. deadline"),
    Field("row", TICK_BITS, 16, "row of the input that spikes"),
)
"""Fields of a beat of events."""
NO_ROW = (1 << 16) - 1
"""Value of `row` for an event without spike, the watermark that no earlier spike follows."""

WEIGHT_ADDRESS = (
    Field("layer", 0, LAYER_BITS, "the first is 0"),
    Field(
        "address",
        LAYER_BITS,
        WEIGHT_ADDRESS_BITS,
        "word of the layer: group * rows of a group + row",
    ),
)
"""Fields of the address of a weight word."""

BITMAPS = tuple(8 << n for n in range(8))
"""Permitted widths of a beat of a bitmap in bits: common widths of AXI4-Stream."""

DECISION = 0xC0
"""Offset of the decision's first word."""
MAX_LAYERS = 13
"""Maximum number of layers, for whose spike counts the map has space."""


def check_bus(config: CoreConfig, network: Network) -> None:
    """Raise NetworkError for a core whose parameters exceed the fields of the bus."""
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


def _lines(fields: Iterable[Field]) -> str:
    """Return the fields as lines of a table for `registers_of`."""
    return "\n".join(f"    {f.name} [{f.low + f.bits - 1}:{f.low}]: {f.meaning}" for f in fields)


_CORE = f"""
magic 0x00 constant: identifies a FirstSpike core
    magic [31:0]: FSP1 in ASCII
version 0x04 constant: version of this register map
    map [15:0]: changes with the offsets or fields
features 0x08 constant: features of the core
    learns [0]: the core can learn
    bitmap [1]: images are bitmaps and not events
    any_weights [2]: 1: whatever the weights, no sum overflows; 0: check weights before writing
    pixels [3]: images are pixels of a byte and not events
    layers [15:8]: layers of weights
    beat_bits [31:16]: bits of a beat of an image
sizes 0x0c constant: sizes of the network
    rows [15:0]: connected inputs
    outputs [31:16]: output neurons: classes
timing 0x10 constant: times of the network, in ticks
    deadline [15:0]: the last tick of an image
    unit [31:16]: the tick of the brightest pixels
bitmap 0x14 constant: size of an image that is a bitmap, or pixels
    pixels [15:0]: pixels of an image
    beats [31:16]: beats of an image
weight_words 0x18 constant: size of all weights
    words [31:0]: words of {CHUNK_BITS} bits
release 0x1c constant: version of FirstSpike that generated the core
    patch [7:0]: third number of its version
    minor [15:8]: second number of its version
    major [23:16]: first number of its version
digest_0 0x20 constant: start of the digest of the core's network
    digits [31:0]: hexadecimal digits 0 .. 7
digest_1 0x24 constant: continuation of the digest
    digits [31:0]: hexadecimal digits 8 .. 15
folding 0x28 constant: parallelism of the core
    lanes [15:0]: neurons computed at once, in the layer with most lanes
    rows [23:16]: rows of weights added per cycle
control 0x40 hold: mode of the core
    by_registers [0]: images and decisions pass through registers, not streams
status 0x44 read: state of the core
    busy [0]: the core processes or learns an image
    open [1]: an image has begun and not ended
    aborting [2]: an abort waits for the beats before it
    room [3]: send and send_last accept a beat
    decision [4]: by registers: the words of a decision can be read
    weight_open [5]: a part of a weight word has been written or read
    settings [6]: settings wait for the end of the current image
    by_registers [7]: the mode in force; control.by_registers takes effect between images
    dropping [8]: the stream's beats up to the next TLAST are dropped
    resetting [9]: a decision from before the reset is still leaving
command 0x48 port command w: writing a 1 executes the command
    abort [0]: end the image whose beats have not all arrived, if any
    take [1]: by registers: go on to the next decision
    reset [2]: reset all state but the weights; within an image of the stream, start dropping
    undrop [3]: the stream's next beat begins an image: clears dropping
interrupt_enable 0x4c hold: causes that raise irq
    decision [0]: status.decision
    error [1]: a bit of error_causes is 1
interrupt_state 0x50 read: causes that are present, or set in interrupt_test
    decision [0]: status.decision
    error [1]: a bit of error_causes is 1
interrupt_test 0x54 hold: causes to set in interrupt_state, as a test
    decision [0]: status.decision
    error [1]: a bit of error_causes is 1
error_causes 0x58 sticky: errors since the bits were cleared
    access [0]: a read or write of a register was refused
    short [1]: TLAST came too early: the image was aborted
    long [2]: TLAST came too late: the beats up to it were dropped
    keep [3]: TKEEP omitted bytes of pixels; the core used the bytes of TDATA anyway
    decision [4]: a decision had the bit error
error_count 0x5c read: number of errors since the reset
    errors [31:0]: modulo 2^32; several errors of one cycle count once
decision_count 0x60 read: number of decisions since the reset
    decisions [31:0]: modulo 2^32
weight_address 0x68 port weights rw: the next weight word to be written or read; counts up, also \
over the layers
{_lines(WEIGHT_ADDRESS)}
weight_data 0x6c port weights rw: the next 32 bits of that word, lowest first; refused while busy
    bits [31:0]: the last part of a word writes the word
send 0x70 port send w: by registers: a beat of an image, except the last
    bits [31:0]: the beat, or the next 32 bits of a wider beat
send_last 0x74 port send w: by registers: the last beat of an image, as with TLAST
    bits [31:0]: the beat, or the next 32 bits of a wider beat
image_tag 0x78 hold: by registers: tag of images whose first beat is sent from now on
    tag [{TAG_BITS - 1}:0]: returns with the image's decision, as TID does
"""
"""The registers of every core, in the format of `registers_of`."""


def core_map(
    config: CoreConfig, network: Network, any_weights: bool, images: Images
) -> RegisterMap:
    """Return the registers of a core of this configuration for `network`.

    `any_weights` is whether the widths of the core suffice for all weights, not only for those of
    `network`. Raises NetworkError like `check_bus`.
    """
    check_bus(config, network)
    registers = registers_of(_CORE, _constants(config, network, any_weights, images))
    learning = _learning() if config.learns else ()
    return RegisterMap([*registers, *learning, *decision_words(config)])


def _constants(
    config: CoreConfig, network: Network, any_weights: bool, images: Images
) -> dict[str, dict[str, int]]:
    """Return the values of the constant fields, by register and field."""
    first, last = config.layers[0].folding, config.layers[-1].folding
    numbers = map(int, re.findall(r"\d+", version("firstspike")))
    digest = network.digest()
    return {
        "magic": {"magic": MAGIC},
        "version": {"map": MAP_VERSION},
        "features": {
            "learns": int(config.learns),
            "bitmap": int(images.kind == BITMAP),
            "any_weights": int(any_weights),
            "pixels": int(images.kind == PIXELS),
            "layers": len(config.layers),
            "beat_bits": images.bits,
        },
        "sizes": {"rows": first.n_in, "outputs": last.n_out},
        "timing": {"deadline": network.deadline, "unit": network.unit},
        "bitmap": {"pixels": images.pixels, "beats": images.beats},
        "weight_words": {"words": sum(layer.words * chunks_of(layer) for layer in config.layers)},
        "release": dict(zip(("major", "minor", "patch"), numbers, strict=False)),
        "digest_0": {"digits": int(digest[:8], 16)},
        "digest_1": {"digits": int(digest[8:16], 16)},
        "folding": {
            "lanes": max(layer.folding.lanes for layer in config.layers),
            "rows": first.rows,
        },
    }


def _learning() -> list[Register]:
    """Return the additional registers of a core that learns."""
    rule, low = [], 0
    for one in REGISTERS.values():
        if one.name != "seed":
            rule.append(Field(one.name, low, one.bits, one.meaning))
            low += one.bits
    seed = REGISTERS["seed"]
    table = f"""
label 0x80 hold: label of images that begin from now on
    class [15:0]: the class to learn
    learn [31]: 1 learn the image, 0 only decide it
learn_rule 0x88 port settings rw: settings of the learning rule, which take effect between \
images; refused while status.settings is 1
{_lines(rule)}
learn_seed 0x8c port settings w: seed of the generator, which a write of learn_rule does not change
{_lines([Field(seed.name, 0, seed.bits, seed.meaning)])}
learned_count 0x90 read: number of finished images since the reset, learned or only decided
    images [31:0]: modulo 2^32
updated_count 0x94 read: number of images since the reset that changed weights
    images [31:0]: modulo 2^32
learn_cycles 0x98 read: clock cycles of the latest image
    cycles [31:0]: from its first event or word until the core could accept the next image
"""
    return registers_of(table, {"learn_rule": Settings().registers()})


def decision_words(config: CoreConfig) -> tuple[Register, ...]:
    """Return the words of a decision: registers, and beats of the stream in the same order."""
    causes = enumerate(causes_layout(config.learns).meanings.items(), 24)
    layers = len(config.layers)
    table = f"""
decision {DECISION:#x} port decision r: the decision; reading this and the next registers is \
refused while status.decision is 0
    class [15:0]: the output neuron that decides
    forced [16]: no output fired up to the deadline
    error [17]: one of the causes is set
{_lines(Field(f"cause_{name}", low, 1, meaning) for low, (name, meaning) in causes)}
decision_time {DECISION + 4:#x} port decision r: time of the decision, and its image
    tick [15:0]: tick of the decision
    layers [23:16]: number of registers decision_spikes, one per layer
    tag [31:24]: tag of the image
decision_cycles {DECISION + 8:#x} port decision r: duration of the image
    cycles [31:0]: clock cycles from the first accepted event or word to the decision
decision_spikes {DECISION + 12:#x} port decision r: a word per layer
    spikes [31:0]: spikes into this layer before the tick of the decision
"""
    *words, spikes = registers_of(table, {"decision_time": {"layers": layers}})
    return (*words, replace(spikes, array=True, count=layers))
