"""Test vectors for other test benches, and a self-checking one in plain Verilog that uses them.

The files (all for `$readmemh`) say what goes into a core and what golden expects to come out:

    items.hex        payloads of the input port, image after image
    item_ends.hex    per image the number of items up to its end; the bench does not need it
    weights.hex      payloads of the weight port, for a core without weights inside
    decisions.hex    per image: class, tick, forced, cycles, and the spikes into each layer
    spikes_L.hex     spikes of hidden layer L in order of time up to the deadline, as
                     {tick, neuron} in the fields of the core's log; image after image
    spike_ends_L.hex per image the number of spikes up to its end, and up to its decision
"""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from amaranth.lib import data

from firstspike.golden import Network, Results, events
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.layouts import input_layout
from firstspike.hdl.core.ports import decision_layout, log_layout, weights_layout
from firstspike.hdl.flow.verilog import generate
from firstspike.hdl.lib.layouts import fields, pack
from firstspike.sim.benches.core.items import image_port, items_of
from firstspike.sim.harness.verilog import filled


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
    if not embedded:
        (folder / "weights.hex").write_text(core.weights)
    config = CoreConfig.of(network, folding)
    items = items_of(config, ticks, pixels)
    _write(folder / "items.hex", np.concatenate(items))
    _write(folder / "item_ends.hex", np.cumsum([len(one) for one in items]))
    figures = [expected.decision, expected.tick, expected.forced, expected.cycles]
    _write(folder / "decisions.hex", np.column_stack([*figures, expected.spikes_in]).ravel())
    for layer, spike_ticks in enumerate(expected.hidden):
        per_image = [events(one) for one in spike_ticks]
        spikes = np.concatenate(per_image).astype(np.int64)
        log = log_layout(config, layer)
        # A layer without any spike still needs a file that $readmemh accepts.
        packed = pack(log, {"tick": spikes[:, 0], "neuron": spikes[:, 1]}) if len(spikes) else [0]
        _write(folder / f"spikes_{layer}.hex", packed)
        ends = np.cumsum([len(one) for one in per_image])
        starts = np.concatenate([[0], ends[:-1]])
        needed = starts + [
            int((one[:, 0] < tick).sum())
            for one, tick in zip(per_image, expected.tick, strict=True)
        ]
        _write(folder / f"spike_ends_{layer}.hex", np.column_stack([ends, needed]).ravel())
    loads = 0 if embedded else core.weights.count("\n")
    (folder / "bench.v").write_text(_bench(config, items, expected, loads))


def _bench(config: CoreConfig, items: Sequence[np.ndarray], expected: Results, loads: int) -> str:
    """The text of the bench for these vectors."""
    layers = len(config.layers)
    decision = _selects(decision_layout(config))
    declarations, connections, logs, ends = [], [], [], []
    for layer in range(layers - 1):
        log, width = _selects(log_layout(config, layer)), log_layout(config, layer).size
        tick, neuron = log["tick"], log["neuron"]
        spikes = max(1, int(np.count_nonzero(expected.hidden[layer])))
        declarations += [
            f"  reg [{width - 1}:0] spikes_{layer}[0:{spikes - 1}];",
            f"  reg [31:0] spike_ends_{layer}[0:2*IMAGES-1];",
            f"  integer spike_{layer};",
            "  initial begin",
            f"    spike_{layer} = 0;",
            f'    $readmemh("spikes_{layer}.hex", spikes_{layer});',
            f'    $readmemh("spike_ends_{layer}.hex", spike_ends_{layer});',
            "  end",
            f"  wire log_{layer}_valid;",
            f"  wire [{width - 1}:0] log_{layer}_spike;",
        ]
        connections += [
            f"      .log_{layer}__valid(log_{layer}_valid),",
            f"      .log_{layer}__spike(log_{layer}_spike),",
        ]
        logs += [
            f"      if (log_{layer}_valid) begin",
            f"        if (spike_{layer} >= spike_ends_{layer}[2*image]) begin",
            f'          $display("FAIL: image %0d: layer {layer}: neuron %0d spikes at tick %0d, '
            f'golden has no spike", image, log_{layer}_spike{neuron}, log_{layer}_spike{tick});',
            "          $finish(0);",
            "          #1;",
            "        end",
            f'        check(image, "log {layer} tick", log_{layer}_spike{tick}, '
            f"spikes_{layer}[spike_{layer}]{tick});",
            f'        check(image, "log {layer} neuron", log_{layer}_spike{neuron}, '
            f"spikes_{layer}[spike_{layer}]{neuron});",
            f"        spike_{layer} = spike_{layer} + 1;",
            "      end",
        ]
        ends += [
            f"        if (spike_{layer} < spike_ends_{layer}[2*image+1]) begin",
            f'          $display("FAIL: image %0d: layer {layer}: no spike of neuron %0d '
            f'at tick %0d, golden has it", image, spikes_{layer}[spike_{layer}]{neuron}, '
            f"spikes_{layer}[spike_{layer}]{tick});",
            "          $finish(0);",
            "          #1;",
            "        end",
            f"        spike_{layer} = spike_ends_{layer}[2*image];",
        ]
    counts = [
        f'        check(image, "spikes {layer}", decision{decision[f"spikes_in.{layer}"]}, '
        f"decisions[first+{4 + layer}]);"
        for layer in range(layers)
    ]
    event_bits = input_layout(config.layers[0].folding.n_in, config.deadline).size
    if config.bitmap is not None:  # no image comes as events
        connections += [
            "      .events__valid(1'b0),",
            "      .events__ready(),",
            f"      .events__payload({event_bits}'d0),",
        ]
    return filled(
        files(__package__).joinpath("vectors_bench.v"),
        images=len(items),
        items=sum(len(one) for one in items),
        layers=layers,
        patience=10 * int(expected.cycles.max()) + 10_000,
        item_msb=(config.bitmap or event_bits) - 1,
        decision_msb=decision_layout(config).size - 1,
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


def _selects(layout: data.Layout) -> dict[str, str]:
    """The part-select of each field, in Verilog."""
    return {name: f"[{at + width - 1}:{at}]" for name, at, width in fields(layout)}


def _write(path: Path, values) -> None:
    path.write_text("".join(f"{int(value):x}\n" for value in values))
