# SPDX-License-Identifier: BSD-2-Clause
"""Says in Markdown what `firstspike VERB --help` says in a terminal, in the same words.

Options that several verbs have in the same words are explained once, on the page `verbs/options`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from textwrap import fill

import click

from firstspike.scripts.main import PACKAGES, firstspike
from firstspike.scripts.sections import SECTIONS, in_sections

WIDTH = 127
"""Columns of a line of text on the pages."""
OPTIONS_PER_SECTION = 4
"""Options that a section must have in the mean for the page of a verb to name its sections."""
VERBS_THAT_SHARE = 3
"""Verbs that have an option in the same words, from which on the page of options explains it."""


def described(verb: str) -> str:
    """Return the paragraphs of the docstring, usage and example, and the options."""
    command, context = command_of(verb)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    *paragraphs, example = re.split(r"\n\n+", cleandoc(command.help or ""))
    if not example.startswith("Example: "):
        raise ValueError(f"the docstring of {verb!r} does not end with its example")
    example = " ".join(example.removeprefix("Example: ").split())
    line = f"Usage: `{usage}`. Example: `{example}`."
    texts = [fill(" ".join(one.split()), WIDTH, break_on_hyphens=False) for one in paragraphs]
    return "\n\n".join([*texts, line, *options(command, context)])


def page_of(verb: str) -> str:
    """Return the page of a verb, in the folder of pages that is named as the verb's package."""
    return f"{PACKAGES[verb].rpartition('.')[2]}/{verb}"


def command_of(verb: str) -> tuple[click.Command, click.Context]:
    """Return a verb, or a verb of a group after the group's name, and its context."""
    command: click.Command = firstspike
    # A line is not broken at the width of this terminal.
    settings = firstspike.context_settings | {"terminal_width": 10_000}
    context = click.Context(command, info_name="firstspike", **settings)
    for word in verb.split():
        inner = command.get_command(context, word) if isinstance(command, click.Group) else None
        if inner is None:
            raise ValueError(f"there is no verb {verb!r}")
        command, context = inner, click.Context(inner, parent=context, info_name=word)
    return command, context


def verbs(group: click.Group = firstspike, before: str = "") -> Iterator[str]:
    """Give each verb, and behind a group its verbs after the group's name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield before + name
        if isinstance(command, click.Group):
            yield from verbs(command, f"{before}{name} ")


def counts() -> tuple[int, int]:
    """Return the number of commands, and of all their options without --help and hidden ones."""
    slots = (len(shown(*command_of(verb))) for verb in verbs())
    return len(firstspike.list_commands(click.Context(firstspike))), sum(slots)


def shown(command: click.Command, context: click.Context) -> list[click.Option]:
    """Return the options of a verb without --help, which the page of verbs explains."""
    # The usage shows the arguments.
    own = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    return [one for one in own if "--help" not in one.opts and not one.hidden]


def options(command: click.Command, context: click.Context) -> list[str]:
    """Return the verb's own options with values, default and range, and the names of the shared."""
    own, links = [], []
    for one in shown(command, context):
        if listed(one, context) in shared():
            links.append(f"`{one.opts[-1]}`")
        else:
            own.append(one)
    items = []
    sections = in_sections(own)
    inner = len(sections) > 1 and len(own) >= OPTIONS_PER_SECTION * len(sections)
    for title, some in sections.items():
        items += [f"- **{title}**"] if inner else []
        items += ["  " * inner + listed(one, context) for one in some]
    items += [f"- [Shared options](../verbs/options.md): {', '.join(links)}."] if links else []
    return ["\n".join(items)] if items else []


@cache
def shared() -> dict[str, str]:
    """Return the options that several verbs have in the same words, and the parameter of each.

    If verbs have different words for an option, only the most frequent words count.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for verb in verbs():
        command, context = command_of(verb)
        counted.update((str(one.name), listed(one, context)) for one in shown(command, context))
    names: dict[str, str] = {}
    for (name, text), count in counted.most_common():
        if count >= VERBS_THAT_SHARE and name not in names.values():
            names[text] = name
    return names


def shared_options() -> str:
    """Return the sections of the page of shared options."""
    parts = []
    for title, names in SECTIONS.items():
        lines = sorted(text for text, name in shared().items() if name in names)
        parts += [f"## {title}\n\n" + "\n".join(lines)] if lines else []
    return "\n\n".join(parts)


def listed(option: click.Option, context: click.Context) -> str:
    """Return an option as an item of a list."""
    written, meaning = option.get_help_record(context)
    text = " ".join(meaning.split())
    return f"- `{written}`: {text}" if text else f"- `{written}`"
