"""Parts of the pages that are asked of the code: the verbs, the ports of a core, its depths."""

from collections.abc import Iterable
from typing import Any

from firstspike.golden import Folding, Network, load_network
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flow.interface import NOTES, describe, wires
from firstspike.scripts.main import VERBS

NETWORK, LANES = "mnist-8bit", 64
"""Of the core whose ports are shown."""

_PORT_HEAD = ("port", "direction", "bits", "what")


def substitutions() -> dict[str, str]:
    """What `{{ name }}` stands for on a page, in Markdown."""
    network = load_network(NETWORK)
    plain = _ports(network)
    learning = _ports(network, stored_bits=network.weight_bits[0])
    known = {port["name"] for port in plain}
    more = [port for port in learning if port["name"] not in known]
    return {
        "verbs": table(("verb", "what it does"), _verbs()),
        "ports": table(_PORT_HEAD, _wires(plain)),
        "payloads": _payloads(plain),
        "learning_ports": table(_PORT_HEAD, _wires(more)),
        "learning_payloads": _payloads(more),
        "port_notes": "\n".join(f"- {note}" for note in NOTES),
    }


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _verbs() -> Iterable[tuple[str, str]]:
    return ((f"[{verb}]({verb}.md)", meaning) for verb, meaning in VERBS.items())


def _ports(network: Network, **learning: int) -> list[dict[str, Any]]:
    config = CoreConfig.of(network, Folding.of(network, LANES), **learning)
    return describe(Core(config), network)["ports"]


def _wires(ports: Iterable[dict[str, Any]]) -> Iterable[tuple[str, ...]]:
    for port in ports:
        meaning = port["meaning"]
        for name, direction, width in wires(port):
            yield f"`{name}`", direction, str(width), meaning
            meaning = ""


def _payloads(ports: Iterable[dict[str, Any]]) -> str:
    rows = []
    for port in ports:
        name = f"`{port['name']}` ({port['width']})"
        for field in port.get("fields", ()):
            low, high = field["offset"], field["offset"] + field["width"] - 1
            bits = f"{high}:{low}" if field["width"] > 1 else str(low)
            rows.append((name, bits, f"`{field['name']}`", field["meaning"]))
            name = ""
    return table(("payload (bits)", "bits", "field", "meaning"), rows)
