"""Which boards there are, and where things lie on them."""

from dataclasses import dataclass
from pathlib import Path

from boardlab import LabError, cache

from . import sandbox

_MIB = 1 << 20
ON_BOARD = "on board"   # the network device is a part of the board


@dataclass(frozen=True)
class Bank:
    base: int           # where the processor reads it; of serial flash 0, which is no address
    size: int           # what U-Boot lists
    file_size: int      # what QEMU wants the file to have; U-Boot sees the first part of it


@dataclass(frozen=True)
class Board:
    name: str
    qemu: tuple
    network: str        # the network device
    prompt: str
    image: str          # of U-Boot: a path on this machine, or the name of a build
    banks: tuple
    sector: int
    ram: tuple          # first address, size
    load_address: int   # what U-Boot itself uses unless told otherwise
    swapped: int        # up to here QEMU's file holds each 32-bit word turned round
    big_endian: bool
    environment: tuple  # address, size
    # Machine code that waits for ever, for a kernel that says nothing.
    sleep: tuple
    kind: str = "nor"           # of the flash, as in the backup's manifest
    drive: str = "pflash"       # QEMU's name for how it is attached
    # Put on the line before its own: the console is not always the first port.
    other_ports: int = 0
    # Where QEMU puts U-Boot into memory, for a processor that does not start from this flash.
    firmware_at: int = None
    # Starts something unless its environment in flash says otherwise, so that it must have one.
    boots: bool = False
    variants: tuple = ()        # of the build: what its name ends with

    @property
    def built(self):
        return not self.image.startswith("/")

    def firmware(self, variant=""):
        if not self.built:
            path = Path(self.image)
            if not path.exists():
                raise LabError(f"{path} is missing: run {cache.LAB / 'setup'} first")
            return path.read_bytes()
        return cache.need(f"uboot/{self.image}{variant}.bin", "build-uboot").read_bytes()


def _malta(name, image, prompt, big_endian=False, uart=()):
    machine = "qemu-system-mips" if big_endian else "qemu-system-mipsel"
    return Board(
        name=name, qemu=(machine, "-M", "malta", "-m", "256", *uart), network="pcnet", prompt=prompt, image=image,
        banks=(Bank(0xBE000000, 4 * _MIB, 4 * _MIB),), sector=0x10000, ram=(0x80000000, 256 * _MIB),
        load_address=0x81000000, swapped=0 if big_endian else 0x3E0000, big_endian=big_endian,
        environment=(0xBE3E0000, 0x20000), boots=name != "malta",
        variants=("-keyed", "-password", "-nocrc") if name == "malta-built" else (),
        sleep=(0x42000020, 0x1000FFFE, 0))     # wait; b .-4; nop


def _virt(name, image):
    return Board(
        name=name, qemu=("qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15", "-m", "256"),
        network="virtio-net-pci", prompt="=> ", image=image,
        # QEMU has two 16-bit chips side by side in each bank; U-Boot takes them for one of half the size.
        banks=(Bank(0, 32 * _MIB, 64 * _MIB), Bank(0x04000000, 32 * _MIB, 64 * _MIB)), sector=0x20000,
        ram=(0x40000000, 256 * _MIB), load_address=0x40200000, swapped=0, big_endian=False,
        environment=(0x04000000, 0x40000), sleep=(0xE320F003, 0xEAFFFFFD))     # wfi; b .-4


def _sabrelite():
    # QEMU's model of the board; it has an SST25VF016B on the first chip select of its first SPI controller.
    return Board(
        name="sabrelite", qemu=("qemu-system-arm", "-M", "sabrelite", "-m", "1G"), network=ON_BOARD, prompt="=> ",
        image="sabrelite", banks=(Bank(0, 2 * _MIB, 2 * _MIB),), sector=0x1000, ram=(0x10000000, 1024 * _MIB),
        load_address=0x12000000, swapped=0, big_endian=False, environment=(0x1FE000, 0x2000),
        sleep=(0xE320F003, 0xEAFFFFFD), kind="spi-nor", drive="mtd", other_ports=1, firmware_at=0x17800000, boots=True,
        variants=("-nocrc",))


ALL = {board.name: board for board in (
    _malta("malta", "/usr/lib/u-boot/maltael/u-boot.bin", "maltael # "),
    _malta("malta-built", "malta", "maltael # "),
    # The UART's clock is the one that this build is told of: 14.7456 MHz, up to 921600 bits a second.
    _malta("malta-fast-built", "malta-fast", "maltael # ", uart=("-global", "isa-serial.baudbase=921600")),
    _malta("malta-be-built", "malta-be", "malta # ", big_endian=True),
    # They write flash word by word.
    _malta("malta-words-built", "malta-words", "maltael # "),
    _virt("virt", "/usr/lib/u-boot/qemu_arm/u-boot.bin"),
    _virt("virt-built", "virt"),
    _virt("virt-words-built", "virt-words"),
    _sabrelite(),
    # U-Boot as a program of this machine, with NAND.
    sandbox.Board("sandbox-nand", "sandbox-nand", sandbox.SMALL),
    sandbox.Board("sandbox-mtd", "sandbox-mtd", sandbox.LARGE),
)}
