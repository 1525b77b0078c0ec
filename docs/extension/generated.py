# SPDX-License-Identifier: BSD-2-Clause
"""Parts of the pages that come from the code: the verbs, and the interface of a core."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from functools import reduce
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from firstspike.boards.building.shipped_builds import SHIPPED_BUILDS
from firstspike.boards.proofs import PROOFS, Proof
from firstspike.golden import Folding, load_network
from firstspike.golden.motion.defaults import DEFAULT_FRONT_END
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.sound.defaults import default_front_end
from firstspike.golden.sound.front import FrontEnd
from firstspike.golden.timing import latencies
from firstspike.golden.timing.folding import MAX_IMAGES
from firstspike.golden.timing.layer import LONG_SWEEP, MASK_FIFO_DEPTH, PAGE_WORDS, SERIALISER_BLOCK
from firstspike.golden.timing.shape import CoreShape
from firstspike.golden.training.augment import Augmentation
from firstspike.golden.training.recipes import RECIPES, recipe
from firstspike.golden.training.specification import Training
from firstspike.hdl.bus.bus_core import bus_ports
from firstspike.hdl.bus.core_map import EVENT_BEAT, core_map
from firstspike.hdl.bus.images import Images
from firstspike.hdl.bus.register import WORD_BYTES, Field
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.bus.description import access
from firstspike.hdl.flow.interface import describe, wires
from firstspike.hdl.flow.verilog import PROMISE
from firstspike.hdl.layer.config import SEGMENT_LANES
from firstspike.hdl.motion.windows import Windows
from firstspike.hdl.sound.listener import cycles_per_sample
from firstspike.rooms import rooms
from firstspike.scripts.main import GROUPS, PACKAGES
from firstspike.sim.formal import catalogue
from firstspike.sim.formal.proofs import Proof as FormalProof
from firstspike.sim.mutants.faults import FAULTS

from .blocks import block_rows
from .house import base_rows, room_page, room_rows
from .verb import counts, page_of, shared_options

NETWORK, LANES, BITMAP, ROWS = "mnist-8bit", 64, 32, 4
"""Network, lanes, bits of a bitmap and rows of the cores whose ports the pages show."""

CHANNEL = re.compile(r"(_(?:t|aw|ar|w|b|r))[a-z]+$")
"""The end of the name of a port of AXI: its channel, and its signal."""
USUAL = ", 2-bit weights, thresholds 1, unit 1, deadline 6", "; 1 image", "; images without end"
"""Parts of the sizes that the page of proofs describes once."""

Interface = dict[str, Any]
"""The interface of a core, as `describe` gives it."""


def texts() -> dict[str, str]:
    """Return the parts in Markdown, by the names that pages give them (`written.py`)."""
    plain = interface()
    bitmap = _beyond(plain, interface(bitmap=BITMAP))
    learning = _beyond(plain, interface(stored_bits=8))
    return {
        "promise": PROMISE,
        "commands": str(counts()[0]),
        "option_slots": str(counts()[1]),
        "verbs": _table(("verb", "what it does"), _verbs()),
        "verb_pages": _verb_pages(),
        "room_pages": _room_pages(),
        "rooms": _table(("room", "what it does", "code lines", "needs"), room_rows()),
        "base": _table(("folder", "code lines of the base", "of rooms"), base_rows()),
        "shared_options": shared_options(),
        "ports": _ports(plain),
        "payloads": _payloads(plain),
        "port_notes": _notes(plain),
        "bitmap_ports": _ports(bitmap),
        "bitmap_notes": _notes(bitmap),
        "rows_payload": _payloads({"ports": [_port(interface(rows=ROWS), "events")]}),
        "learning_ports": _ports(learning),
        "learning_payloads": _payloads(learning),
        "bus_ports": _table(("ports, bits of each", "direction", "what"), _bus_ports()),
        "bus_events": _table(("bits", "field", "meaning"), map(_field, EVENT_BEAT)),
        "bus_registers": _table(
            ("offset", "register", "access", "meaning; bits of each field"), _registers()
        ),
        "proofs": _proofs(),
        "proven": _table(
            ("no.", "claim", "proofs, with sizes (and assumptions)", "method"), _proven()
        ),
        "assumptions": _assumptions(),
        "recipes": _table(("parameter", "default", *map(_code, _RECIPES)), _recipes()),
        "sound_front_end": _parameters(default_front_end()),
        "motion_front_end": _parameters(DEFAULT_FRONT_END),
        "shipped_builds": _table(("board", "network", *_BUILD_FIGURES, "commit"), _builds()),
        "blocks": _table(("file", "block", "ports", "latency", "test"), block_rows()),
        "faults": str(len(FAULTS)),
        "fault_folders": ", ".join(f"`{name}` {n}" for name, n in _fault_folders().items()),
        "latencies": _table(("block", "number, name, and what is counted"), _latencies()),
        **{name: str(figure) for name, figure in _depths().items()},
    }


_BUILD_FIGURES = ("lanes", "rows", "overlapped", "MHz asked", "MHz reached", "logic", "block RAM")


def _builds() -> Iterator[tuple[str, ...]]:
    for one in SHIPPED_BUILDS:
        shape, overlapped = one.shape, "yes" if one.shape.overlap else ""
        figures = shape.lanes, shape.rows, overlapped, f"{one.clock:g}", f"{one.fmax:.2f}"
        size = f"{one.luts:,}", str(one.block_ram)
        yield f"`{one.board}`", f"`{one.network}`", *map(str, figures), *size, f"`{one.commit}`"


_RECIPES = (*RECIPES, "sparse, levels-16")


def _recipes() -> Iterator[tuple[str, ...]]:
    """A row per parameter of a training, with the values of recipes that differ from the default.

    Those of the augmentation follow its name.
    """

    def values(training: Training) -> dict[str, str]:
        flat = {one.name: getattr(training, one.name) for one in fields(training)}
        augmentation = flat.pop("augmentation")
        varied = asdict(augmentation) if augmentation else dict.fromkeys(asdict(Augmentation()))
        return {name: repr(value) for name, value in flat.items()} | {
            f"augmentation.{name}": "-" if value is None else repr(value)
            for name, value in varied.items()
        }

    usual = values(Training())
    trainings = [values(recipe(*name.split(", "))) for name in _RECIPES]
    for name, value in usual.items():
        row = ("" if one[name] == value else one[name] for one in trainings)
        yield _code(name), value, *row


def _parameters(front_end: FrontEnd | MotionFrontEnd) -> str:
    """The parameters of a front end, each with its value."""
    values = {one.name: getattr(front_end, one.name) for one in fields(front_end)}
    values |= {"filters": [tuple(one) for one in values.get("filters", ())]}
    return ", ".join(f"{_code(name)} {value}" for name, value in values.items() if value != [])


def _code(name: str) -> str:
    return f"`{name}`"


def _fault_folders() -> Counter[str]:
    """Faults of `firstspike check mutants` in each folder of `hdl`."""
    return Counter(fault.module.partition(".")[0] for fault in FAULTS)


def _proofs() -> str:
    if not PROOFS:
        return "The table is empty: nobody has sent a report yet."
    head = ("board", "network", "month", "SHA-256 of the report")
    return _table(head, ((one.board, one.network, one.month, _address(one)) for one in PROOFS))


def _assumed() -> list[str]:
    """Every assumption of a proof once."""
    sentences = (one for proof in catalogue.PROOFS.values() for one in proof.assumptions)
    return list(dict.fromkeys(sentences))


def _assumptions() -> str:
    return "\n".join(f"{number}. {one}" for number, one in enumerate(_assumed(), 1))


def _proven() -> Iterator[tuple[str, ...]]:
    """A row per claim and method: its proofs, with the sizes and assumptions of each."""
    named: dict[str, int] = {}
    kinds: dict[tuple[str, str], list[FormalProof]] = {}
    for proof in catalogue.PROOFS.values():
        kinds.setdefault((proof.claim, proof.method), []).append(proof)
    for number, ((claim, method), proofs) in enumerate(kinds.items(), 1):
        known = max((one for one in named if one in claim), key=len, default="")
        named.setdefault(claim, number)
        what = claim.replace(known, f"The same as claim {named[known]}.") if known else claim
        yield str(number), what, "<br>".join(map(_instance, proofs)), method


def _instance(proof: FormalProof) -> str:
    numbers = ", ".join(str(1 + _assumed().index(one)) for one in proof.assumptions) or "none"
    return f"`{proof.name}`: {_sizes(proof)} ({numbers})"


def _sizes(proof: FormalProof) -> str:
    return reduce(lambda sizes, usual: sizes.replace(usual, ""), USUAL, proof.shapes)


def _address(proof: Proof) -> str:
    return f"[{proof.sha256[:16]}]({proof.where})"


def interface(bitmap: int | None = None, rows: int | None = None, **learning: int) -> Interface:
    """The interface of a core of the network, in front of which there may be a bitmap."""
    network = load_network(NETWORK)
    folding = Folding.of(network, CoreShape(LANES, bitmap=bitmap, rows=rows))
    config = CoreConfig.of(network, folding, **learning)
    return describe(config, network)


def _bus_ports() -> Iterator[tuple[str, ...]]:
    """A row per port without a bus, and one per channel, whose ports have a common prefix."""
    network = load_network(NETWORK)
    config = CoreConfig.of(network, Folding.of(network, CoreShape(LANES)))
    ports = bus_ports(Images.of(config, network))
    for prefix, group in groupby(ports, lambda one: CHANNEL.sub(r"\1", one.name)):
        names, flows, meanings = [], [], []
        for port in group:
            name = port.name.removeprefix(prefix) or port.name
            names.append(f"`{name}` {port.width}")
            flows.append(port.flow.name.lower())
            meaning = port.meaning if name == prefix else f"`{name}`: {port.meaning}"
            meanings += [meaning] if port.meaning else []
        channel = f"`{prefix}...`: " if len(names) > 1 else ""
        yield channel + ", ".join(names), flows[0], "; ".join(meanings)


def _registers() -> Iterator[tuple[str, ...]]:
    """A row per register of a core that learns, with its fields."""
    network = load_network(NETWORK)
    config = CoreConfig.of(network, Folding.of(network, CoreShape(LANES)), stored_bits=8)
    for register in core_map(config, network, True, Images.of(config, network)).registers:
        offset = f"{register.offset:#05x}"
        if register.array:
            offset += f" + {WORD_BYTES} n"
        fields = (
            f"{bits} {name}: {meaning}" for bits, name, meaning in map(_field, register.fields)
        )
        content = "<br>".join((register.meaning, *fields))
        yield offset, f"`{register.name}`", access(register), content


def _field(field: Field) -> tuple[str, str, str]:
    high = field.low + field.bits - 1
    bits = f"{high}:{field.low}" if field.bits > 1 else str(field.low)
    return bits, f"`{field.name}`", field.meaning


def _latencies() -> Iterator[tuple[str, str]]:
    """A row per block, with each of its names of `latencies`, and what is counted."""
    body = ast.parse(Path(latencies.__file__).read_text()).body
    blocks: dict[str, list[str]] = {}
    for statement, below in pairwise(body):
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            block, _, what = ast.literal_eval(below.value).partition(": ")
            figure = getattr(latencies, target.id)
            what = " ".join(what.split())
            blocks.setdefault(block, []).append(f"{figure} `{target.id}`: {what}")
    return ((block, "<br>".join(several)) for block, several in blocks.items())


def _depths() -> dict[str, int]:
    """Return figures of the hardware, and depths of a layer's pipeline.

    The depths are those with few lanes, with many lanes and pages, and with one group.
    """
    network = load_network(NETWORK)
    few, many, whole = (
        Folding.of(network, CoreShape(lanes)).layers[0] for lanes in (8, LANES, 600)
    )
    return {
        "fetch_cycles": few.fetch_cycles,
        "fetch_cycles_one_group": whole.fetch_cycles,
        "update_cycles": few.update_cycles,
        "update_cycles_pages": many.update_cycles,
        "serialiser_block": SERIALISER_BLOCK,
        "segment_lanes": SEGMENT_LANES,
        "mask_fifo_depth": MASK_FIFO_DEPTH,
        "page_words": PAGE_WORDS,
        "max_images": MAX_IMAGES,
        "listener_cycles": cycles_per_sample(default_front_end()),
        "reached": latencies.REACHED_POSITIONS,
        "long_sweep": LONG_SWEEP,
        "watcher_windows": Windows.cycles(DEFAULT_FRONT_END),
    }


def _port(about: Interface, name: str) -> dict[str, Any]:
    """The port of that name."""
    return next(port for port in about["ports"] if port["name"] == name)


def _beyond(less: Interface, more: Interface) -> Interface:
    """The ports and notes that only `more` has."""
    known = {port["name"] for port in less["ports"]}
    ports = [port for port in more["ports"] if port["name"] not in known]
    return {"ports": ports, "notes": [note for note in more["notes"] if note not in less["notes"]]}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _verbs() -> Iterator[tuple[str, str]]:
    for verbs in GROUPS.values():
        for verb, meaning in verbs.items():
            yield f"[{verb}](../{page_of(verb)}.md)", meaning


def _room_pages() -> str:
    """Return the pages of rooms that are named as their rooms, if they are no pages of verbs."""
    verbs = {*map(page_of, PACKAGES)}
    pages = map(room_page, rooms())
    found = (page for page in pages if page and page not in verbs)
    return "\n".join(("```{toctree}", ":hidden:", ":caption: Further features", "", *found, "```"))


def _verb_pages() -> str:
    """Return the pages of the verbs, in the order of the help, for the contents of the site."""
    pages = (f"/{page_of(verb)}" for verbs in GROUPS.values() for verb in verbs)
    return "\n".join(("```{toctree}", ":hidden:", "", "options", *pages, "```"))


def _notes(about: Interface) -> str:
    return "\n".join(f"- {note}" for note in about["notes"])


def _ports(about: Interface) -> str:
    """A row per port of `describe`, with the wires of a stream in the order of the Verilog."""
    rows = []
    for port in about["ports"]:
        names, directions, widths = zip(*wires(port), strict=True)
        values = [str(port.get("unused", {}).get(name, "-")) for name in names]
        unused = ", ".join(values) if set(values) != {"-"} else ""
        ways, bits = ", ".join(directions), ", ".join(map(str, widths))
        rows.append((", ".join(f"`{name}`" for name in names), ways, bits, port["meaning"], unused))
    return _table(("port", "direction", "bits", "what", "if unused"), rows)


def _payloads(about: Interface) -> str:
    """A row per payload, with the bits and the meaning of each field."""
    rows = []
    for port in about["ports"]:
        fields = []
        for field in port.get("fields", ()):
            low, high = field["offset"], field["offset"] + field["width"] - 1
            bits = f"{high}:{low}" if field["width"] > 1 else str(low)
            fields.append(f"{bits} `{field['name']}`: {field['meaning']}")
        if fields:
            rows.append((f"`{port['name']}`", str(port["width"]), "<br>".join(fields)))
    return _table(("payload", "bits", "bits of each field, and its meaning"), rows)
