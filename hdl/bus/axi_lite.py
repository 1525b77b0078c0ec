# SPDX-License-Identifier: BSD-2-Clause
"""An AXI4-Lite subordinate, which converts the five channels to one access at a time."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct

from .register import WORD_BITS, WORD_BYTES


class Response(enum.Enum, shape=2):  # type: ignore[call-arg]  # which Amaranth's Enum takes
    """The responses of AXI to an access."""

    OKAY = 0
    SLVERR = 2


WRITE_DATA = struct(data=WORD_BITS, strobe=WORD_BYTES)
READ_DATA = struct(data=WORD_BITS, response=Response)


def access_signature(address_bits: int) -> wiring.Signature:
    """Return the signature of a read or write access, as initiator.

    `valid` and the next four signals are stable until `done`.
    """
    return wiring.Signature(
        {
            "valid": Out(1),
            "write": Out(1),
            #: Address of a word.
            "address": Out(address_bits),
            "data": Out(WORD_BITS),
            #: The write strobe covers all bytes.
            "full_word": Out(1),
            #: Completes the access, in any cycle with `valid`; the next two are valid with `done`.
            "done": In(1),
            "refused": In(1),
            "answer": In(WORD_BITS),
        }
    )


class AxiLite(Block):
    """Accept addresses and data in any order, and answer each access; reads and writes alternate.

    Each accepted address is answered after `done` of its access. Only one access is under way at a
    time, and none in the cycle after `done`. The outputs to the bus depend on registers only.

    Latency: 2 cycles from an address (and the data of a write) to `access`, and 1 cycle from its
    end to the answer. Most registers therefore answer 3 cycles after the transfer of their address.
    Throughput: one access in 3 cycles.
    """

    def __init__(self, address_bits: int) -> None:
        self._word_bits = address_bits - (WORD_BYTES - 1).bit_length()
        super().__init__(
            #: Byte addresses; the lowest two bits are ignored, because an access is one word.
            write_address=In(stream.Signature(address_bits)),
            write_data=In(stream.Signature(WRITE_DATA)),
            write_response=Out(stream.Signature(Response)),
            read_address=In(stream.Signature(address_bits)),
            read_data=Out(stream.Signature(READ_DATA)),
            access=Out(access_signature(self._word_bits)),
        )

    def build(self, m: Module) -> None:
        access, response, answer = self.access, self.write_response, self.read_data
        held, contents = {}, {}
        for name in ("write_address", "write_data", "read_address"):
            channel = getattr(self, name)
            held[name] = full = Signal(name=f"{name}_held")
            contents[name] = content = Signal(
                channel.payload.shape(), name=f"{name}_content", reset_less=True
            )
            m.d.comb += channel.ready.eq(~full)
            with m.If(~full):
                m.d.sync += [full.eq(channel.valid), content.eq(channel.payload)]
        self._contents = contents
        written, data, read = contents.values()
        is_busy, writes = Signal(), Signal()
        wants_write = held["write_address"] & held["write_data"] & ~response.valid
        wants_read = held["read_address"] & ~answer.valid
        m.d.comb += [
            access.valid.eq(is_busy),
            access.write.eq(writes),
            access.address.eq(Mux(writes, written, read)[-self._word_bits :]),
            access.data.eq(data.data),
            access.full_word.eq(data.strobe.all()),
        ]
        with m.If(response.ready):
            m.d.sync += response.valid.eq(0)
        with m.If(answer.ready):
            m.d.sync += answer.valid.eq(0)
        code = Mux(access.refused, Response.SLVERR, Response.OKAY)
        with m.If(~is_busy):
            # If a read and a write are pending, the kind that was not served last has priority.
            m.d.sync += [
                is_busy.eq(wants_write | wants_read),
                writes.eq(wants_write & (~writes | ~wants_read)),
            ]
        with m.Elif(access.done):
            m.d.sync += is_busy.eq(0)
            with m.If(writes):
                m.d.sync += [
                    held["write_address"].eq(0),
                    held["write_data"].eq(0),
                    response.valid.eq(1),
                    response.payload.eq(code),
                ]
            with m.Else():
                m.d.sync += [
                    held["read_address"].eq(0),
                    answer.valid.eq(1),
                    answer.payload.data.eq(Mux(access.refused, 0, access.answer)),
                    answer.payload.response.eq(code),
                ]
