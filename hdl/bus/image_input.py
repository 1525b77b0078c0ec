# SPDX-License-Identifier: BSD-2-Clause
"""The door of a stream of images: beats from the stream or from registers, in a small FIFO."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.pipeline import Buffer

from .core_map import TAG_BITS
from .register import WORD_BITS
from .register_file import port_signature

PLACES = 4
"""Of the FIFO."""


def beat_layout(bits: int, kept: int = 0) -> data.StructLayout:
    """A beat of an image; `keep`, with a bit a byte, is there if any byte must be `kept`."""
    return struct(data=bits, keep=bits // 8 if kept else None, last=1, id=TAG_BITS)


def entry_layout(bits: int, kept: int = 0) -> data.StructLayout:
    """What the FIFO holds: a beat, or that the image before it ends here.

    Of TKEEP only whether it kept the `whole` beat, and `enough` of an image's last beat.
    """
    flag = 1 if kept else None
    return struct(data=bits, whole=flag, enough=flag, last=1, abort=1)


class ImageInput(Block):
    """Beats of `bits` bits go into a FIFO, from the stream or, `by_registers`, from `send`.

    To `abort` puts a mark behind the beats that have come of an image that is not complete, so
    that nothing that came before is lost. The registers `send` and `send_last` take 32 bits; of a
    wider beat each takes the next 32, and send_last gives what has come of it. An abort forgets
    the parts of a beat that is not complete. Between two images `by_registers` comes into force,
    so that no image has beats of both ways.

    Each image that has a beat in the FIFO gives its tag to `tags` once: the id of its first beat,
    or by registers `tag`.

    Parameters: `kept`, how many bytes of an image's last beat have to be kept; 0 without TKEEP.

    Latency: 0 cycles; throughput: a beat a cycle.
    """

    def __init__(self, bits: int, kept: int = 0) -> None:
        self._bits, self._kept = bits, kept
        super().__init__(
            beats=In(stream.Signature(beat_layout(bits, kept))),
            #: Refused without room, and while the stream is used.
            send=In(port_signature(2)),
            by_registers=In(1),
            #: By registers: the tag of an image that begins.
            tag=In(TAG_BITS),
            #: What of `by_registers` has come into force.
            registers_used=Out(1),
            #: High for a cycle: end the image whose beats have not all come.
            abort=In(1),
            #: An abort has not come to the FIFO.
            aborting=Out(1),
            #: High for a cycle: an abort has ended an image.
            aborted=Out(1),
            #: Beats of an image have come, and not all.
            open=Out(1),
            #: What is sent is taken.
            room=Out(1),
            entries=Out(stream.Signature(entry_layout(bits, kept))),
            #: A tag is valid only in the cycle in which it is taken.
            tags=Out(stream.Signature(TAG_BITS)),
        )

    def build(self, m: Module) -> None:
        m.submodules.fifo = fifo = Buffer(entry_layout(self._bits, self._kept), PLACES)
        wiring.connect(m, fifo.o, wiring.flipped(self.entries))
        entry, beats, send, registers = fifo.i.payload, self.beats, self.send, self.registers_used
        last = send.index[0]
        sent = send.valid & self.room
        whole, data = self._gathered(m, send, sent)
        may_begin = self.tags.ready & (self.by_registers == registers)
        takes = fifo.i.ready & ~self.aborting & (self.open | may_begin)
        m.d.comb += [
            self.room.eq(registers & takes),
            send.done.eq(1),
            send.refused.eq(~self.room),
            beats.ready.eq(~registers & takes),
        ]
        with m.If(self.aborting):
            m.d.comb += [
                fifo.i.valid.eq(self.open),
                entry.abort.eq(1),
                self.aborted.eq(self.open & fifo.i.ready),
            ]
        with m.Elif(registers):
            m.d.comb += [
                fifo.i.valid.eq(sent & (whole | last)),
                entry.data.eq(data),
                entry.last.eq(last),
            ]
        with m.Else():
            m.d.comb += [
                fifo.i.valid.eq(beats.valid & beats.ready),
                entry.data.eq(beats.payload.data),
                entry.last.eq(beats.payload.last),
            ]
        if self._kept:
            keep = beats.payload.keep | registers.replicate(self._bits // 8)
            m.d.comb += [entry.whole.eq(keep.all()), entry.enough.eq(keep[: self._kept].all())]
        with m.If(self.abort):
            m.d.sync += self.aborting.eq(1)
        with m.Elif(fifo.i.ready):
            m.d.sync += self.aborting.eq(0)
        with m.If(fifo.i.valid & fifo.i.ready):
            m.d.sync += self.open.eq(~entry.last & ~self.aborting)
        with m.If(~self.open):
            m.d.sync += registers.eq(self.by_registers)
        m.d.comb += [
            self.tags.valid.eq(fifo.i.valid & ~self.open),
            self.tags.payload.eq(Mux(registers, self.tag, beats.payload.id)),
        ]

    def _gathered(self, m: Module, send: Any, sent: Value) -> tuple[Value, Value]:
        """Whether this is the last part of a beat, and the beat."""
        count = -(-self._bits // WORD_BITS)
        if count == 1:
            return Const(1), send.data[: self._bits]
        place = Signal(range(count))
        parts = [Signal(WORD_BITS, name=f"part_{number}") for number in range(count - 1)]
        data = []
        for number, part in enumerate(parts):
            here = place == number
            data.append((send.data & here.replicate(WORD_BITS)) | part)
            with m.If(sent & here):
                m.d.sync += part.eq(send.data)
        final = place == count - 1
        data.append(send.data & final.replicate(WORD_BITS))
        with m.If(sent):
            m.d.sync += place.eq(place + 1)
        forgets = self.aborting | ~self.registers_used
        with m.If((sent & (final | send.index[0])) | forgets):
            m.d.sync += [place.eq(0), *(part.eq(0) for part in parts)]
        return final, Cat(data)
