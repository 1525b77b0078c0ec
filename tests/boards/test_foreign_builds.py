# SPDX-License-Identifier: BSD-2-Clause
"""Netlists of strangers: what is no netlist is refused, and a name goes into no command."""

import json

import pytest

from firstspike.boards.pins.registry import BOARDS
from firstspike.hdl.link.protocol.lines import Line
from firstspike.scripts.targets.netlist import pins_of
from firstspike.sim.benches.netlist.netlist import Netlist, NetlistError

PINS = ("clk12_0__io", "uart_0__rx__io", "uart_0__tx__io")


def netlist(name="firstspike", pins=PINS, **module):
    """Wires from a pin to itself."""
    ports = {pin: {"direction": "input", "bits": [bit]} for bit, pin in enumerate(pins, 2)}
    top = {"attributes": {"top": "1"}, "ports": ports, "cells": {}, "netnames": {}}
    return Netlist(json.dumps({"modules": {name: top | module}}).encode(), "ice40")


def test_the_top_module_may_have_any_name(tmp_path):
    made = tmp_path / "made"
    verilog = netlist(f"firstspike; tee -o {made} log harm\nlog").verilog()
    assert "module netlist(" in verilog
    assert not made.exists()


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ({"attributes": {}}, "0 top modules"),
        ({"attributes": {"top": 1}}, r"\['top'\] is 1: it must be str"),
        ({"ports": []}, r"\['ports'\] is \[\]"),
        ({"ports": {"x": {}}}, "has no 'direction'"),
        ({"netnames": None}, "'netnames'"),
    ],
)
def test_what_is_no_netlist_is_refused(module, told):
    with pytest.raises(NetlistError, match=told):
        netlist(**module)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"{}"])
def test_what_is_no_json_of_yosys_is_refused(content):
    with pytest.raises(NetlistError, match="not written by Yosys"):
        Netlist(content, "ice40")


def test_a_wire_without_bits_is_not_kept():
    wires = {"w": {"bits": [], "attributes": {"keep": "1"}}}
    with pytest.raises(NetlistError, match="has not kept w"):
        netlist(netnames=wires).wire_bits("w")


@pytest.mark.parametrize("pin", ["uart_0__io", "button_9__io", "none_0__io", "button_99999__io"])
def test_pins_that_a_board_does_not_have_are_refused(pin):
    board = BOARDS["icebreaker"]
    if pin == "button_99999__io":  # is no pin by its name
        assert not pins_of(board, netlist(pins=(*PINS, pin)), Line.UART).rests
        return
    with pytest.raises(NetlistError, match=f"has no '{pin}'"):
        pins_of(board, netlist(pins=(*PINS, pin)), Line.UART)
    with pytest.raises(NetlistError, match="has no uart_0__rx__io"):
        pins_of(board, netlist(pins=PINS[:1]), Line.UART)
    with pytest.raises(NetlistError, match="has no spi_0__clk__io"):
        pins_of(board, netlist(pins=PINS), Line.SPI)
