#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""snap-table.py: damage to the table, in a guest, for snap-table. IMAGE is the head of a sealed
table with one device; the layout is read from doc/table-format.5, not from the driver.

  snap-table.py bytes IMAGE DISK BLOCK TABLE SEED STEP
        each byte of the headers and of the slot is damaged in copy 0, in copy 1, in both, and the
        table loaded (STEP: of the bytes that are always zero only each STEP-th)
  snap-table.py cases IMAGE FOLDER SEED [NAME]
        damaged images for whole starts (only NAME), FOLDER/NAME, and on stdout: NAME, what a start says
"""
import ctypes
import errno
import functools
import mmap
import os
import random
import struct
import sys

sys.path.insert(0, '/aip')
import table as reader  # pylint: disable=wrong-import-position

BLOCK, COPY = reader.BLOCK, reader.COPY
HEADER = [('magic', 0, 8), ('version', 8, 4), ('crc', 12, 4), ('table', 16, 16), ('seq', 32, 8), ('blocks', 40, 8),
          ('fs-uuid', 48, 16), ('extents-crc', 64, 4), ('nr-extents', 68, 4), ('created', 72, 8), ('zero', 80, 128),
          ('slot-crc', 208, 4), ('other-slot-crc', 212, 252), ('zero2', 464, 3632)]
SLOT = [('state', 0, 4), ('slot', 4, 4), ('chunk-shift', 8, 4), ('why', 12, 4), ('sectors', 16, 8), ('time', 24, 8),
        ('lineage', 32, 16), ('fs-type', 48, 16), ('uuid', 64, 48), ('name', 112, 80), ('fp-method', 192, 4),
        ('fp-digest', 196, 32), ('nr-gens', 228, 4), ('nr-aliases', 232, 4), ('zero', 236, 60), ('gen', 296, 48),
        ('other-gens', 344, 1488), ('aliases', 1832, 1536), ('zero2', 3368, 728)]
AT = {'h.' + f: at for f, at, _ in HEADER} | {'s.' + f: at for f, at, _ in SLOT}
LOAD, UNLOAD, DEVICE = 0x02, 0x03, 0x10
CLEAN, WAITING = 1, 1
NONE, DIFFER, MAGIC, VERSION = 0, 3, 32, 33
crc32c = functools.lru_cache(None)(reader.crc32c)


# ---- the driver ----------------------------------------------------------------------
class Load(ctypes.Structure):
    _fields_ = [('fd', ctypes.c_int32), ('nr_scratch', ctypes.c_uint32), ('scratch', ctypes.c_uint64),
                ('flags', ctypes.c_uint32), ('why', ctypes.c_uint32), ('nonce', ctypes.c_uint8 * 16),
                ('table', ctypes.c_uint8 * 16), ('blocks', ctypes.c_uint64), ('copies', ctypes.c_uint32),
                ('devices', ctypes.c_uint32), ('reserved', ctypes.c_uint32 * 4)]


class Device(ctypes.Structure):
    _fields_ = [('slot', ctypes.c_uint32), ('state', ctypes.c_uint32), ('major', ctypes.c_uint32),
                ('minor', ctypes.c_uint32), ('flags', ctypes.c_uint32), ('why', ctypes.c_uint32),
                ('chunk_shift', ctypes.c_uint32), ('generations', ctypes.c_uint32), ('sectors', ctypes.c_uint64),
                ('counts', ctypes.c_uint64 * 4), ('time', ctypes.c_int64), ('lineage', ctypes.c_uint8 * 16),
                ('identity', ctypes.c_uint8 * 144), ('fingerprint', ctypes.c_uint8 * 40),
                ('rest', ctypes.c_uint32 * 8)]


class Driver:
    def __init__(self, path):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.ctl = os.open('/dev/aipsnap-control', os.O_RDWR)
        self.table = os.open(path, os.O_RDONLY)
        self.scratch = ctypes.create_string_buffer(64 * 56)

    def call(self, number, arg=None):
        request = 0xa100 | number
        if arg is not None:
            request |= 3 << 30 | ctypes.sizeof(arg) << 16
        ret = self.libc.ioctl(self.ctl, ctypes.c_ulong(request), ctypes.byref(arg) if arg is not None else None)
        return ctypes.get_errno() if ret else 0

    def load(self):
        """What loading the table says, a tuple; the table is let go of again."""
        arg = Load(fd=self.table, nr_scratch=64, scratch=ctypes.addressof(self.scratch))
        failed = self.call(LOAD, arg)
        if failed:
            return 'refused', failed, arg.why
        dev = Device(slot=0)
        gone = self.call(DEVICE, dev)
        failed = self.call(UNLOAD)
        if gone or failed:
            return 'broken', gone, failed
        return ('loaded', arg.copies, arg.devices, dev.state, dev.why, dev.flags, dev.generations,
                dev.chunk_shift, dev.sectors, bytes(dev.identity))


# ---- every byte ----------------------------------------------------------------------
class Disk:
    """Writes blocks of the table, not through the page cache."""

    def __init__(self, path, first):
        self.fd = os.open(path, os.O_WRONLY | os.O_DIRECT)
        self.first = first
        self.page = mmap.mmap(-1, BLOCK)

    def write(self, block, data):
        self.page[:] = data
        if os.pwrite(self.fd, self.page, (self.first + block) * BLOCK) != BLOCK:
            sys.exit('the disk: short write')


def every_byte(image, disk, driver, rnd, step):
    """(name, number of loads, [what was wrong])"""
    intact = driver.load()
    if intact[:6] != ('loaded', 3, 1, WAITING, NONE, CLEAN):
        yield 'the intact table loads', 1, [intact]
        return
    phase = rnd.randrange(step)
    for what, block, fields in ('header', 0, HEADER), ('slot', 1, SLOT):
        todo = [i for f, at, n in fields for i in range(at, at + n) if not f.startswith('zero') or i % step == phase]
        good = image(block)
        if good != image(block + COPY):
            sys.exit('the copies are not equal')
        for copies in (0,), (1,), (0, 1):
            wrong = []
            for i in todo:
                flipped = bytearray(good)
                flipped[i] ^= rnd.randrange(1, 256)
                for copy in copies:
                    disk.write(block + copy * COPY, flipped)
                got = driver.load()
                if len(copies) == 2:
                    want = 'refused', errno.EINVAL, VERSION if what == 'header' and 8 <= i < 12 else MAGIC
                else:
                    # the other copy says which device it was: for its new lineage
                    want = ('loaded', 2 - copies[0], 1, WAITING, DIFFER, 0, 0) + intact[7:]
                if got != want:
                    wrong.append((i, got))
            for copy in copies:
                disk.write(block + copy * COPY, good)
            where = 'both copies' if len(copies) == 2 else 'copy %d' % copies[0]
            yield '%s, %s' % (what, where), len(todo), wrong
    # what no header speaks of is not looked at
    wrong = []
    for i in range(16):
        blocks = [2 + rnd.randrange(63), 2 + rnd.randrange(63) + COPY]
        for block in blocks:
            disk.write(block, rnd.randbytes(BLOCK))
        got = driver.load()
        if got != intact:
            wrong.append((blocks, got))
        for block in blocks:
            disk.write(block, image(block))
    if driver.load() != intact:
        wrong.append('not as before')
    yield 'an empty slot: no harm', 17, wrong


# ---- whole starts --------------------------------------------------------------------
class Image:
    """The head of a table, with setters; seal() makes all checksums right."""

    def __init__(self, data):
        self.data = bytearray(data)

    def put(self, block, at, value):
        self.data[block * BLOCK + at:block * BLOCK + at + len(value)] = value

    def get(self, block):
        return bytes(self.data[block * BLOCK:(block + 1) * BLOCK])

    def seal(self, slot=True):
        for base in 0, COPY:
            if slot:
                self.put(base, 208, struct.pack('<I', crc32c(self.get(base + 1))))
            self.put(base, 12, bytes(4))
            self.put(base, 12, struct.pack('<I', crc32c(self.get(base))))


def u32(n):
    return struct.pack('<I', n & 0xffffffff)


def u64(n):
    return struct.pack('<Q', n & 0xffffffffffffffff)


def fields(rnd):
    """A byte of each field damaged, its checksum not: name, [(block, offset)], verdict."""
    for letter, block, layout in ('h', 0, HEADER), ('s', 1, SLOT):
        for n, (field, at, size) in enumerate(layout):
            how = (n + block + rnd.randrange(3)) % 3
            i = at + rnd.randrange(size)
            copies = [(0,), (1,), (0, 1)][how]
            verdict = 'new-lineage copies-differ'
            if how == 2:
                verdict = 'refused table-version' if letter + field == 'hversion' else 'refused table-magic'
            name = 'byte-%d-of-%s.%s-copy-%s' % (i, letter, field, '+'.join(map(str, copies)))
            yield name, [(block + c * COPY, i) for c in copies], verdict


def forged(image, rnd):
    """Wrong values with right checksums: name, [(field, value)], verdict; in copy 0, 1 or, most, in both."""
    head, slot = image.get(0), image.get(1)
    blocks, = struct.unpack_from('<Q', head, 40)
    extents, = struct.unpack_from('<I', head, 64)
    nr_extents, = struct.unpack_from('<I', head, 68)
    seq, = struct.unpack_from('<Q', head, 32)
    sectors, = struct.unpack_from('<Q', slot, 16)
    gen = AT['s.gen']
    first, = struct.unpack_from('<I', slot, gen + 28)
    magic, version, size, moved, foreign = ('refused table-' + w for w in ('magic', 'version', 'size', 'moved', 'foreign'))
    differ, damaged = 'new-lineage copies-differ', 'new-lineage bitmap-damaged'
    # control: the checksums made here are the ones that the driver wants
    yield 'nothing', [], 'resumed -', (0, 1)
    yield 'another-table-id', [('h.table', rnd.randbytes(16))], 'resumed -', (0, 1)
    yield 'another-magic', [('h.magic', b'AIPTABLF')], magic, (0, 1)
    for n in 0, 2, 0x01000000, 0xffffffff:
        yield 'version-%d' % n, [('h.version', u32(n))], version, (0, 1)
    for n in 0, 130, blocks - 1, blocks + 1, blocks + (1 << 32), (1 << 64) - 1:
        yield 'blocks-%d' % n, [('h.blocks', u64(n))], size, (0, 1)
    yield 'fs-uuid', [('h.fs-uuid', rnd.randbytes(16))], foreign, (0, 1)
    yield 'fs-uuid-zero', [('h.fs-uuid', bytes(16))], foreign, (0, 1)
    yield 'fs-uuid-last-bit', [('h.fs-uuid', head[48:63] + bytes([head[63] ^ 1]))], foreign, (0, 1)
    yield 'extents-crc', [('h.extents-crc', u32(extents ^ 1 << rnd.randrange(32)))], moved, (0, 1)
    yield 'nr-extents-0', [('h.nr-extents', u32(0))], moved, (0, 1)
    yield 'nr-extents-more', [('h.nr-extents', u32(nr_extents + 1))], moved, (0, 1)
    # one copy only
    yield 'version-in-copy-0', [('h.version', u32(2))], differ, (0,)
    yield 'blocks-in-copy-1', [('h.blocks', u64(blocks + 1))], differ, (1,)
    yield 'fs-uuid-in-copy-0', [('h.fs-uuid', rnd.randbytes(16))], differ, (0,)
    yield 'extents-in-copy-1', [('h.extents-crc', u32(~extents))], differ, (1,)
    for c in 0, 1:
        yield 'copy-%d-older' % c, [('h.seq', u64(seq - 1))], differ, (c,)
        yield 'copy-%d-newer' % c, [('h.seq', u64(seq + 1))], differ, (c,)
    yield 'dirty-in-copy-0', [('s.state', u32(1))], 'new-lineage not-sealed', (0,)
    yield 'dirty-in-copy-1', [('s.state', u32(1))], differ, (1,)
    # the slot
    for n in 0, 3, 0xffffffff:
        yield 'state-%d' % n, [('s.state', u32(n))], magic, (0, 1)
    yield 'dirty', [('s.state', u32(1))], 'new-lineage not-sealed', (0, 1)
    for n in 1, 64, 0xffffffff:
        yield 'slot-%d' % n, [('s.slot', u32(n))], magic, (0, 1)
    for n in 0, 13, 21, 255:
        yield 'chunk-shift-%d' % n, [('s.chunk-shift', u32(n))], magic, (0, 1)
    for n in 33, 0xffffffff:
        yield 'generations-%d' % n, [('s.nr-gens', u32(n))], magic, (0, 1)
    for n in 97, 0xffffffff:
        yield 'aliases-%d' % n, [('s.nr-aliases', u32(n))], magic, (0, 1)
    yield 'slot-checksum-only', [('h.slot-crc', u32(1))], magic, (0, 1)
    yield 'another-slot-in-use', [('h.other-slot-crc', u32(1))], magic, (0, 1)
    yield 'sectors-0', [('s.sectors', u64(0))], damaged, (0, 1)
    # 2^32 chunks of 64 KiB are the most; bitmaps of more would not fit what the kernel gives at once
    for n in 1 << 39, (1 << 39) + 1, 1 << 52, 1 << 55, 1 << 63:
        yield 'sectors-%d' % n, [('s.sectors', u64(n))], damaged, (0, 1)
    yield 'sectors-more', [('s.sectors', u64(sectors + 8))], 'new-lineage size', (0, 1)
    yield 'generations-0', [('s.nr-gens', u32(0))], damaged, (0, 1)
    yield 'generations-32', [('s.nr-gens', u32(32))], damaged, (0, 1)
    yield 'two-generations-one-map', [('s.nr-gens', u32(2)), ('s.other-gens', slot[gen:gen + 48])], damaged, (0, 1)
    for n in 0, 129, first + 1, blocks, 0xffffffff:
        yield 'map-%d' % n, [('s.gen+28', u32(n))], damaged, (0, 1)
    yield 'map-checksum', [('s.gen+32', u32(0))], damaged, (0, 1)
    yield 'fingerprint', [('s.fp-digest', rnd.randbytes(32))], 'new-lineage fingerprint', (0, 1)
    yield 'fingerprint-method', [('s.fp-method', u32(0xffff))], 'new-lineage fingerprint', (0, 1)
    yield 'fingerprint-none', [('s.fp-method', u32(0))], 'new-lineage no-fingerprint', (0, 1)
    yield 'file-system', [('s.fs-type', b'another'.ljust(16, b'\0'))], 'new-lineage identity', (0, 1)
    # a map and a leaf, with checksums up to the header
    for n in 5, first, blocks, 0xfffffffe:
        yield 'leaf-%d' % n, [('m.8', u32(n))], damaged, (0, 1)
    yield 'leaf-checksum', [('m.8', u32(first + 1) + u32(0))], damaged, (0, 1)
    yield 'map-goes-on', [('m.0', u32(first + 1))], damaged, (0, 1)
    yield 'leaf-full', [('m.8', u32(0xffffffff))], 'resumed -', (0, 1)


def write_cases(data, folder, rnd, only=None):
    def save(name, image, verdict):
        if only not in (None, name):
            return
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(image.data)
        print(name, verdict)

    for name, places, verdict in fields(rnd):
        image, mask = Image(data), rnd.randrange(1, 256)
        for block, at in places:
            image.data[block * BLOCK + at] ^= mask
        save(name, image, verdict)
    # no copy is whole, and not for the same reason: the more telling one is told
    for name, places, verdict in (('header-0-slot-1', ((0, 41), (COPY + 1, 300)), 'refused table-magic'),
                                  ('version-0-checksum-1', ((0, 8), (COPY, 41)), 'refused table-version'),
                                  ('checksum-0-version-1', ((0, 41), (COPY, 8)), 'refused table-version')):
        image = Image(data)
        for block, at in places:
            image.data[block * BLOCK + at] ^= 1
        save(name, image, verdict)
    for name, values, verdict, copies in forged(Image(data), rnd):
        if only not in (None, 'forged-' + name):
            continue
        image = Image(data)
        first, = struct.unpack_from('<I', image.get(1), AT['s.gen'] + 28)
        if (first + 1) * BLOCK > len(data):
            sys.exit('the map lies in block %d' % first)
        for field, value in values:
            if field[0] == 'm':
                image.put(first, int(field[2:]), value)
                field, value = 's.gen+32', u32(crc32c(image.get(first)))
            name_of, _, plus = field.partition('+')
            for c in copies:
                image.put(c * COPY + (field[0] == 's'), AT[name_of] + int(plus or 0), value)
        image.seal(not any(f == 'h.slot-crc' for f, _ in values))
        save('forged-' + name, image, verdict)


def main(argv):
    with open(argv[2], 'rb') as f:
        data = f.read()
    if argv[1] == 'cases':
        write_cases(data, argv[3], random.Random(int(argv[4])), *argv[5:6])
        return 0
    failed = 0
    image = Image(data).get
    for name, n, wrong in every_byte(image, Disk(argv[3], int(argv[4])), Driver(argv[5]), random.Random(int(argv[6])),
                                     int(argv[7])):
        print('%s - %s: %d loads' % ('not ok' if wrong else 'ok', name, n))
        for w in wrong[:5]:
            print('#', w)
        failed += bool(wrong)
    return failed


if __name__ == '__main__':
    sys.exit(main(sys.argv))
