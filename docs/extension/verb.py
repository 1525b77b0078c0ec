# SPDX-License-Identifier: BSD-2-Clause
"""Says in Markdown what `firstspike VERB --help` says in a terminal, in the same words."""

import re
from inspect import cleandoc

import click

from firstspike.scripts.main import firstspike


def described(verb: str) -> str:
    """Return the paragraphs of the docstring, the usage, the options and the example."""
    group = click.Context(firstspike, info_name="firstspike", **firstspike.context_settings)
    command = firstspike.get_command(group, verb)
    if command is None:
        raise ValueError(f"there is no verb {verb!r}")
    context = click.Context(command, parent=group, info_name=verb)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    *said, example = re.split(r"\n\n+", cleandoc(command.help or ""))
    if not example.startswith("Example: "):
        raise ValueError(f"the docstring of {verb!r} does not end with its example")
    example = " ".join(example.removeprefix("Example: ").split())
    parts = [*said, fenced(usage), options(command, context), "Example:", fenced(example)]
    return "\n\n".join(parts)


def fenced(line: str) -> str:
    """Return a line of the terminal."""
    return f"```sh\n{line}\n```"


def options(command: click.Command, context: click.Context) -> str:
    """Return what `--help` lists: each option with its values, default and range."""
    items = []
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Argument):  # the usage shows it
            continue
        written, meaning = parameter.get_help_record(context)
        text = " ".join(meaning.split())
        items.append(f"- `{written}`: {text}" if text else f"- `{written}`")
    return "\n".join(items)
