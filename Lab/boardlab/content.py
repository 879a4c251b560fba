"""What the flash holds: made from a seed, so a test can know it without reading the board.

Kept simple and quick (a start should take seconds): blocks of text that compress, blocks that do
not, blocks that are partly erased, and an erased end.
"""

import random

from . import flash

_ERASED = b"\xff"
_WORDS = ("boot", "kernel", "rootfs", "eth0", "br-lan", "wlan0", "option", "config", "interface",
          "proto", "static", "dhcp", "ipaddr", "netmask", "firewall", "zone", "accept", "drop",
          "uci", "opkg", "ubifs", "squashfs", "overlay", "led", "button", "calibration")


def text(rng, size):
    lines, length = [], 0
    while length < size:
        line = " ".join(rng.choices(_WORDS, k=6)) + f" '{rng.randrange(10 ** 6)}'\n"
        lines.append(line)
        length += len(line)
    return "".join(lines).encode()[:size]


def image(seed, index, erase_size, blocks, fill_blocks):
    """The content of a partition as if it had no bad blocks, and which of its blocks have any."""
    rng = random.Random(f"{seed}:{index}")
    pool = text(rng, erase_size)
    # The end of every partition stays erased, as on most boards.
    filled = min(fill_blocks, blocks - max(1, blocks // 8)) if blocks > 1 else fill_blocks
    data = bytearray(_ERASED) * (erase_size * blocks)
    for block in range(filled):
        kind = rng.randrange(8)
        start = block * erase_size
        if block == 0 or kind < 2:
            # Each block says where it is: a block read from the wrong place is easy to tell.
            head = f"# mtd{index} block {block} seed {seed}\n".encode()
            turn = rng.randrange(erase_size)
            data[start:start + erase_size] = (head + pool[turn:] + pool[:turn])[:erase_size]
        elif kind < 7:
            data[start:start + erase_size] = rng.randbytes(erase_size)
        else:
            # Half text, half erased: an erased part in the middle, not only at the end.
            data[start:start + erase_size // 2] = pool[:erase_size // 2]
    used = set(range(filled))
    if blocks - fill_blocks > 16:
        # One lone block far behind, so that "all erased from here" is not true of the whole rest.
        used.add(blocks - 8)
        lone = (blocks - 8) * erase_size
        data[lone:lone + erase_size] = rng.randbytes(erase_size)
    return data, used


def expected(partition, written):
    """What the partition reads as, given what was written to it."""
    for fault in partition.faults:
        if fault.fatal:
            # The driver hands out the page as it is when the ECC cannot repair it.
            for offset, bit in flash.fault_bits(partition, fault):
                written[offset] ^= 1 << bit
    return written


def erase_bad(partition, data):
    for block in partition.bad + partition.table:
        start = block * partition.erase_size
        data[start:start + partition.erase_size] = _ERASED * partition.erase_size


def runs(blocks):
    """(first block, blocks) of each stretch in a set of blocks."""
    found = []
    for block in sorted(blocks):
        if found and block == sum(found[-1]):
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((block, 1))
    return found
