# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike verilog`: writes the core as one Verilog file, or with test vectors and a bench.

It also reports the size of the core on an FPGA.
"""

import shlex
from contextlib import ExitStack
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from firstspike.golden import Network, load_network
from firstspike.golden.data.sets import MNIST_NOTICE
from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.files import adding_to, naming, replace_file, replacing
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.scripts.errors import VerbError
from firstspike.scripts.inputs import InputCommand
from firstspike.scripts.options import (
    Choice,
    folder_option,
    folding_options,
    learn_option,
    take_record,
    weights_option,
)
from firstspike.scripts.output import (
    json_option,
    json_result,
    note,
    note_window,
    on_command_line,
    say,
    table,
)
from firstspike.scripts.paths import VERILOG, NetworkName, Output, Parameters
from firstspike.scripts.selection import ImageChoice, select, selection_options
from firstspike.scripts.targets.specifications import Golden

LONG = 20
"""Smallest duration in seconds that the verb announces before it starts."""

BUSES = AXI, AXI_PIXELS = ("axi", "axi-pixels")
"""Values of --bus."""


def paths_of(output: Path, parameters: Parameters) -> list[Path]:
    """Return the files of a core, in the order in which they are written."""
    paths = [output, output.with_suffix(".json"), output.with_name(f"{output.stem}_instance.v")]
    if not parameters["embedded"]:
        paths.append(output.with_name(f"{output.stem}_weights.hex"))
    if parameters["bus"]:
        from firstspike.hdl.flow.bus.generate import suffixes  # slow import

        ends = suffixes(parameters["bus"] == AXI_PIXELS)
        paths += [output.with_name(output.stem + suffix) for suffix in ends]
    return paths


@click.command(cls=InputCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@folding_options
@weights_option
@click.option(
    "-o",
    "--output",
    type=Output(dir_okay=False, path_type=Path, files=paths_of, begins=VERILOG),
    metavar="CORE.v",
    help="Write the Verilog to this file, and CORE.json and CORE_instance.v beside it.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="Call the module NAME, and those inside NAME_...: one design can hold cores of different "
    "names. Names in the C driver of --bus axi begin with NAME, too.  [default: firstspike_core]",
)
@learn_option()
@click.option(
    "--bus",
    type=Choice(BUSES),
    help="Put the core behind AXI4-Stream and AXI4-Lite, and write register maps and a C driver "
    "beside CORE.v. With axi-pixels the core takes images as pixels of 0 to 255, a byte each, and "
    "encodes them.",
)
@click.option(
    "--report",
    is_flag=True,
    help="Synthesise, place and route for iCE40 and ECP5, and print the size and the clock of the "
    "core. This takes minutes.",
)
@folder_option(
    "--vectors",
    files=("core.v", "core.json", "bench.v", "*.hex", "DATA-LICENSE.md"),
    help="Write the core, test vectors of images, and a bench that checks them, into this folder. "
    "It must hold no other Verilog files.",
)
@selection_options
@json_option
def command(
    net: str,
    output: Path | None,
    name: str | None,
    bus: str | None,
    report: bool,
    vectors: Path | None,
    json_path: str | None,
    **core: Any,
) -> None:
    """Generate the core for NET as one Verilog file, with a bench, or report its size and speed.

    The header comment of the file has the parameters and every port. CORE.json has the same for
    programs, and CORE_instance.v is an instance to copy. For --weights port, CORE_weights.hex has
    the words to send into that port. --bus axi adds register maps (in JSON, in SystemRDL and as a C
    header), a driver in C, an encoder of samples, a bench, and a FuseSoC core. The files are yours
    (0BSD; LICENSE-GENERATED has an exception). A core with much memory takes minutes: the verb
    first prints an estimate.

    --vectors DIR writes a bench in plain Verilog, which checks the core with the images of
    --dataset, --images or --input, by default 100 digits. The command prints how to run the bench
    in Icarus Verilog or Verilator 5. If all results are equal, the bench prints PASS, and its exit
    status is 0. Otherwise it prints FAIL with the first difference, and its exit status is not 0.

    Example: firstspike verilog mnist-4bit --lanes 16 -o core.v
    """
    if output is None and vectors is None and not report:
        raise click.UsageError("Give -o CORE.v, --vectors DIR or --report, or several of them.")
    if output is not None and output.suffix != ".v":
        raise click.UsageError(f"{output.name} is no name of a Verilog file: end it with .v")
    if output is None and name is not None:
        raise click.UsageError("--name goes with -o CORE.v.")
    if bus is not None and (output is None or report):
        raise click.UsageError("--bus goes with -o CORE.v, and not with --report.")
    if bus == AXI_PIXELS and core["bitmap"] is not None:
        raise click.UsageError(f"--bus {AXI_PIXELS} takes pixels already: leave --bitmap out.")
    if vectors is None and on_command_line(*(one.name for one in fields(ImageChoice))):
        raise click.UsageError("Images go with --vectors DIR.")
    if vectors is not None and core["stored_bits"]:
        raise click.UsageError("--learn does not go with --vectors.")
    if output is not None and vectors is not None and output.parent.resolve() == vectors.resolve():
        raise click.UsageError(
            f"{vectors} gets the core of --vectors, too: name another folder by -o."
        )
    network, chosen = load_network(net), take_record(ImageChoice, core)
    shape = take_record(CoreShape, core)
    folding = Folding.of(network, shape)
    note_window(network, shape)
    result: dict[str, Any] = {"files": [], "report": None}
    with json_result(json_path) as write:
        if vectors is not None:
            _write_vectors(vectors, net, network, shape, chosen, core["embedded"])
        if output is not None:
            named = {} if name is None else {"name": name}
            result["files"] = _generate(output, network, folding, bus, core | named)
        if report:
            result["report"] = _report(network, folding, **core)
        write(result)


def _write_vectors(
    folder: Path, net: str, network: Network, shape: CoreShape, chosen: ImageChoice, embedded: bool
) -> None:
    """Write the core, test vectors and a bench into a folder. Raises `VerbError`."""
    from firstspike.sim.vectors.vectors import write_vectors

    of_mnist = not chosen.input_files and chosen.dataset in (None, "mnist")
    images = select(network, chosen, shape.bitmap)
    ticks, pixels = images.ticks, images.pixels
    golden = Golden(shape).open(net, network)
    other_files = {path.name for path in folder.glob("*.v")} - {"core.v", "bench.v"}
    if other_files:
        raise VerbError(
            f"{folder} holds {min(other_files)}, which would be compiled too; name another folder"
        )
    with naming(folder), adding_to(folder) as making:
        expected = golden.expected(ticks, pixels)
        write_vectors(making, network, golden.folding, ticks, pixels, expected, embedded)
        if of_mnist:
            (making / "DATA-LICENSE.md").write_text(MNIST_NOTICE)
    named = printable(folder)
    say(f"written to {named}: the core for {printable(net)}, and {images.source}")
    entered = f"cd {shlex.quote(named)}"
    say(f"check: {entered} && iverilog -g2005-sv *.v && vvp a.out")
    if len(str(folder.resolve()).split()) == 1:  # GNU make cannot build in folders with blanks
        say(f"or: {entered} && verilator --binary --top bench *.v && obj_dir/Vbench")


def _generate(
    output: Path,
    network: Network,
    folding: Folding,
    bus: str | None,
    parameters: dict[str, Any],
) -> list[str]:
    """Write the files of a core with these parameters of `generate`; return their paths."""
    from firstspike.hdl.core.config import CoreConfig
    from firstspike.hdl.flow.bus.generate import generate_bus_core
    from firstspike.hdl.flow.verilog import generate, seconds

    paths = paths_of(output, parameters | {"bus": bus})
    any_weights, bits = not parameters["embedded"], parameters["stored_bits"]
    expected = seconds(CoreConfig.of(network, folding, any_weights, bits))
    if expected >= LONG:
        note(f"On an idle machine it takes about {expected:.0f} seconds.")
    with ExitStack() as stack:
        files = [stack.enter_context(replacing(path)) for path in paths]
        files_of_bus: dict[str, str] = {}
        if bus is not None:
            about: dict[str, Any] = {"pixels": bus == AXI_PIXELS, "stem": output.stem}
            bus_core = generate_bus_core(network, folding, **parameters, **about)
            core, files_of_bus = bus_core.core, bus_core.files
        else:
            core = generate(network, folding, **parameters)
        weights = () if parameters["embedded"] else (core.weights,)
        texts = (core.verilog, core.interface_json, core.template, *weights, *files_of_bus.values())
        for file, text in zip(files, texts, strict=True):
            replace_file(file, text.encode())
    layers = ", ".join(
        f"{layer['n_in']} -> {layer['n_out']} with {layer['lanes']} lanes in {layer['groups']} "
        f"group{'s' if layer['groups'] > 1 else ''}"
        for layer in core.interface["layers"]
    )
    weights = core.interface["parameters"]["weights"]
    say(f"{core.interface['module']}: {layers}; weights {weights}")
    for path in paths:
        say(f"written: {printable(path)}")
    return [str(path) for path in paths]


def _report(
    network: Network, folding: Folding, embedded: bool, stored_bits: int | None
) -> dict[str, Any]:
    from firstspike.hdl.core.config import CoreConfig
    from firstspike.hdl.flow.devices import RESOURCES
    from firstspike.hdl.flow.steps import step
    from firstspike.hdl.flow.synthesis import PARTS, SEED, synthesise
    from firstspike.hdl.flow.toolchain import TOOLS

    shape = CoreConfig.of(network, folding, any_weights=not embedded, stored_bits=stored_bits)
    names = ["yosys", *(part.device.family.router for part in PARTS)]
    tools = {TOOLS[name]: version(TOOLS[name]) for name in names}
    results = []
    for part in PARTS:
        with step(f"{part.device.name}: synthesis, place and route"):
            results.append(synthesise(shape, part, not embedded))
    rows: list[tuple[str, ...]] = [("device", *RESOURCES, "MHz")]
    for result in results:
        used = [str(result.used[name]) if result.used else "-" for name in RESOURCES]
        rows.append((result.device, *used, f"{result.fmax:.1f}" if result.fmax else "-"))
    say(table(rows))
    for result in results:
        if result.note:
            say(f"{result.device}: {result.note}")
    named = ", ".join(f"{name} {number}" for name, number in tools.items())
    say(f"The core alone, by {named}; placed with seed {SEED}")
    return {"tools": tools, "seed": SEED, "devices": [asdict(result) for result in results]}
