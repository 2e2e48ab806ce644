#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""boundaries.py: power cuts at every moment, from a log of all writes of a disk.

  boundaries.py SEED EXTENTS FIRST LOG...

The disk holds the table and is itself tracked, from byte FIRST to its end (a partition or, 0, the
whole disk); LOG... are the logs (dm-log-writes' format) of successive boots; EXTENTS is the table file's
map, lines "file-block disk-block blocks" of 4096 bytes.

At each flush the table is what the log says it is.  Between two flushes a power cut may leave any
part of what was written: all subsets (up to 256, then a random choice) of the writes to the table,
whole or torn within a block.  In each of these states, where the table is CLEAN (both copies
valid and equal), its bitmaps must name every chunk that was written since the lineage
began, those included that were written since the last flush and may or may not be there.

Prints one line of counts; status 1 when a state is found that would lose a change.
"""
import itertools
import os
import random
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import table as tab  # noqa: E402

SECTOR = 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
PER_BLOCK = tab.BLOCK // SECTOR


def entries(path):
    """(flags, sector, sectors, data) of a log, data b'' for discards (zeroes)."""
    with open(path, 'rb') as f:
        magic, version, count, size = struct.unpack('<QQQI', f.read(28))
        if magic != 0x6a736677736872 or version != 1 or size != SECTOR:
            sys.exit('%s: not a log of writes' % path)
        f.seek(SECTOR)
        for _ in range(count):
            sector, sectors, flags, length = struct.unpack('<QQQQ', f.read(SECTOR)[:32])
            data = b''
            if flags & MARK:
                f.seek((length + SECTOR - 1) // SECTOR * SECTOR, 1)
                continue
            if not flags & DISCARD:
                data = f.read(sectors * SECTOR)
                if len(data) != sectors * SECTOR:
                    sys.exit('%s: torn' % path)
            yield flags, sector, sectors, data


class Own:
    """Where the table lies."""

    def __init__(self, path):
        self.at = {}  # disk sector -> (file block, sector in block)
        with open(path, encoding='ascii') as f:
            for line in f:
                block, disk, count = map(int, line.split())
                for n in range(count):
                    for s in range(PER_BLOCK):
                        self.at[(disk + n) * PER_BLOCK + s] = (block + n, s)


class State:
    """The table's bytes, and what must be named by it."""

    def __init__(self, own, first):
        self.own, self.first = own, first
        self.blocks = {}
        self.written = {}  # sectors written since the lineage began (as a dict: ordered set)
        self.lineage = None
        self.parsed = None

    def block(self, n):
        return bytes(self.blocks.get(n, bytes(tab.BLOCK)))

    def poke(self, block, sector, data):
        self.blocks.setdefault(block, bytearray(tab.BLOCK))[sector * SECTOR:(sector + 1) * SECTOR] = data
        self.parsed = None

    def table(self):
        if self.parsed is None:
            self.parsed = tab.Table(self.block)
        return self.parsed


def split(own, sector, sectors, data):
    """The parts of a write: [(block, sector, bytes)] of the table, [sector] of the rest."""
    table, rest = [], []
    for n in range(sectors):
        where = own.at.get(sector + n)
        if where is None:
            rest.append(sector + n)
        else:
            table.append((*where, data[n * SECTOR:(n + 1) * SECTOR] or bytes(SECTOR)))
    return table, rest


def lineage_of(table):
    for copy in table.copies:
        if not isinstance(copy, str):
            for slot in copy[1].values():
                return slot.lineage
    return None


def missed(table, state, extra):
    """(is it CLEAN, chunks that are written and not named)."""
    lost = set()
    slots = table.clean()
    for slot in slots.values():
        shift = slot.chunk_shift - 9
        named = table.changed(slot)
        size = slot.sectors
        for s in itertools.chain(state.written, extra):
            s -= state.first
            if 0 <= s < size and s >> shift not in named:
                lost.add(s >> shift)
    return bool(slots), lost


def subsets(rnd, writes):
    """Which of the writes to the table, in order, a power cut may leave: lists of poke triples."""
    n = len(writes)
    if n <= 8:
        picks = [[w for i, w in enumerate(writes) if mask >> i & 1] for mask in range(1 << n)]
    else:
        # every prefix, each one alone missing, and a random choice
        picks = [writes[:i] for i in range(n + 1)]
        picks += [writes[:i] + writes[i + 1:] for i in range(n)]
        picks += [[w for w in writes if rnd.random() < 0.5] for _ in range(64)]
    for pick in picks:
        yield [p for w in pick for p in w]
    for _ in range(min(16, 4 * n)):  # torn: some sectors of one write only
        pick = [w for w in writes if rnd.random() < 0.7]
        if pick:
            k = rnd.randrange(len(pick))
            pick[k] = [p for p in pick[k] if rnd.random() < 0.5]
        yield [p for w in pick for p in w]


def main(argv):
    if len(argv) < 5:
        sys.exit(__doc__)
    rnd = random.Random(int(argv[1]))
    own, first, logs = Own(argv[2]), int(argv[3]) // SECTOR, argv[4:]
    state = State(own, first)
    count = {'entries': 0, 'boundaries': 0, 'clean': 0, 'states': 0, 'lineages': 0}
    bad = []

    def look(where, table, extra):
        count['states'] += 1
        clean, lost = missed(table, state, extra)
        count['clean'] += clean
        if lost:
            bad.append('%s: CLEAN, but chunks %s were written and are not named' % (where, sorted(lost)[:8]))

    def window(where, table_writes, data, after):
        """A power cut between two flushes: `data` may or may not be there."""
        before = {b: bytes(state.blocks[b]) for w in table_writes for b, _, _ in w if b in state.blocks}
        touched = {b for w in table_writes for b, _, _ in w}
        if table_writes:
            for pokes in subsets(rnd, table_writes):
                for b, s, d in pokes:
                    state.poke(b, s, d)
                look(where, tab.Table(state.block), data)
                for b in touched:
                    if b in before:
                        state.blocks[b] = bytearray(before[b])
                    else:
                        state.blocks.pop(b, None)
                state.parsed = None
        elif data:
            look(where, state.table(), data)
        # and now all of it is there
        for w in table_writes:
            for b, s, d in w:
                state.poke(b, s, d)
        table = state.table()
        lineage = lineage_of(table)
        if lineage != state.lineage:
            # what was written after the lineage was first on its way to the disk
            state.lineage = lineage
            state.written = dict.fromkeys(after)
            count['lineages'] += 1
        else:
            state.written.update(dict.fromkeys(data))

    for path in logs:
        table_writes, data, after, n = [], [], [], -1
        for n, (flags, sector, sectors, payload) in enumerate(entries(path)):
            count['entries'] += 1
            if sectors:
                mine, rest = split(own, sector, sectors, payload)
                if mine:
                    table_writes.append(mine)
                data += rest
                if table_writes:
                    after += rest
            if flags & (FLUSH | FUA):
                window('%s, before entry %d' % (path, n), table_writes, data, after)
                table_writes, data, after = [], [], []
                count['boundaries'] += 1
                look('%s, at the flush %d' % (path, n), state.table(), [])
        # an end of power: what was not flushed is there, or not
        window('%s, at its end' % path, table_writes, data, after)
    print(' '.join('%s %d' % item for item in count.items()), 'bad', len(bad))
    for line in bad[:20]:
        print(line)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
