# SPDX-License-Identifier: BSD-2-Clause
"""Test vectors for other test benches, and a self-checking one in plain Verilog that uses them.

core.json beside core.v is the interface of the core. The other files are all for `$readmemh`. They
say what goes into a core, and what golden expects to come out:

    items.hex        payloads of the input port, image after image
    item_ends.hex    per image the number of items up to its end; the bench does not need it
    weights.hex      payloads of the weight port, for a core without weights inside
    decisions.hex    per image: class, tick, forced, cycles, and the spikes into each layer
    spikes_L.hex     spikes of hidden layer L in order of time up to the deadline, as
                     {tick, neuron} in the fields of the core's log; image after image
    spike_ends_L.hex per image the number of spikes up to its end, and up to its decision

If layer L sends several spikes per cycle, the spikes of bank B are in spikes_L_B.hex and
spike_ends_L_B.hex: only within a bank do spikes of one tick come in order.
"""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from amaranth.lib import data

from firstspike.golden import Network, Results, events
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ports import decision_layout, log_layout, weights_layout
from firstspike.hdl.flow.verilog import generate
from firstspike.hdl.flow.wrapping import filled
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.lib.layouts import fields, pack
from firstspike.sim.benches.core.items import image_port, items_of


def write_vectors(
    folder: Path,
    network: Network,
    folding: Folding,
    ticks: np.ndarray,
    pixels: np.ndarray | None,
    expected: Results,
    embedded: bool = True,
) -> None:
    """Write the core, the vectors and `bench.v` into `folder`.

    `expected` is golden's word on `ticks` (n, n_rows), with cycles. Without `embedded` the core has
    no weights inside, and the bench loads them over the weight port.
    """
    core = generate(network, folding, embedded)
    (folder / "core.v").write_text(core.verilog)
    (folder / "core.json").write_text(core.interface_json)
    if not embedded:
        (folder / "weights.hex").write_text(core.weights)
    config = CoreConfig.of(network, folding)
    items = items_of(config, ticks, pixels)
    _write(folder / "items.hex", np.concatenate(items))
    _write(folder / "item_ends.hex", np.cumsum([len(one) for one in items]))
    figures = [expected.decision, expected.tick, expected.forced, expected.cycles]
    _write(folder / "decisions.hex", np.column_stack([*figures, expected.spikes_in]).ravel())
    for log in _logs(config):
        per_image = _spikes(log, expected)
        spikes = np.concatenate(per_image).astype(np.int64)
        reported = {"tick": spikes[:, 0], f"{log.prefix}neuron": spikes[:, 1]}
        # A log without any spike still needs a file that $readmemh accepts.
        packed = pack(log_layout(config, log.layer), reported) if len(spikes) else [0]
        _write(folder / f"spikes_{log.name}.hex", packed)
        ends = np.cumsum([len(one) for one in per_image])
        starts = np.concatenate([[0], ends[:-1]])
        needed = starts + [
            int((one[:, 0] < tick).sum())
            for one, tick in zip(per_image, expected.tick, strict=True)
        ]
        _write(folder / f"spike_ends_{log.name}.hex", np.column_stack([ends, needed]).ravel())
    loads = 0 if embedded else core.weights.count("\n")
    (folder / "bench.v").write_text(_bench(config, items, expected, loads))


class _Log(NamedTuple):
    """The spike log of a hidden layer, or of one bank where it sends several spikes per cycle."""

    layer: int
    bank: int
    banks: int
    unordered: bool
    """Spikes of one tick come in any order, as of a layer that convolves."""

    @property
    def name(self) -> str:
        """Its name in files and in the bench."""
        return f"{self.layer}" if self.banks == 1 else f"{self.layer}_{self.bank}"

    @property
    def prefix(self) -> str:
        """Prefix of the bank's fields in the core's log."""
        return "" if self.banks == 1 else f"banks.{self.bank}."


def _logs(config: CoreConfig) -> Iterator[_Log]:
    for layer, of in enumerate(config.layers[:-1]):
        banks, unordered = of.folding.sends, of.folding.convolves
        yield from (_Log(layer, bank, banks, unordered) for bank in range(banks))


def _spikes(log: _Log, expected: Results) -> list[np.ndarray]:
    """Per image its spikes (tick, neuron), int [k, 2]."""
    per_image = [events(one) for one in expected.hidden[log.layer]]
    return [one[one[:, 1] % log.banks == log.bank] for one in per_image]


def _bench(config: CoreConfig, items: Sequence[np.ndarray], expected: Results, loads: int) -> str:
    """The text of the bench for these vectors."""
    layers = len(config.layers)
    decision = _selects(decision_layout(config.layers[-1]))
    declarations, connections, logs, ends = [], [], [], []
    for layer in range(layers - 1):
        width = log_layout(config, layer).size
        declarations += [
            f"  wire log_{layer}_valid;",
            f"  wire [{width - 1}:0] log_{layer}_spike;",
        ]
        connections += [
            f"      .log_{layer}__valid(log_{layer}_valid),",
            f"      .log_{layer}__spike(log_{layer}_spike),",
        ]
    for log in _logs(config):
        declarations.append(_log_checks(config, log, expected))
        valid = f"log_{log.layer}_valid"
        if log.banks > 1:
            present = _selects(log_layout(config, log.layer))[f"{log.prefix}present"]
            valid += f" && log_{log.layer}_spike{present}"
        logs.append(f"      if ({valid}) take_{log.name}(log_{log.layer}_spike);")
        ends.append(f"        end_{log.name};")
    counts = [
        f'        check(image, "spikes {layer}", decision{decision[f"spikes_in.{layer}"]}, '
        f"decisions[first+{4 + layer}]);"
        for layer in range(layers)
    ]
    first = config.layers[0].folding
    event_bits = input_layout(first.n_in, config.deadline, first.rows).size
    if config.bitmap is not None:  # no image comes as events
        connections += [
            "      .events__valid(1'b0),",
            "      .events__ready(),",
            f"      .events__payload({event_bits}'d0),",
        ]
    return filled(
        _text("vectors_bench.v"),
        images=len(items),
        items=sum(len(one) for one in items),
        layers=layers,
        patience=10 * int(expected.cycles.max()) + 10_000,
        item_msb=(config.bitmap or event_bits) - 1,
        decision_msb=decision_layout(config.layers[-1]).size - 1,
        loads=loads,
        load_msb=weights_layout(config).size - 1,
        port=image_port(config),
        declarations="\n".join(declarations),
        connections="\n".join(connections),
        logs="\n".join(logs),
        counts="\n".join(counts),
        ends="\n".join(ends),
        **{name: decision[name] for name in ("class", "tick", "forced", "error", "cycles")},
    )


def _log_checks(config: CoreConfig, log: _Log, expected: Results) -> str:
    """The spikes of a log in Verilog, and the tasks that check the core's against them."""
    layout = log_layout(config, log.layer)
    selects = _selects(layout)
    _, template = _text("vectors_log.v").split("\n\n", 1)  # without its licence
    return filled(
        template,
        name=log.name,
        layer=f"layer {log.layer}" + f", bank {log.bank}" * (log.banks > 1),
        msb=layout.size - 1,
        last=max(1, sum(map(len, _spikes(log, expected)))) - 1,
        tick=selects["tick"],
        neuron=selects[f"{log.prefix}neuron"],
        unordered=int(log.unordered),
    )


def _text(name: str) -> str:
    """The text of a template of this folder."""
    return files(__package__).joinpath(name).read_text()


def _selects(layout: data.Layout) -> dict[str, str]:
    """The part-select of each field, in Verilog."""
    return {name: f"[{at + width - 1}:{at}]" for name, at, width in fields(layout)}


def _write(path: Path, values) -> None:
    path.write_text("".join(f"{int(value):x}\n" for value in values))
