#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""table.py: a second reader of the driver's table, written from the description of its
format, for tests only.

  table.py show FILE              one line a header copy and a slot
  table.py changes FILE SLOT ID   extents changed since generation ID, "first-byte length"
"""
import struct
import sys

BLOCK = 4096
MAX_DEVICES = 64
COPY = 1 + MAX_DEVICES
DATA = 2 * COPY
MAP_LEAVES = 511
NONE, FULL = 0, 0xffffffff
STATES = {0: 'EMPTY', 1: 'DIRTY', 2: 'CLEAN'}


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        table.append(n)
    return table


_CRC = _crc_table()



def crc32c(data):
    """As the kernel has it: CRC-32C without the inversion at its end."""
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
    return crc


class Damaged(Exception):
    """Something in the table does not hold."""


class Slot:
    """One device of one copy."""

    def __init__(self, block):
        (self.state, self.slot, self.chunk_shift, self.why, self.sectors, self.lineage_time) = \
            struct.unpack_from('<IIIIQQ', block, 0)
        self.lineage = block[32:48].hex()
        self.fs_type = block[48:64].rstrip(b'\0').decode()
        self.uuid = block[64:112].rstrip(b'\0').decode()
        self.name = block[112:192].rstrip(b'\0').decode()
        self.fp_method, = struct.unpack_from('<I', block, 192)
        self.fp_digest = block[196:228].hex()
        nr_gens, self.nr_aliases = struct.unpack_from('<II', block, 228)
        self.gens = []
        for n in range(nr_gens):
            at = 296 + n * 48
            _time, flags, first, crc = struct.unpack_from('<QIII', block, at + 16)
            self.gens.append((block[at:at + 16].hex(), flags, first, crc))

    def state_name(self):
        return STATES.get(self.state, '?%d' % self.state)


class Table:
    """A table; blocks(n) gives block n's bytes."""

    def __init__(self, blocks):
        self.blocks = blocks
        self.copies = [self._copy(0), self._copy(COPY)]

    def _copy(self, first):
        """(seq, {slot: Slot}, raw) of a copy, or the reason why it is not valid."""
        head = self.blocks(first)
        if head[:8] != b'AIPTABLE':
            return 'no magic'
        version, crc = struct.unpack_from('<II', head, 8)
        if version != 1:
            return 'version %d' % version
        if crc32c(head[:12] + bytes(4) + head[16:]) != crc:
            return 'CRC of the header'
        seq, nr_blocks = struct.unpack_from('<QQ', head, 32)
        slots, raw = {}, [head]
        for n, want in enumerate(struct.unpack_from('<%dI' % MAX_DEVICES, head, 208)):
            if not want:
                continue
            block = self.blocks(first + 1 + n)
            if crc32c(block) != want:
                return 'CRC of slot %d' % n
            slots[n] = Slot(block)
            raw.append(block)
        return seq, slots, raw, nr_blocks

    def clean(self):
        """{slot: Slot} of the devices that are CLEAN in both copies, which must be valid and equal."""
        if isinstance(self.copies[0], str) or isinstance(self.copies[1], str):
            return {}
        if self.copies[0][2] != self.copies[1][2]:
            return {}
        return {n: s for n, s in self.copies[0][1].items() if s.state == 2}

    def changed(self, slot, since=None):
        """Set of chunks changed since generation `since` (None: all that are kept)."""
        ids = [g[0] for g in slot.gens]
        first = ids.index(since) if since else 0
        chunks = (slot.sectors * 512 + (1 << slot.chunk_shift) - 1) >> slot.chunk_shift
        result = set()
        for _id, _flags, block, crc in slot.gens[first:]:
            self._map(block, crc, chunks, result)
        return result

    def _map(self, block, crc, chunks, result):
        leaf = 0
        while block:
            data = self.blocks(block)
            if crc32c(data) != crc:
                raise Damaged('CRC of the map in block %d' % block)
            block, crc = struct.unpack_from('<II', data, 0)
            for n in range(MAP_LEAVES):
                where, leaf_crc = struct.unpack_from('<II', data, 8 + 8 * n)
                base = leaf * BLOCK * 8
                leaf += 1
                if where == NONE or base >= chunks:
                    continue
                if where == FULL:
                    result.update(range(base, min(base + BLOCK * 8, chunks)))
                    continue
                bits = self.blocks(where)
                if crc32c(bits) != leaf_crc:
                    raise Damaged('CRC of the leaf in block %d' % where)
                number = int.from_bytes(bits, 'little')
                while number:
                    low = number & -number
                    result.add(base + low.bit_length() - 1)
                    number ^= low


def from_file(path):
    with open(path, 'rb') as f:
        data = f.read()
    return Table(lambda n: data[n * BLOCK:(n + 1) * BLOCK].ljust(BLOCK, b'\0'))


def main(argv):
    if len(argv) == 3 and argv[1] == 'show':
        table = from_file(argv[2])
        for n, copy in enumerate(table.copies):
            if isinstance(copy, str):
                print('copy', n, copy)
                continue
            print('copy', n, 'seq', copy[0])
            for number, slot in copy[1].items():
                print(' slot', number, slot.state_name(), slot.fs_type, slot.uuid, slot.name, 'chunk', 1 << slot.chunk_shift,
                      'generations', len(slot.gens), 'why', slot.why)
    elif len(argv) == 5 and argv[1] == 'changes':
        table = from_file(argv[2])
        slot = table.clean()[int(argv[3])]
        for chunk in sorted(table.changed(slot, argv[4])):
            print(chunk << slot.chunk_shift, 1 << slot.chunk_shift)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main(sys.argv)
