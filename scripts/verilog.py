"""`firstspike verilog`: the core as one Verilog file, its interface, and an instance of it."""

import json
from contextlib import ExitStack
from pathlib import Path

import click

from firstspike.golden import load_network
from firstspike.golden.schedule import Schedule

from .output import replacing, say
from .targets import schedule_options


@click.command()
@click.argument("net", default="mnist-8bit", metavar="[NET]")
@schedule_options
@click.option(
    "--weights",
    type=click.Choice(["embedded", "port"]),
    default="embedded",
    show_default=True,
    help="Weights inside, or zeros to be loaded over the weight port.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="CORE.v",
    help="Where the Verilog goes; CORE.json and CORE_instance.v go beside it.",
)
def command(
    net: str,
    lanes: int | None,
    window: int | None,
    bitmap: int | None,
    weights: str,
    output: Path,
) -> None:
    """Generate the core for NET as one Verilog file.

    Its header comment has the parameters and every port. CORE.json says the same to a program,
    CORE_instance.v is an instance to copy.

    Example: firstspike verilog mnist-4bit --lanes 16 -o core.v
    """
    from firstspike.hdl.verilog import generate

    network = load_network(net)
    schedule = Schedule.of(network, lanes, window, bitmap)
    paths = [output, output.with_suffix(".json"), output.with_name(f"{output.stem}_instance.v")]
    if len(set(paths)) < len(paths):
        raise click.UsageError(f"{output} would be the interface file; call it {output.stem}.v")
    with ExitStack() as stack:
        files = [stack.enter_context(replacing(path)) for path in paths]
        core = generate(network, schedule, weights == "embedded")
        texts = [core.verilog, json.dumps(core.interface, indent=1) + "\n", core.template]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
    layers = ", ".join(
        f"{layer['n_in']} -> {layer['n_out']} with {layer['lanes']} lanes in {layer['groups']} "
        f"group{'s' if layer['groups'] > 1 else ''}"
        for layer in core.interface["layers"]
    )
    say(f"{core.interface['module']}: {layers}; weights {weights}")
    for path in paths:
        say(f"written: {path}")
