# SPDX-License-Identifier: BSD-2-Clause
"""A set of addresses, which are added in any order and read in ascending order."""

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.layer.config import MAX_ADDRESSES
from firstspike.hdl.lib.block import Block, struct, tap
from firstspike.hdl.lib.find import first_set, without_first
from firstspike.hdl.lib.pipeline import Stage
from firstspike.hdl.lib.resetless_register import resetless_register

WORD = 16
"""Bits of a word, which a priority encoder searches in one cycle."""
assert WORD**3 == MAX_ADDRESSES  # three levels


def address_layout(n: int) -> data.StructLayout:
    """Return the layout of an address, 0 .. n - 1, and of the mark of the set's last address."""
    return struct(address=range(max(n, 2)), last=1)


class AddressSet(Block):
    """A bitmap of n addresses in three levels, of which only the top level needs clearing.

        filled    one flip-flop per block of words: `touched` of this block is valid
        touched   one flip-flop per word: the word in memory is valid
        memory    words of WORD bits

    An add sets one bit on each level, without a read. If the level above marks a word as invalid,
    the add writes the whole word, otherwise only the bit. The read sweep `sweep` descends the
    levels, and visits the bits of each word in ascending order.

        filled -> touched[block] -> memory[word] -> sweep

    Parameters
    ----------
    n : number of addresses, 1 .. WORD ** 3 (4096).

    Ports
    -----
    add : {valid, address}, with addresses below n. The set accepts an address in every cycle, but
        none are allowed from the cycle after `start` until the last transfer of `sweep`.
    start : starts the sweep over the addresses added up to and including this cycle. If the set is
        empty, or during a sweep, `start` has no effect.
    sweep : stream of `address_layout`, each address once, in ascending order. The set is empty
        afterwards.
    clear : empties the set and aborts a sweep, like a reset, with priority over `add` and `start`.
        `sweep.valid` falls even if `sweep` is not ready, so the receiver must be ready or must
        discard the address, too.
    empty : no added address is still to be sent.

    Timing
    ------
    Latency from `start` to the first address: `latencies.SWEEP_START` cycles; throughput: one
    address per cycle, without gaps.

    Raises ValueError for an n out of range.
    """

    def __init__(self, n: int) -> None:
        if not 1 <= n <= MAX_ADDRESSES:
            raise ValueError(f"an address set has 1 to {MAX_ADDRESSES} addresses, not {n}.")
        self.n = n
        address = range(max(n, 2))
        super().__init__(
            add=In(tap(address=address)),
            start=In(1),
            sweep=Out(stream.Signature(address_layout(n))),
            clear=In(1),
            empty=Out(1),
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = -(-self.n // WORD)
        blocks = -(-words // WORD)
        filled = Signal(blocks)
        touched = Signal(data.ArrayLayout(WORD, blocks), reset_less=True)
        # Reads and writes of a word never coincide.
        m.submodules.memory = bits = memory.Memory(
            shape=WORD, depth=max(words, 2), init=[], attrs={"no_rw_check": 1}
        )
        write, read = bits.write_port(granularity=1), bits.read_port(domain="comb")
        word = resetless_register(WORD)

        # Add: write a bit, or a whole word with this bit, on each level.
        level = WORD.bit_length() - 1
        add_word = self.add.address[level:]
        add_block = add_word[level:]
        add_touched = touched[add_block]
        counts = Signal(WORD)  # the valid words of the block
        bit, word_bit = Signal(WORD), Signal(WORD)
        m.d.comb += [
            bit.eq(1 << self.add.address[:level]),
            word_bit.eq(1 << add_word[:level]),
            counts.eq(Mux(filled.bit_select(add_block, 1), add_touched, 0)),
            write.addr.eq(add_word),
            write.data.eq(bit),
        ]
        with m.If(self.add.valid):
            m.d.comb += write.en.eq(Mux((counts & word_bit).any(), bit, ~0))
            m.d.sync += [
                filled.bit_select(add_block, 1).eq(1),
                touched[add_block].eq(counts | word_bit),
            ]

        # Sweep: over blocks, words of a block, addresses of a word.
        any_, many, block = first_set(filled)
        walking = Signal()
        m.submodules.of_block = of_block = _BitsOfWord(blocks, words)
        m.submodules.fetch = fetch = Stage(address_layout(words))
        m.submodules.of_word = of_word = _BitsOfWord(words, self.n)
        m.d.comb += [
            of_block.i.valid.eq(walking & any_),
            of_block.i.payload.number.eq(block),
            of_block.i.payload.bits.eq(touched[block]),
            of_block.i.payload.last.eq(~many),
            read.addr.eq(of_block.o.payload.address),
            of_word.i.valid.eq(fetch.o.valid),
            of_word.i.payload.number.eq(fetch.o.payload.address),
            of_word.i.payload.bits.eq(word),
            of_word.i.payload.last.eq(fetch.o.payload.last),
            fetch.o.ready.eq(of_word.i.ready),
            self.empty.eq(~(any_ | of_block.o.valid | fetch.o.valid | self.sweep.valid)),
        ]
        wiring.connect(m, of_block.o, fetch.i)
        wiring.connect(m, of_word.o, wiring.flipped(self.sweep))
        with m.If(fetch.load):
            m.d.sync += word.eq(read.data)
        with m.If(walking & of_block.i.ready):
            m.d.sync += filled.eq(without_first(filled))
        with m.If(self.start):
            m.d.sync += walking.eq(1)
        with m.Elif(~any_):
            m.d.sync += walking.eq(0)
        return ResetInserter(self.clear)(m)


class _BitsOfWord(Block):
    """Send the addresses of the set bits of each word, the lowest first.

    Latency: 1 cycle; throughput: one bit per cycle, without gaps between words.

    Parameters: `words`, the number of words; `n`, the number of bits of all words.

    Ports: `i`, stream of {number, bits, last}, a word with at least one set bit, its number, and
    whether the word is the last one; `o`, stream of `address_layout`.
    """

    def __init__(self, words: int, n: int) -> None:
        word = struct(number=range(words), bits=WORD, last=1)
        super().__init__(i=In(stream.Signature(word)), o=Out(stream.Signature(address_layout(n))))

    def build(self, m: Module) -> None:
        word = Signal(self.i.payload.shape(), reset_less=True)
        _, many, index = first_set(word.bits)
        m.d.comb += [
            self.o.payload.address.eq(Cat(index, word.number)),
            self.o.payload.last.eq(word.last & ~many),
            self.i.ready.eq(~self.o.valid | (self.o.ready & ~many)),
        ]
        with m.If(self.o.ready):
            m.d.sync += word.bits.eq(without_first(word.bits))
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += word.eq(self.i.payload)
