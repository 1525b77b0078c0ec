# SPDX-License-Identifier: BSD-2-Clause
"""The directive `verb`: usage, description and options of a verb, asked of the command itself.

    ```{verb} run
    ```

says on a page what `firstspike run --help` says in a terminal, in the same words.
"""

import re
from inspect import cleandoc

import click
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from firstspike.scripts.main import firstspike
from firstspike.scripts.sections import in_sections


class Verb(SphinxDirective):
    """Stands for the verb that its one argument names."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Usage, the paragraphs of the docstring, its example, and the options."""
        (name,) = self.arguments
        command: click.Command = firstspike
        context = click.Context(command, info_name="firstspike", **firstspike.context_settings)
        for word in name.split():  # a verb, or a verb of a group after its name
            found = command.get_command(context, word) if isinstance(command, click.Group) else None
            if found is None:
                raise self.error(f"there is no verb {name!r}")
            command, context = found, click.Context(found, parent=context, info_name=word)
        usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
        *said, example = re.split(r"\n\n+", cleandoc(command.help or ""))
        if not example.startswith("Example: "):
            raise self.error(f"the docstring of {name!r} does not end with its example")
        parts: list[nodes.Node] = [*self.parse("\n\n".join(said)), console(usage)]
        parts += options(command, context)
        parts.append(console("$ " + " ".join(example.removeprefix("Example: ").split())))
        return parts

    def parse(self, text: str) -> list[nodes.Node]:
        """The nodes of paragraphs in Markdown."""
        box = nodes.container()
        self.state.nested_parse(StringList(text.splitlines(), "docstring"), 0, box)
        return box.children


def console(text: str) -> nodes.Node:
    """A line of the terminal."""
    return nodes.literal_block(text, text, language="console")


def options(command: click.Command, context: click.Context) -> list[nodes.Node]:
    """What `--help` lists: each option with its values, default and range, section by section."""
    parts: list[nodes.Node] = []
    # The usage shows the arguments.
    shown = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    sections = in_sections(shown)
    for title, some in sections.items():
        if len(sections) > 1:
            parts.append(nodes.rubric(title, title))
        items = [listed(command, option, context) for option in some]
        parts.append(nodes.definition_list("", *items, classes=["options"]))
    return parts


def listed(command: click.Command, option: click.Option, context: click.Context) -> nodes.Node:
    """An option as an item of a list."""
    written, meaning = option.get_help_record(context)
    term = nodes.term("", "", nodes.literal(written, written))
    term["ids"] = [nodes.make_id(f"{context.command_path}-{max(option.opts, key=len)}")]
    text = re.sub(r"\s+", " ", meaning).strip() or "\N{NO-BREAK SPACE}"
    definition = nodes.definition("", nodes.paragraph(text, text))
    return nodes.definition_list_item("", term, definition)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("verb", Verb)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
