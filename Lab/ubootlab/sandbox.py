"""Boards whose U-Boot is a program of this machine (its "sandbox") and has NAND flash; no QEMU.

Its chip is the file nand0.img, each page followed by its OOB bytes: see Lab/sandbox/u-boot.patch. U-Boot itself writes
the content, before the board starts, so that error-correcting codes and tables of bad blocks are its own.
"""

import json
import os
import random
import subprocess
import time
from dataclasses import dataclass

from boardlab import LabError, cache, content as words, machine

from . import content

_MIB = 1 << 20
IMAGE = "nand0.img"
_MEMORY = 0x1000000     # where the content is loaded, in the program's 256 MiB


@dataclass(frozen=True)
class Chip:
    """As in the device tree of the same name."""
    tree: str
    page: int
    oob: int
    block: int
    size: int
    marker: int         # the OOB byte that marks a bad block
    table: int          # blocks at the end that hold the table of bad blocks

    @property
    def raw_block(self):
        return self.block // self.page * (self.page + self.oob)


SMALL = Chip("small", 512, 16, 8 << 10, 4 * _MIB, marker=5, table=0)
LARGE = Chip("large", 2048, 64, 128 << 10, 4 * _MIB, marker=0, table=4)


@dataclass(frozen=True)
class Board:
    name: str
    image: str          # of U-Boot, below .lab/uboot
    chip: Chip
    prompt: str = "=> "
    boots: bool = False

    def command(self):
        program = cache.need(f"uboot/{self.image}.bin", "build-uboot")
        tree = cache.need(f"uboot/sandbox-{self.chip.tree}.dtb", "build-uboot")
        # Raw: ^C goes to U-Boot and does not end the program.
        return [str(program.resolve()), "-t", "raw", "-d", str(tree.resolve())]


# Content ----------------------------------------------------------------------------------------

# (first byte, kind) of blocks that are not blank; the partitions are those of Lab/build-uboot.
_CONTENT = (
    (0, "text"), (0x40000, "half"),
    (0x80000, "random"), (0xA0000, "text"), (0xC0000, "text"), (0xE0000, "half"),
    (0x180000, "text"), (0x200000, "random"),
)


def _blocks(board, bad, seed):
    """The content by block number; the one of a bad block lies in the next good one, where that is free."""
    chip, rng = board.chip, random.Random(f"sandbox:{seed}")
    blocks = {}
    for offset, kind in _CONTENT:
        block = offset // chip.block
        while block in bad or block in blocks:
            block += 1
        if kind == "random":
            data = rng.randbytes(chip.block)
        else:
            head = f"# block {block} seed {seed}\n".encode()
            data = (head + words.text(rng, chip.block))[:chip.block]
        if kind == "half":
            data = data[:chip.block // 2] + b"\xff" * (chip.block // 2)
        blocks[block] = data
    return blocks


def _make(state, board, bad, blocks):
    """The chip's file: bad blocks as a factory marks them, then U-Boot writes the rest."""
    chip = board.chip
    bank = bytearray(b"\xff") * chip.size
    raw = bytearray(b"\xff") * (chip.size // chip.block * chip.raw_block)
    for block in bad:
        for page in (0, 1):
            raw[block * chip.raw_block + page * (chip.page + chip.oob) + chip.page + chip.marker] = 0
    (state / IMAGE).write_bytes(raw)
    lines = ["host load hostfs - %x expected/bank0.bin" % _MEMORY]
    for block, data in sorted(blocks.items()):
        at = block * chip.block
        bank[at:at + chip.block] = data
        # Without blank pages at the end, which would otherwise be programmed.
        lines.append("nand write.trimffs %x %x %x" % (_MEMORY + at, at, chip.block))
    # U-Boot writes its table of bad blocks when it first asks for one.
    lines.append("nand bad")
    (state / "expected/bank0.bin").write_bytes(bank)
    said = subprocess.run(
        [*board.command(), "-c", "; ".join(["true", *lines, "poweroff"])], cwd=state, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60)
    if said.returncode or said.stdout.count("written: OK") != len(blocks):
        raise LabError(f"U-Boot did not write its flash: {(said.stdout + said.stderr)[-1000:]}")


def prepare(state, board, options):
    """Writes the chip, expected/ and start.json. What banks.json says is returned."""
    chip = board.chip
    count = chip.size // chip.block - chip.table
    if any(not 0 <= block < count for block in options.bad):
        raise LabError(f"bad blocks of {board.name} are from 0 to {count - 1}")
    (state / "expected").mkdir(exist_ok=True)
    blocks = {} if options.fill == "as-is" else _blocks(board, options.bad, options.seed)
    _make(state, board, options.bad, blocks)
    content.note(state, chip.raw_block, [IMAGE])
    return {
        "board": board.name, "bigEndian": False, "loadAddress": 0, "ram": {"base": 0, "size": 256 * _MIB},
        "banks": [{
            "index": 0, "base": 0, "size": chip.size, "sectorSize": chip.block, "kind": "nand", "file": "bank0.bin",
            "pageSize": chip.page, "oobSize": chip.oob, "badBlocks": sorted(options.bad), "tableBlocks": chip.table,
            "areas": [],
        }],
    }


# Running ----------------------------------------------------------------------------------------

def launch(state, board, lifetime):
    """The program, with its console on the line's pipes; it says its number itself, as QEMU does."""
    command = ["timeout", "-k", "5", str(lifetime), "sh", "-c", 'echo $$ >qemu.pid; exec "$0" "$@"', *board.command()]
    # A console that has nothing to say must not stop the program.
    line_in = os.open(state / "line.in", os.O_RDONLY | os.O_NONBLOCK)
    line_out = os.open(state / "line.out", os.O_WRONLY)
    try:
        with open(state / "qemu.log", "wb") as log:
            return subprocess.Popen(
                command, cwd=state, stdin=line_in, stdout=line_out, stderr=log, start_new_session=True)
    finally:
        os.close(line_in)
        os.close(line_out)


def wait(state, process):
    """Until program and line are there."""
    end = time.monotonic() + 20
    while not (machine.running(state) and (state / "line-bytes").exists()):
        if process.poll() is not None:
            raise LabError("U-Boot ended")
        if time.monotonic() > end:
            raise LabError("the board was not up in time")
        time.sleep(0.02)
