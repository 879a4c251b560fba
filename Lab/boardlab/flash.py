"""What flash a board has: chips, partitions, bad blocks, faults."""

from dataclasses import dataclass, field

from . import LabError

# NAND chips: second ID byte and MiB, for the IDs a test may want.
_CHIP_SIZES = {0xF2: 64, 0xA2: 64, 0xF1: 128, 0xA1: 128, 0xDA: 256, 0xAA: 256, 0xDC: 512, 0xAC: 512, 0xD3: 1024, 0xA3: 1024}

_DEFAULT_NAND = {
    "first_id_byte": "0x20", "second_id_byte": "0xaa", "third_id_byte": "0x00",
    "fourth_id_byte": "0x15", "parts": "8,64,256", "bch": "4",
}
# A chip cut down to 2^8 blocks: 32 MiB. It must be one of at most 128 MiB by its ID, from which the
# kernel takes the number of address bytes; the simulator takes it from the real size.
_SMALL_NAND = {**_DEFAULT_NAND, "second_id_byte": "0xf1", "parts": "4,16,64", "overridesize": "8"}

# The flash of the iSpot, a mobile router with RedBoot, in the order of its /proc/mtd: (size, name). Its last two
# partitions share one erase block.
_ISPOT = [
    (0x40000, "RedBoot"), (0x20000, "param"), (0x120000, "linux"), (0x600000, "rootfs"), (0x100000, "system"),
    (0x120000, "linux_2"), (0x600000, "rootfs_2"), (0x20000, "ver_1"), (0x20000, "ver_2"), (0x1F000, "FIS directory"),
    (0x1000, "RedBoot config"),
]

# Blocks a bad-block table takes at the end of the chip (two tables, and room to move them).
_TABLE_BLOCKS = 4


@dataclass
class Fault:
    block: int
    page: int
    bits: int
    fatal: bool     # more than the ECC can repair


@dataclass
class Partition:
    index: int
    name: str
    type: str                   # as sysfs says it
    size: int
    erase_size: int
    first_block: int = 0        # on its chip
    page_size: int = 1
    ecc_strength: int = 0
    ecc_step: int = 0
    fill_blocks: int = 0        # how many blocks get content; the rest stays erased
    bad: list = field(default_factory=list)
    table: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    live: list = field(default_factory=list)
    ubi: bool = False
    hidden: bool = False        # a chip that the board's kernel lists in its partitions alone
    chip: int = None            # the device of which this is a part
    offset: int = 0             # in bytes on that device

    @property
    def blocks(self):
        return self.size // self.erase_size

    @property
    def pages_per_block(self):
        return self.erase_size // self.page_size

    def describe(self):
        """As in partitions.json."""
        return {
            "index": self.index, "name": self.name, "size": self.size, "erasesize": self.erase_size,
            "writesize": self.page_size, "type": self.type, "badBlocks": self.bad + self.table,
            "tableBlocks": self.table,
            "correctedBlocks": sorted({f.block for f in self.faults if not f.fatal}),
            "failedBlocks": sorted({f.block for f in self.faults if f.fatal}),
            "liveBlocks": self.live, "ubi": self.ubi,
        }


@dataclass
class Flash:
    partitions: list
    nor: str            # module parameters, or None
    nand: str
    ispot: bool = False

    def partition(self, index):
        for partition in self.partitions:
            if partition.index == index:
                return partition
        raise LabError(f"this board has no mtd{index}")

    def block(self, index, block):
        partition = self.partition(index)
        if not 0 <= block < partition.blocks:
            raise LabError(f"mtd{index} has {partition.blocks} blocks, no block {block}")
        return partition


def plan(options):
    if options.layout == "ispot":
        flash = _plan_ispot()
        _plan_faults(options, flash)
        return flash
    partitions = []
    nor = nand = None
    if options.mtd == "full":
        if options.nor != "none":
            nor = _plan_nor(options.nor, partitions)
        if options.nand != "none":
            nand = _plan_nand(options, partitions)
        if not partitions:
            raise LabError("neither NOR nor NAND: use --mtd empty for a board without flash")
    flash = Flash(partitions, nor, nand)
    _plan_faults(options, flash)
    return flash


def _plan_ispot():
    erase, chip = 0x20000, len(_ISPOT)
    partitions, offset = [], 0
    for index, (size, name) in enumerate(_ISPOT):
        partitions.append(Partition(index, name, "ram", size, erase, chip=chip, offset=offset))
        offset += size
    partitions.append(Partition(chip, "mtdram test device", "ram", offset, erase, fill_blocks=offset // erase, hidden=True))
    return Flash(partitions, f"total_size={offset // 1024} erase_size={erase // 1024}", None, ispot=True)


def _plan_nor(text, partitions):
    try:
        size, erase = (int(part) for part in text.split(":"))
    except ValueError:
        raise LabError(f"--nor wants SIZE_KIB:ERASE_KIB, not {text}")
    if size <= 0 or erase <= 0 or size % erase:
        raise LabError("--nor: the size must be whole erase blocks")
    partitions.append(Partition(len(partitions), "mtdram test device", "ram", size * 1024,
                                erase * 1024, fill_blocks=size // erase))
    return f"total_size={size} erase_size={erase}"


def _plan_nand(options, partitions):
    parameters = dict(_SMALL_NAND if options.nand == "small" else _DEFAULT_NAND)
    parameters["badblocks"] = options.bad
    if options.bbt:
        parameters["bbt"] = "1"
    for word in options.nandsim.split():
        key, _, value = word.partition("=")
        parameters[key] = value
    if not parameters["badblocks"]:
        del parameters["badblocks"]

    # The fourth ID byte says how the chip is laid out.
    fourth = int(parameters["fourth_id_byte"], 0)
    page = 1024 << (fourth & 3)
    erase = 65536 << (fourth >> 4 & 3)
    chip = int(parameters["second_id_byte"], 0)
    if "overridesize" in parameters:
        blocks = 1 << int(parameters["overridesize"])
    elif chip in _CHIP_SIZES:
        blocks = _CHIP_SIZES[chip] * 1024 * 1024 // erase
    else:
        raise LabError(f"--nandsim: the size of chip {chip:#x} is not known to the lab; give overridesize=")
    bad = [int(block) for block in parameters.get("badblocks", "").split(",") if block]
    if any(not 0 <= block < blocks for block in bad):
        raise LabError(f"--bad: this chip has {blocks} blocks")
    table = range(blocks - _TABLE_BLOCKS, blocks) if parameters.get("bbt", "0") != "0" else range(0)

    strength = int(parameters.get("bch", "0"))
    sizes = [int(part) for part in parameters["parts"].split(",") if part]
    if sum(sizes) > blocks:
        raise LabError(f"--nandsim: the partitions need more than the chip's {blocks} blocks")
    whole = len(sizes)      # partitions before the rest
    if sum(sizes) < blocks:
        sizes.append(blocks - sum(sizes))
    first = 0
    for number, size in enumerate(sizes):
        inside = range(first, first + size)
        filled = size
        if number == whole and options.fill != "full":
            filled = min(size, 64 if options.nand == "default" else 16)
        partitions.append(Partition(
            len(partitions), f"NAND simulator partition {number}", "nand", size * erase, erase,
            first_block=first, page_size=page, ecc_strength=strength or 1,
            ecc_step=512 if strength else 256, fill_blocks=filled,
            bad=sorted({block - first for block in bad if block in inside}),
            table=[block - first for block in table if block in inside]))
        first += size
    return " ".join(f"{key}={value}" for key, value in parameters.items())


def _plan_faults(options, flash):
    for mtd, block, page, bits in options.flip:
        partition = _nand_block(flash, mtd, block, page)
        if not 1 <= bits <= partition.ecc_strength:
            raise LabError(f"--flip: the ECC of mtd{mtd} repairs 1 to {partition.ecc_strength} bits")
        partition.faults.append(Fault(block, page, bits, fatal=False))
    for mtd, block, page in options.grave:
        partition = _nand_block(flash, mtd, block, page)
        if partition.ecc_strength == 1 and partition.ecc_step == 512:
            raise LabError("--grave: BCH of one bit takes almost any two wrong bits for one; choose another bch=")
        # Hamming code sees two wrong bits for what they are, and takes three for one; BCH sees
        # almost any large number.
        bits = 2 if partition.ecc_strength == 1 else 3 * partition.ecc_strength
        partition.faults.append(Fault(block, page, bits, fatal=True))
    if options.writer:
        mtd, block = options.writer
        partition = flash.block(mtd, block)
        if partition.type == "nand":
            raise LabError("--writer wants a NOR partition")
        partition.live.append(block)
    if options.ubi is not None:
        flash.partition(options.ubi).ubi = True


def _nand_block(flash, mtd, block, page):
    partition = flash.block(mtd, block)
    if partition.type != "nand":
        raise LabError(f"mtd{mtd} is not NAND: it has no ECC to show faults")
    if block in partition.bad or block in partition.table:
        raise LabError(f"block {block} of mtd{mtd} is bad")
    if not 0 <= page < partition.pages_per_block:
        raise LabError(f"mtd{mtd} has {partition.pages_per_block} pages in a block")
    if any(fault.block == block and fault.page == page for fault in partition.faults):
        raise LabError(f"page {page} of block {block} of mtd{mtd} already has a fault")
    return partition


def fault_bits(partition, fault):
    """(byte offset in the partition, bit) of each flip; all inside the page's first ECC step."""
    start = fault.block * partition.erase_size + fault.page * partition.page_size
    return [(start + 7 + 19 * number, number * 3 % 8) for number in range(fault.bits)]
