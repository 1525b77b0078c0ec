# SPDX-License-Identifier: BSD-2-Clause
"""The wiring of boards and sensors as the pages `boards.md` and `standalone.md` describe it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
BOARDS_PAGE = (DOCS / "boards.md").read_text()
STANDALONE_PAGE = (DOCS / "standalone.md").read_text()


@dataclass
class Lights:
    """The lights of a board, by their names on it."""

    bits: list[str]
    """Lights of the class, the lowest bit first; without them `flash` shows the class."""
    flash: str | None
    zero: str | None
    """The light that flashes once for class 0; without it, `flash` flashes once more."""
    waiting: list[str]
    """Lights that are on until the first decision."""
    decided: str | None


def _rows(page: str, heading: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of the first table that contains a heading."""
    table = next(part for part in page.split("\n\n") if heading in part)
    for line in table.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def connectors(board: str) -> tuple[str, str, str]:
    """Return a board's cells for UART, lights and button. `as` refers to another row."""
    for names, _, _, uart, lights, button in list(_rows(BOARDS_PAGE, "lights that show"))[1:]:
        first, *others = re.findall(r"`([\w-]+)`", names)
        if board in (first, *(first.rsplit("-", 1)[0] + other for other in others)):
            if other := re.fullmatch("as `(.*)`", lights):
                lights = connectors(other[1])[1]
            return uart, lights, button
    raise KeyError(board)


def lights_of(board: str) -> Lights:
    """Return the meaning of a board's lights."""
    text = connectors(board)[1]
    bits, flash, zero, waiting, decided = [], None, None, [], None
    if match := re.match(
        r"([A-Z]+)(\d) \(lowest bit\) to \1(\d)(?: in (\w+); all (\w+) until)?", text
    ):
        names = [f"{match[1]}{number}" for number in range(int(match[2]), int(match[3]) + 1)]
        bits = [f"{name} {match[4]}" if match[4] else name for name in names]
        waiting = [f"{name} {match[5]}" for name in names if match[5]]
    elif match := re.match(
        r"class n: n (\w+) flashes; class 0: one (\w+) flash; (\w+) until", text
    ):
        flash, zero, waiting = match[1], match[2], [match[3]]
    else:
        flash = re.match(r"class n: n \+ 1 flashes of (\w+); off until the first", text)[1]
    if match := re.search(r"(\w+) is on until the first decision", text):
        waiting = [match[1]]
    if match := re.search(r"(\w+) is on when there is a decision", text):
        decided = match[1]
    return Lights(bits, flash, zero, waiting, decided)


def uart_of(board: str) -> tuple[str, str, int]:
    """Return the names of the pins RX and TX, and the bits per second."""
    text = connectors(board)[0]
    match = re.search(r"pins (\w+) \(RX, the board's input\) and (\w+) \(TX\)", text)
    baud = 1_000_000 if text.endswith("1 Mbaud") else 3_000_000
    return *(match.groups() if match else ("RX", "TX")), baud


def sensor_pins(title: str) -> dict[str, str]:
    """Return the pins of a sensor on the board of this title, by each name of their column."""
    head, *rows = _rows(STANDALONE_PAGE, "| select, WS |")
    for boards, *cells in rows:
        for name, connector in re.findall(r"(\w[\w -]*?)(?: \(([^)]+)\))?(?:, |$)", boards):
            if title.startswith(name):
                pins = [f"{connector} {cell}".strip() for cell in cells]
                columns = zip(head[1:], pins, strict=True)
                return {one: pin for names, pin in columns for one in names.split(", ")}
    raise KeyError(title)


def channel() -> str:
    """Return the sentence that gives the level of the pins which select a microphone's channel."""
    (sentence,) = re.findall(r"With SEL or L/R at .*? is \w+\.", STANDALONE_PAGE.replace("\n", " "))
    return " ".join(sentence.split())


def sensor_wires() -> dict[str, dict[str, tuple[str, bool]]]:
    """Return the wires of each sensor to the iCEBreaker, by the pin of its connector.

    A wire is the pins of the sensor, and whether the board drives them. Pin 5 is ground, 6 3.3 V.
    """
    (figure,) = re.findall(r"```text\n(   PMOD 1A .*?)```", STANDALONE_PAGE, re.DOTALL)
    _, options, *lines = figure.splitlines()
    sensors = re.findall(r"--sensor (\w+)", options)
    wires: dict[str, dict[str, tuple[str, bool]]] = {sensor: {} for sensor in sensors}
    for line in lines:
        if match := re.match(r" *(\d)  [\w. ]+? +([<>-]+) +", line):
            cells = re.split(r" {2,}", line[match.end() :].strip())
            for sensor, cell in zip(sensors, cells, strict=True):
                if cell != "-":
                    wires[sensor][match[1]] = cell, match[2].endswith(">")
    return wires


def spi_pins(board: str) -> list[str]:
    """Return the pins chip select, MOSI, MISO and SCK of a link by SPI."""
    text = " ".join(BOARDS_PAGE.split())
    match = re.search(
        r"chip select \(active low\), MOSI, MISO and SCK are pins 1 to 4 of (PMOD 1A), "
        r"or (GP)0 to GP3 of header J1",
        text,
    )
    if board == "icebreaker":
        return [f"{match[1]} {number}" for number in range(1, 5)]
    return [f"{match[2]}{number}" for number in range(4)]
