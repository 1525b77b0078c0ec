# SPDX-License-Identifier: BSD-2-Clause
"""The verbs, one module each, and the group that finds them."""

import importlib
import keyword
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

import click


class Verbs(click.Group):
    """A group whose commands are modules of a package, each with a click command `command`.

    A module is imported when its verb is used: `firstspike --help` imports none of them.
    """

    def __init__(
        self,
        *args: Any,
        package: str,
        table: Mapping[str, str],
        apart: Collection[str] = (),
        **settings: Any,
    ) -> None:
        """`table` has the verbs in the order of the help, each with its description.

        Verbs in `apart` are for developers, and are listed after the others.
        """
        super().__init__(*args, **settings)
        self._package, self._table, self._apart = package, table, apart

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all verbs of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module, and return its command."""
        if cmd_name not in self._table:
            return None
        module = cmd_name + "_" * keyword.iskeyword(cmd_name)  # import_
        found: click.Command = importlib.import_module(f"{self._package}.{module}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest verbs for a misspelt one; click would suggest only imported verbs."""
        name = args[0]
        if name not in self._table and not ctx.resilient_parsing:
            for close in get_close_matches(name, self._table, n=1):
                ctx.fail(f"there is no verb {name!r}: did you mean {close}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table, without importing them."""
        verbs = self._table.items()
        for title, apart in (("Commands", False), ("For developers of the hardware", True)):
            listed = [(verb, said) for verb, said in verbs if (verb in self._apart) is apart]
            if listed:
                with formatter.section(title):
                    formatter.write_dl(listed)
