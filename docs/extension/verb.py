# SPDX-License-Identifier: BSD-2-Clause
"""Says in Markdown what `firstspike VERB --help` says in a terminal, in the same words."""

import re
from inspect import cleandoc

import click

from firstspike.scripts.main import firstspike
from firstspike.scripts.sections import in_sections


def described(verb: str) -> str:
    """Return the paragraphs of the docstring, the usage, the options and the example."""
    command: click.Command = firstspike
    # A line is not broken at the width of this terminal.
    settings = firstspike.context_settings | {"terminal_width": 10_000}
    context = click.Context(command, info_name="firstspike", **settings)
    for word in verb.split():  # a verb, or a verb of a group after its name
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            raise ValueError(f"there is no verb {verb!r}")
        command, context = found, click.Context(found, parent=context, info_name=word)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    *said, example = re.split(r"\n\n+", cleandoc(command.help or ""))
    if not example.startswith("Example: "):
        raise ValueError(f"the docstring of {verb!r} does not end with its example")
    example = " ".join(example.removeprefix("Example: ").split())
    parts = [*said, fenced(usage), *options(command, context), "Example:", fenced(example)]
    return "\n\n".join(parts)


def fenced(line: str) -> str:
    """Return a line of the terminal."""
    return f"```sh\n{line}\n```"


def options(command: click.Command, context: click.Context) -> list[str]:
    """Return what `--help` lists: each option with its values, default and range, by section."""
    # The usage shows the arguments.
    shown = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    sections = in_sections(shown)
    parts = []
    for title, some in sections.items():
        if len(sections) > 1:
            parts.append(f"**{title}**")
        parts.append("\n".join(listed(option, context) for option in some))
    return parts


def listed(option: click.Option, context: click.Context) -> str:
    """Return an option as an item of a list."""
    written, meaning = option.get_help_record(context)
    text = " ".join(meaning.split())
    return f"- `{written}`: {text}" if text else f"- `{written}`"
