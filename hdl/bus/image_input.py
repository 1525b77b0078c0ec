# SPDX-License-Identifier: BSD-2-Clause
"""The input FIFO for images, with beats from a stream or from registers."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.lib.block import Block, assign_members, struct
from firstspike.hdl.lib.pipeline import FallThroughFifo

from .core_map import TAG_BITS
from .register import WORD_BITS
from .register_file import port_signature

DEPTH = 4
"""Depth of the FIFO."""


def beat_layout(bits: int, last_bytes: int = 0) -> data.StructLayout:
    """Return the layout of a beat, with a `keep` bit per byte if `last_bytes` is not 0."""
    return struct(data=bits, keep=bits // 8 if last_bytes else None, last=1, id=TAG_BITS)


def entry_layout(bits: int, last_bytes: int = 0) -> data.StructLayout:
    """Return the layout of an entry of the FIFO: a beat, or the mark `abort` of an aborted image.

    The two flags of TKEEP are `all_kept`, all bytes of the beat are kept, and `enough`, those of an
    image's last beat are kept.
    """
    flag = 1 if last_bytes else None
    return struct(data=bits, all_kept=flag, enough=flag, last=1, abort=1)


class ImageInput(Block):
    """A FIFO for the beats of images, from the stream or (with `by_registers`) from `send`.

    `abort` appends a mark after the beats of an incomplete image, so that previous beats are not
    lost. The registers `send` and `send_last` accept 32 bits. For a wider beat, each write adds the
    next 32 bits, and `send_last` completes the beat. An abort discards the bits of an incomplete
    beat. A change of `by_registers` takes effect between two images, so the beats of an image have
    the same source.

    For each image with a beat in the FIFO, `tags` transfers the image's tag once: `id` of the first
    beat, or `tag` with `by_registers`.

    Parameters: `bits`; `last_bytes`, the number of bytes with pixels in an image's last beat, or 0
    without TKEEP.

    Latency: 0 cycles; throughput: one beat per cycle. If the FIFO is full, `beats` stalls, and
    `send` is refused.
    """

    def __init__(self, bits: int, last_bytes: int = 0) -> None:
        self._bits, self._last_bytes = bits, last_bytes
        super().__init__(
            #: Beats from the stream.
            beats=In(stream.Signature(beat_layout(bits, last_bytes))),
            #: Writes of the registers `send` and `send_last`; refused unless `room`.
            send=In(port_signature(2)),
            #: Use `send` instead of `beats`, from the next image on.
            by_registers=In(1),
            #: With `registers_used`: the tag of the next image.
            tag=In(TAG_BITS),
            #: `by_registers` in effect.
            registers_used=Out(1),
            #: High for a cycle: abort the incomplete image.
            abort=In(1),
            #: The mark of an abort has not entered the FIFO yet.
            aborting=Out(1),
            #: High for a cycle: an image is aborted.
            aborted=Out(1),
            #: An image is incomplete: its last beat has not arrived.
            open=Out(1),
            #: A write to `send` is accepted.
            room=Out(1),
            #: The entries of the FIFO.
            entries=Out(stream.Signature(entry_layout(bits, last_bytes))),
            #: Tags; valid only in the cycle of the transfer.
            tags=Out(stream.Signature(TAG_BITS)),
        )

    def build(self, m: Module) -> None:
        m.submodules.fifo = fifo = FallThroughFifo(
            entry_layout(self._bits, self._last_bytes), DEPTH
        )
        wiring.connect(m, fifo.o, wiring.flipped(self.entries))
        entry, beats, send, registers = fifo.i.payload, self.beats, self.send, self.registers_used
        last = send.index[0]
        sent = send.valid & self.room
        all_kept, data = self._gathered(m, send, sent)
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
                fifo.i.valid.eq(sent & (all_kept | last)),
                entry.data.eq(data),
                entry.last.eq(last),
            ]
        with m.Else():
            m.d.comb += [
                fifo.i.valid.eq(beats.valid & beats.ready),
                assign_members(entry, beats.payload, "data", "last"),
            ]
        if self._last_bytes:
            keep = beats.payload.keep | registers.replicate(self._bits // 8)
            m.d.comb += [
                entry.all_kept.eq(keep.all()),
                entry.enough.eq(keep[: self._last_bytes].all()),
            ]
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
        """Return whether `send` writes the last part of a beat, and the beat."""
        count = -(-self._bits // WORD_BITS)
        if count == 1:
            return Const(1), send.data[: self._bits]
        part_number = Signal(range(count))
        parts = [Signal(WORD_BITS, name=f"part_{number}") for number in range(count - 1)]
        data = []
        for number, part in enumerate(parts):
            is_selected = part_number == number
            data.append((send.data & is_selected.replicate(WORD_BITS)) | part)
            with m.If(sent & is_selected):
                m.d.sync += part.eq(send.data)
        final = part_number == count - 1
        data.append(send.data & final.replicate(WORD_BITS))
        with m.If(sent):
            m.d.sync += part_number.eq(part_number + 1)
        forgets = self.aborting | ~self.registers_used
        with m.If((sent & (final | send.index[0])) | forgets):
            m.d.sync += [part_number.eq(0), *(part.eq(0) for part in parts)]
        return final, Cat(data)
