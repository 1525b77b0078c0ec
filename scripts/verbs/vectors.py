# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike vectors`: writes test vectors and a self-checking Verilog bench (no Python)."""

import shlex
from pathlib import Path
from typing import Any

import click

from firstspike.golden import load_network
from firstspike.golden.data.sets import MNIST_NOTICE
from firstspike.golden.foreign.printable import printable
from firstspike.golden.system.files import adding_to, naming
from firstspike.scripts.errors import VerbError
from firstspike.scripts.inputs import InputCommand
from firstspike.scripts.options import folder_option, folding_options, weights_option
from firstspike.scripts.output import say
from firstspike.scripts.paths import NetworkName
from firstspike.scripts.selection import select, selection_options
from firstspike.scripts.targets import opened


@click.command(cls=InputCommand)
@click.argument("net", default="mnist-8bit", type=NetworkName(), metavar="[NET]")
@selection_options
@folding_options
@weights_option
@folder_option(
    "-o",
    "--output",
    files=("core.v", "core.json", "bench.v", "*.hex", "DATA-LICENSE.md"),
    required=True,
    help="Write into this folder. It must hold no Verilog files but those of this verb.",
)
def command(net: str, embedded: bool, output: Path, **options: Any) -> None:
    """Write the core for NET, test vectors for it, and a bench that checks them.

    It says how the bench is run, with Icarus Verilog or Verilator 5. The bench prints PASS, or FAIL
    with the first difference.

    Example: firstspike vectors mnist-4bit --images 20 --lanes 16 -o vectors
    """
    from firstspike.sim.vectors.vectors import write_vectors

    network = load_network(net)
    of_mnist = not options["input_files"] and options["dataset"] in (None, "mnist")
    images = select(network, options)
    ticks, pixels = images.ticks, images.pixels
    golden = opened("golden", net, network, options)
    others = {path.name for path in output.glob("*.v")} - {"core.v", "bench.v"}
    if others:
        raise VerbError(
            f"{output} holds {min(others)}, which would be compiled too; name another folder"
        )
    with naming(output), adding_to(output) as making:
        expected = golden.expected(ticks, pixels)
        write_vectors(making, network, golden.folding, ticks, pixels, expected, embedded)
        if of_mnist:
            (making / "DATA-LICENSE.md").write_text(MNIST_NOTICE)
    named = printable(output)
    say(f"written to {named}: the core for {printable(net)}, and {images.source}")
    entered = f"cd {shlex.quote(named)}"
    say(f"check: {entered} && iverilog -g2005-sv *.v && vvp a.out")
    if len(str(output.resolve()).split()) == 1:  # GNU make cannot build in folders with blanks
        say(f"or: {entered} && verilator --binary --top bench *.v && obj_dir/Vbench")
