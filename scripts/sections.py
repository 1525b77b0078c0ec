# SPDX-License-Identifier: BSD-2-Clause
"""The sections in which `--help`, and the page of a verb, list its options."""

from collections.abc import Sequence

import click

SECTIONS = {
    title: tuple(names.split())
    for title, names in {
        "Data": "dataset label group test held_out missing frames before after "
        "n_filters at images input_files shift relabel",
        "Network": "random hidden inputs n_connected encoding complement constant cutoff "
        "weight_bits bits unit deadline late compact kill",
        "Training": "recipe_name epochs patience competitors last_layer exact",
        "Search": "latency accuracy trials hours placed",
        "Hardware": "target board lanes window rows overlap bitmap line sensor weights clock "
        "stored_bits embedded bench_images rounds port build bus",
        "Run": "seed scheduler native resume",
        "Output": "form with_spikes name output vectors json_path plot_path "
        "path report report_path",
    }.items()
}
"""Names of the parameters in each section."""

FEW = 9
"""A verb with at most this many options lists them in one section."""


def in_sections(options: Sequence[click.Parameter]) -> dict[str, list[click.Parameter]]:
    """Return the options of each non-empty section; those without a section, as --help, last.

    Another option of a specification is in the section of its name, such as Training.
    """
    if len(options) <= FEW:
        return {"Options": list(options)}
    titles = {name: title for title, names in SECTIONS.items() for name in names}
    by_title: dict[str, list[click.Parameter]] = {title: [] for title in (*SECTIONS, "Options")}
    for option in options:
        title = titles.get(option.name or "", getattr(option, "section", "Options"))
        by_title[title].append(option)
    return {title: members for title, members in by_title.items() if members}
