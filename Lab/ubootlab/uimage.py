"""Makes what U-Boot's bootm takes: a kernel and its first root in one "multi" image."""

import struct
import zlib

from boardlab import LabError

_LINUX, _MIPS, _MULTI, _UNPACKED = 5, 5, 4, 0


def program(elf):
    """(load address, entry, bytes) of a 32-bit little-endian ELF file, as objcopy -O binary has it."""
    if elf[:6] != b"\x7fELF\x01\x01":
        raise LabError("the kernel is not the ELF file it should be")
    entry, headers = struct.unpack_from("<II", elf, 24)
    size, count = struct.unpack_from("<HH", elf, 42)
    parts = []
    for number in range(count):
        kind, offset, _, physical, length = struct.unpack_from("<IIIII", elf, headers + number * size)
        if kind == 1:       # to be loaded
            parts.append((physical, elf[offset:offset + length]))
    parts.sort()
    start = parts[0][0]
    made = bytearray()
    for address, data in parts:
        made = made.ljust(address - start, b"\0") + data
    return start, entry, bytes(made)


def multi(name, load, entry, *parts):
    data = b"".join(struct.pack(">I", len(part)) for part in parts) + bytes(4)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        data += part if last else part + bytes(-len(part) % 4)

    def head(checksum):
        return struct.pack(">7I4B32s", 0x27051956, checksum, 0, len(data), load, entry, zlib.crc32(data),
                           _LINUX, _MIPS, _MULTI, _UNPACKED, name.encode())
    return head(zlib.crc32(head(0))) + data
