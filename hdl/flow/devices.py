# SPDX-License-Identifier: BSD-2-Clause
"""The supported FPGAs: their synthesis commands and resources."""

import re
from dataclasses import dataclass

RESOURCES = ("LUTs", "flip-flops", "block RAM", "LUT RAM", "SPRAM", "multipliers")


@dataclass(frozen=True, kw_only=True, eq=False)
class Family:
    """FPGAs with the same cells and tools.

    `cells` maps a pattern for the full name of a cell to the resources that the cell uses.
    `commands` are Yosys commands that run before synthesis.
    """

    name: str
    router: str  # a tool of `toolchain.TOOLS`
    packer: str  # a tool of `toolchain.TOOLS`, too
    cells: dict[str, dict[str, int]]
    commands: tuple[str, ...] = ()
    logic: str = "LUTs"
    """Name of the resource "LUTs" of a placed design, if a cell has more than a look-up table."""

    def count(self, cells: dict[str, int]) -> dict[str, int]:
        """Return the use of each of `RESOURCES` by these numbers of cells."""
        used = dict.fromkeys(RESOURCES, 0)
        for cell, number in cells.items():
            for pattern, takes in self.cells.items():
                if re.fullmatch(pattern, cell):
                    for resource, each in takes.items():
                        used[resource] += number * each
        return used


ICE40 = Family(
    name="ice40",
    router="nextpnr-ice40",
    packer="icepack",
    cells={
        "SB_LUT4": {"LUTs": 1},
        r"SB_DFF\w*": {"flip-flops": 1},
        r"SB_RAM40_4K\w*": {"block RAM": 1},
        "SB_SPRAM256KA": {"SPRAM": 1},
        "SB_MAC16": {"multipliers": 1},
    },
    # Yosys would map small memories to flip-flops, which are scarcer (see `Memory.compact`).
    commands=('setattr -set ram_style "block" a:compact',),
    logic="logic cells",
)
ECP5 = Family(
    name="ecp5",
    router="nextpnr-ecp5",
    packer="ecppack",
    cells={
        "LUT4": {"LUTs": 1},
        "CCU2C": {"LUTs": 2},
        "TRELLIS_DPR16X4": {"LUTs": 4, "LUT RAM": 1},
        "TRELLIS_FF": {"flip-flops": 1},
        "DP16KD": {"block RAM": 1},
        r"MULT18X18\w+|ALU54\w+": {"multipliers": 1},
    },
    commands=(
        'setattr -set ram_style "distributed" a:distributed',
    ),  # see `LayerConfig.distributed`
)

GOWIN = Family(
    name="gowin",
    router="nextpnr-himbaechel-gowin",
    packer="gowin_pack",
    cells={
        r"LUT\d|ALU": {"LUTs": 1},
        r"RAM16SDP\d": {"LUTs": 4, "LUT RAM": 1},
        r"DFF\w*": {"flip-flops": 1},
        r"(SP|SDP|DP|pROM)(B|X9|X9B)?": {"block RAM": 1},
        r"MULT\w+|ALU54D": {"multipliers": 1},
    },
    commands=ECP5.commands,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Device:
    """An FPGA: its family, synthesis command and resources."""

    name: str
    family: Family
    synthesis: str  # command of Yosys
    holds: dict[str, int]
    products: str = ""
    """Option of `synthesis` that maps products to hardware multipliers.

    The option is only used for designs with products, because it also changes other designs
    slightly.
    """

    def excess(self, used: dict[str, int]) -> list[str]:
        """Return the resources that `used` exceeds, each as "40 of 30 block RAM"."""
        return [
            f"{number} of {self.holds.get(resource, 0)} {resource}"
            for resource, number in used.items()
            if number > self.holds.get(resource, number)
        ]


UP5K = Device(
    name="iCE40 UP5K",
    family=ICE40,
    synthesis="synth_ice40 -device u -spram",
    holds={"LUTs": 5280, "flip-flops": 5280, "block RAM": 30, "SPRAM": 4, "multipliers": 8},
    products="-dsp",
)
HX8K = Device(
    name="iCE40 HX8K",
    family=ICE40,
    synthesis="synth_ice40 -device hx",
    holds={"LUTs": 7680, "flip-flops": 7680, "block RAM": 32},
)


def _ecp5(name: str, luts: int, block_ram: int) -> Device:
    return Device(
        name=name,
        family=ECP5,
        synthesis="synth_ecp5",
        holds={"LUTs": luts, "flip-flops": luts, "block RAM": block_ram},
    )


# The 12F is a 25F of which Lattice guarantees only half; the open tools use all of it.
ECP5_12F = _ecp5("ECP5 12F", 24288, 56)
ECP5_25F = _ecp5("ECP5 25F", 24288, 56)
ECP5_45F = _ecp5("ECP5 45F", 43848, 108)
ECP5_85F = _ecp5("ECP5 85F", 83640, 208)
ECP5_5G_85F = _ecp5("ECP5-5G 85F", 83640, 208)

# Two of eight look-up tables have no flip-flop.
GW2AR_18 = Device(
    name="GW2AR-18",
    family=GOWIN,
    synthesis="synth_gowin -family gw2a",
    holds={"LUTs": 20736, "flip-flops": 15552, "block RAM": 46},
)
