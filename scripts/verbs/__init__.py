# SPDX-License-Identifier: BSD-2-Clause
"""The verbs of the base, one module each, and the group that finds all verbs."""

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import click


class Verbs(click.Group):
    """A group whose commands are modules, each with a click command `command`.

    A module is imported when its verb is used: `firstspike --help` imports none of them.
    """

    def __init__(
        self,
        *args: Any,
        packages: Mapping[str, str],
        groups: Mapping[str, Mapping[str, str]],
        **settings: Any,
    ) -> None:
        """`packages` contain the verbs' modules; `groups` has the titles and words of the help."""
        super().__init__(*args, **settings)
        self._packages, self._groups = packages, groups
        self._verbs = [verb for verbs in groups.values() for verb in verbs]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all verbs in the order of the help."""
        return self._verbs

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module, and return its command."""
        if cmd_name not in self._verbs:
            return None
        module = importlib.import_module(f"{self._packages[cmd_name]}.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest verbs for a misspelt one; click would suggest only imported verbs."""
        name = args[0]
        if name not in self._verbs and not ctx.resilient_parsing:
            for close in get_close_matches(name, self._verbs, n=1):
                ctx.fail(f"there is no verb {name!r}: did you mean {close}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs of each group, without importing them."""
        for title, verbs in self._groups.items():
            with formatter.section(title):
                formatter.write_dl(list(verbs.items()))
