# SPDX-License-Identifier: BSD-2-Clause
"""docs/link.md says what the protocol is: tables, check value, and test vectors, hex by hex."""

import binascii
import re
import subprocess
from pathlib import Path

import pytest

from firstspike.golden.learning.rule import REGISTERS
from firstspike.hdl.link.protocol import formats as protocol
from firstspike.hdl.link.protocol.formats import Cause, Notice, Request, encode_frame
from firstspike.sim.benches.link.script import run_script
from tests.support.link_board import CHECKSUM_CYCLES
from tests.support.link_vectors import BOARDS, VectorBoard, table

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "link.md").read_text()


def test_the_vectors_are_those_of_the_file():
    assert (DOCS / "link_vectors.csv").read_text() == table()


def test_the_frames_on_the_page_are_vectors():
    answers = {sent.hex(" "): answer.hex(" ") for one in BOARDS for _, sent, answer in one.frames()}
    found = re.findall(r"^ +> (.*)\n +< (.*)$", PAGE, re.MULTILINE)
    assert len(found) == 1
    assert all(answers[sent] == answer for sent, answer in found)


@pytest.mark.parametrize("board", BOARDS, ids=["plays", "learns", "flashed"])
def test_the_simulated_board_answers_the_vectors(board: VectorBoard):
    found = run_script(board.verilog(), board.script()).answers
    answers = [encode_frame(one.kind, one.sequence, one.payload) for one in found]
    for (vector, _, expected), answer in zip(board.frames(), answers, strict=True):
        assert answer == expected, vector.what


def test_all_requests_and_causes_are_among_the_vectors():
    """But for the cause OVERRUN, which takes more than fits a page."""
    requests, causes = set(), {Cause.OVERRUN}
    for board in BOARDS:
        for vector, _, answer in board.frames():
            kind, _, payload = protocol.decode_frame(answer[:-1])
            requests.add(vector.kind)
            if kind in set(Notice):
                causes.add(payload[0])
    assert requests >= set(Request)
    assert causes == set(Cause)


@pytest.mark.parametrize("one", [*Request, *Cause])
def test_requests_and_causes_are_in_their_tables(one):
    assert f"\n| {one.value} | {one.name} | " in PAGE


def test_numbers_of_the_page_are_those_of_the_protocol():
    check = binascii.crc_hqx(b"123456789", protocol.CRC_INITIAL)
    for text in (
        f"0x{check:04X}",
        f"0x{protocol.CRC_POLYNOMIAL:04X}",
        f"0x{protocol.CRC_INITIAL:04X}",
        f"{protocol.BAUD:,} bits",
        f"protocol, {protocol.VERSION};",
        f"(length of its payload + {protocol.REQUEST_OVERHEAD}) bytes",
        f"type + 0x{protocol.ANSWER:02X}",
        f"label is 0x{protocol.UNLABELLED:02X}",
        f"frame of type {protocol.PROBE}.",
        f"(0x{Notice.REFUSED:02X})",
        f"0x{Notice.ERROR:02X} (ERROR)",
        f"up to {CHECKSUM_CYCLES} clock cycles for every 4 bytes",
        f"frames dropped since power-up ({protocol.ERROR_FORMAT.size - 1})",
    ):
        assert text in PAGE, text


def test_the_registers_of_the_rule_are_those_of_the_page():
    sizes = protocol.SETTINGS_BYTES.items()
    row = ", ".join(f"{name} ({size})" for name, size in sizes)
    assert f"| {Request.SETTINGS.value} | SETTINGS | {row} |" in PAGE
    rows = [row.split("|") for row in (DOCS / "design.md").read_text().splitlines()]
    ranges = {row[1]: row[3].strip() for row in rows if len(row) == 5}
    for one in REGISTERS.values():
        if one.name != "seed":  # a field of 16 bits
            (found,) = (given for names, given in ranges.items() if f"`{one.name}`" in names)
            assert found == f"{one.lowest} .. {one.highest}"


def test_the_layout_of_the_identity_is_that_of_the_page():
    table = PAGE[PAGE.index("### Identity") : PAGE.index("### Weights")]
    head, layer = table.split("| number of layers")
    sizes = [int(size) for size in re.findall(r"^\| (\d+) \|", head + "|", re.MULTILINE)]
    assert sum(sizes) == protocol.identity_bytes(0)
    parts = re.findall(r"^\| ((?:\d, )+\d) \|", layer, re.MULTILINE)
    of_layer, geometry = parts[:-1], parts[-1]
    assert sum(map(int, ", ".join(of_layer).split(", "))) == protocol.LAYER_FORMAT.size
    assert sum(map(int, geometry.split(", "))) == protocol.GEOMETRY_FORMAT.size


def test_the_host_in_c_sends_and_takes_frames(tmp_path):
    """Answers right behind one another and between zeros, and one that is damaged."""
    code = (ROOT / "examples" / "spi_host.c").read_text()
    answers = [(0x81, 3, bytes(5) + b"\7" * 240), (0x85, 4, b""), (0xFF, 0, b"\0\1\0")]
    frames = [encode_frame(*answer) for answer in answers]
    damaged = b"\5" + frames[0][1:]
    line = b"\0\0" + frames[0] + damaged + frames[1] + b"\0" + b"\7" * 300 + b"\0" + frames[2]
    payload = b"\0\1\0\0" + b"\5" * 244 + b"\0"
    asked = encode_frame(6, 0, payload)
    bench = Path(__file__).with_name("spi_host_bench.c").read_text()
    values = {"COMING": [*line], "PAYLOAD": [*payload], "KIND": [6], "SEQUENCE": [0]}
    defined = [f"#define {name} {str(one)[1:-1]}\n" for name, one in values.items()]
    (tmp_path / "host.c").write_text("".join([code, *defined, bench]))
    flags = ["-x", "c++", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["g++", *flags, "host.c", "-o", "host"], cwd=tmp_path, check=True)
    output = subprocess.run([tmp_path / "host"], capture_output=True, text=True, check=True).stdout
    taken = [bytes.fromhex(one) for one in re.findall("<(.*?)>", output)]
    assert taken == [bytes([kind, sequence]) + rest for kind, sequence, rest in answers]
    sent = bytes.fromhex(re.sub("<.*?>", "", output))
    assert sent == asked + bytes(len(line) - len(asked))
