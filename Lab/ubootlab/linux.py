"""A Linux for the Malta board, in memory alone: what a user boots to reach flash that U-Boot cannot read out.

It sees the board's own NOR flash, and NAND that is simulated and filled with known content.
"""

import gzip
import json
from argparse import Namespace

from boardlab import LabError, cache, content, cpio, flash
from boardlab.modules import Modules

from . import uimage

_MAKER = "unpack-malta-linux"
_BLOCK = 128 * 1024
# Of an image with two parts: its header, and the sizes of the parts.
_HEAD = 64 + 12
# This kernel has no driver that finds the board's NOR flash; it can read it as memory.
_NOR = "nor,0x1e000000,0x400000,0x10000"
# What it can write without mtd-utils: memory that counts as NOR.
_RAM = "total_size=512 erase_size=64"
_RAM_SIZE = 512 * 1024


def build(state, board, seed):
    """Writes tftp/linux.img and expected/linux; returns what a user must know to boot it."""
    if board.name not in ("malta", "malta-built"):
        raise LabError("--linux is of malta and malta-built only")
    folder = cache.need("malta-linux/version", _MAKER).parent
    expected = state / "expected/linux"
    expected.mkdir(exist_ok=True)
    nand = flash.plan(Namespace(
        layout="lab", mtd="full", nor="none", nand="small", bad="3,12", bbt=False,
        nandsim="parts=2,4 overridesize=4", fill="part", flip=[], grave=[], writer=None, ubi=None))

    written, puts, partitions = bytearray(), [], []
    for partition in nand.partitions:
        data, used = content.image(seed, partition.index, _BLOCK, partition.blocks, partition.fill_blocks)
        content.erase_bad(partition, data)
        for block, count in content.runs(used - set(partition.bad)):
            puts.append(f"put {partition.index} {len(written) // _BLOCK} {block} {count}")
            written += data[block * _BLOCK:(block + count) * _BLOCK]
        (expected / f"mtd{partition.index}.bin").write_bytes(data)
        partitions.append(partition.describe())
    nor = flash.Partition(len(partitions), "nor", "ram", board.banks[0].size, board.sector)
    (expected / f"mtd{nor.index}.bin").write_bytes((state / "expected/bank0.bin").read_bytes())
    partitions.append(nor.describe())
    ram = flash.Partition(len(partitions), "mtdram test device", "ram", _RAM_SIZE, 64 * 1024)
    data, _ = content.image(seed, ram.index, _BLOCK, _RAM_SIZE // _BLOCK, _RAM_SIZE // _BLOCK)
    puts.append(f"put {ram.index} {len(written) // _BLOCK} 0 {_RAM_SIZE // _BLOCK}")
    written += data
    (expected / f"mtd{ram.index}.bin").write_bytes(data)
    partitions.append(ram.describe())
    (expected / "partitions.json").write_text(json.dumps(partitions, indent=2) + "\n")

    root = gzip.compress(_root(folder, nand.nand, puts, written), 6, mtime=0)
    load, entry, kernel = uimage.program((folder / "vmlinuz").read_bytes())
    (state / "tftp").mkdir(exist_ok=True)
    # The kernel wants its first root at a whole page. With initrd_high=ffffffff U-Boot leaves it where it lies.
    kernel += bytes(-(len(kernel) + _HEAD) % 4096)
    image = uimage.multi("Flashkeep lab", load, entry, kernel, root)
    (state / "tftp/linux.img").write_bytes(image)
    at = 0x84000000
    start = at + _HEAD + len(kernel)
    return {"file": "linux.img", "loadAddress": at, "initrdHigh": "ffffffff",
            "bootargs": f"console=ttyS0,115200 mem=256M rd_start={start:#x} rd_size={len(root):#x}"}


def _root(folder, nand, puts, written):
    archive = cpio.Archive()
    for name in ("proc", "sys", "dev", "tmp", "root", "sbin", "usr/bin", "usr/sbin", "lab/modules"):
        archive.folder(name)
    archive.node("dev/console", 5, 1)
    archive.file("bin/busybox", (folder / "busybox").read_bytes(), 0o755)
    archive.file("init", (cache.LAB / "guest/malta.sh").read_bytes(), 0o755)
    archive.file("etc/inittab", "ttyS0::respawn:-/bin/ash\n::respawn:/usr/sbin/telnetd -F -l /bin/ash\n")
    archive.file("etc/profile", "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='root@malta:\\w# '\n")
    archive.file("etc/passwd", "root::0:0:root:/root:/bin/ash\n")
    modules = Modules(folder / "modules")
    # nandsim first: its partitions get the first numbers.
    for name in ("nandsim", "phram", "mtdram", "pcnet32"):
        modules.add(name)
    for name, data in modules.data.items():
        archive.file(f"lab/modules/{name}.ko", data)
    archive.file("lab/content", bytes(written))
    archive.file("lab/plan.sh", "\n".join([
        f"NANDSIM='{nand}'", f"PHRAM='phram={_NOR}'", f"MTDRAM='{_RAM}'",
        f"MODULES='{' '.join(modules.order)}'",
        "prepare_flash() {", "    :", *(f"    {put}" for put in puts), "}", ""]))
    return archive.data()
