# SPDX-License-Identifier: BSD-2-Clause
"""The command `firstspike`: finds the verbs, and converts errors to one sentence and exit status 2.

A verb is a module of `verbs`, or of a room (`firstspike.rooms`), with a click command named
`command`. Its module is imported when the verb is used, so that `firstspike --help` does not wait
for numpy, numba or Amaranth.
"""

import os
import sys
import sysconfig

import click

from firstspike.hdl.flow.steps import shown_by
from firstspike.rooms import announced

from . import interrupts
from .progress import shown
from .verbs import Verbs

GROUPS = {
    "Data and training": {
        "fetch": "Download MNIST, Fashion-MNIST, spoken digits or wake-words, checked by SHA-256.",
        "train": "Train a network and write its file.",
        "learn": "Learn image by image with the rule of the chip, or adapt a network.",
    },
    "Inspect": {
        "info": "Say what is in a network file.",
        "run": "Classify images: decisions, spikes and clock cycles.",
        "plot": "Draw the spikes of an image, and histograms over many.",
    },
    "Core and Verilog": {
        "compare": "Compare a target with the golden model, spike by spike, or measure its speed.",
        "verilog": "Generate the core as one Verilog file, or with a self-checking bench.",
        "check": "Check the hardware itself: benches, faults on purpose, hostile frames.",
    },
    "Boards": {
        "boards": "Say on which boards a network fits, and how fast it is there.",
        "build": "Build a bitstream for a board.",
        "flash": "Program a board.",
        "selftest": "Prove that a board runs as golden says, and write a report of it.",
        "serve": "Simulate a board: the design behind a pseudo-terminal.",
    },
}
"""The verbs in the groups of `--help`, each with its description; rooms add theirs."""

PACKAGES = {verb: f"{__package__}.verbs" for verbs in GROUPS.values() for verb in verbs}
"""The package of each verb."""

for package, groups in announced(__package__, "VERBS"):
    for title, verbs in groups.items():
        GROUPS[title] = GROUPS.get(title, {}) | verbs
        PACKAGES |= dict.fromkeys(verbs, package)


@click.group(
    cls=Verbs,
    packages=PACKAGES,
    groups=GROUPS,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="The pages are in the folder docs of the repository; docs/index.md lists them. The exit "
    "status is 0, 1 for a difference, 2 for bad input, 130 after Ctrl-C. Tab completion in bash: "
    'eval "$(_FIRSTSPIKE_COMPLETE=bash_source firstspike)".',
)
@click.version_option(package_name="firstspike")
def firstspike() -> None:
    """Spiking networks that decide with their first output spike, in Python and in hardware.

    NET is a network file, or the name of a network that comes with the package: mnist-8bit or
    mnist-4bit.

    Example: firstspike run mnist-4bit --images 10
    """


def main() -> None:
    """Run the command line and end with its exit status."""
    open_streams()
    find_commands()
    interrupts.catch()
    status = run_line(sys.argv[1:])
    if status:  # buffered output must not fail again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def open_streams() -> None:
    """Discard what is printed to standard output or error if the caller has closed it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, until the process ends


def find_commands() -> None:
    """Add the folder of installed scripts to the PATH, where Yosys and other tools are."""
    path = os.environ.get("PATH") or os.defpath  # an empty part would be the current folder
    os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + path


def run_line(words: list[str]) -> int:
    """Run one command line, without the command's own name, and return the exit status.

    0 is success, 1 a difference, 2 an error (one sentence on standard error), 130 an interrupt or
    SIGTERM, 141 a closed pipe at the output. Errors that users cannot cause are faults of the
    program and are raised.
    """
    try:
        with shown_by(shown):
            status = firstspike.main(words, prog_name="firstspike", standalone_mode=False)
        sys.stdout.flush()
        return status or 0
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return interrupts.INTERRUPTED
    except BrokenPipeError:
        return 141
    except SystemExit as ended:  # 1 if a pipe is closed, 0 after the tab completion of click
        return 141 if ended.code else 0
    except Exception as raised:
        error = _explained(raised)
        if not isinstance(error, click.ClickException) and not is_for_people(error):
            raise
        from .output import complain  # imports golden, which is slow

        complain(error)
        return error.exit_code if isinstance(error, click.ClickException) else 2


def _explained(error: Exception) -> Exception:
    """Return the error that names the extra of a missing package, or the lack of memory.

    Any other error is returned.
    """
    if isinstance(error, ImportError) and "failed to map segment" in str(error):
        return MemoryError(str(error))
    if isinstance(error, ModuleNotFoundError):
        from firstspike.golden.system.extras import explained  # importing golden is slow

        return explained(error) or error
    return error


def is_for_people(error: Exception) -> bool:
    """Whether `complain` has a sentence for an error; any other error is a fault of the program."""
    from firstspike.golden.system.errors import FirstSpikeError  # importing golden is slow

    return isinstance(error, FirstSpikeError | OSError | MemoryError)
