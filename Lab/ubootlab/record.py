#!/usr/bin/env python3
"""Records what the lab's U-Boots print, as fixtures for parsers.

    Lab/uboot in-network python3 Lab/ubootlab/record.py FOLDER [BOARD…]

NAME.txt holds what came over the line, byte for byte: from the prompt that was there (boot: from the first byte after
power) to the next prompt. NAME.typed holds what was typed.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from boardlab import LabError  # noqa: E402
from ubootlab import tftp  # noqa: E402
from ubootlab.console import Board  # noqa: E402


class Recorder:
    def __init__(self, folder, name, console):
        self._folder, self._name, self.console = folder, name, console

    def save(self, topic):
        stem = f"{self._name}-{topic}"
        (self._folder / f"{stem}.txt").write_bytes(self.console.said)
        (self._folder / f"{stem}.typed").write_bytes(self.console.typed)
        print(stem, len(self.console.said), flush=True)
        self.console.begin(self.console.prompt)

    def commands(self, topic, *commands, patience=60):
        self.console.begin(self.console.prompt)
        for command in commands:
            self.console.command(command, patience)
        self.save(topic)


def record(folder, name, options, body, network=False):
    """Starts the board without power, and records its start first."""
    with tempfile.TemporaryDirectory() as scratch:
        if network:
            options = [*options, "--network", "tap:tap0"]
        with Board(scratch, "--wait-power", *options) as board:
            about = json.loads((board.state / "expected/banks.json").read_text())
            console = board.console(about["prompt"])
            board.run("power", "on")
            body(board, about, Recorder(folder, name, console))
            console.close()


def stop_countdown(console, mark, keys):
    console.until(mark)
    console.type(keys)
    console.until_prompt()


def boot(board, about, recorder):
    """However this board starts, to its prompt."""
    console = recorder.console
    if about["board"] == "malta":
        console.until_prompt()
    else:
        stop_countdown(console, "stop autoboot", " ")
    recorder.save("boot")


def common(board, about, recorder):
    bank = about["banks"][0]
    base = bank["base"]
    text = base + next(area["offset"] for area in bank["areas"] if area["kind"] == "text")
    blank = base + bank["size"] - 4 * bank["sectorSize"]
    recorder.commands("version-help", "version", "help")
    recorder.commands("bdinfo", "bdinfo")
    recorder.commands("flinfo", "flinfo")
    recorder.commands("printenv", "printenv", "printenv baudrate", "printenv nosuch")
    recorder.commands("md", *(f"{form} {text:x} {count}" for form, count in (
        ("md.b", "40"), ("md.b", "13"), ("md.w", "20"), ("md.l", "10"), ("md.l", "5"), ("md", "8"), ("md.q", "8"))),
        f"md.b {text + 3:x} 11", f"md.b {blank:x} 20", f"md.l {base:x} 8")
    recorder.commands("crc32", f"crc32 {text:x} 10000", f"crc32 {blank:x} 10000", f"crc32 {base:x} {bank['size']:x}",
                      "crc32", f"crc32 {text:x}", f"crc32 -v {text:x} 10000 12345678",
                      f"crc32 {text:x} 10000 {about['ram']['base'] + 0x2000000:x}")
    # Only the help of those that would start to load or send.
    recorder.commands("missing", "nosuchcommand", *(f"help {name}" for name in (
        "loady", "loadb", "saves", "tftpput", "hash", "sha1sum", "md5sum", "mtd", "sf", "nand")),
        "mtd list", "sf probe", "nand info", "echo 'AB''CD'")
    if "unknown" not in recorder.console.command("mtd list").lower():
        recorder.commands("mtd", "mtd list", f"mtd dump nor0 {text - base:x} 40", "mtd bad nor0", "mtd dump nosuch")


def serial_flash(board, about, recorder):
    """Flash that the processor does not see: it is read into memory first."""
    bank, load = about["banks"][0], about["loadAddress"]
    size = bank["size"]
    recorder.commands("version-help", "version", "help")
    recorder.commands("bdinfo", "bdinfo")
    recorder.commands("printenv", "printenv")
    recorder.commands("sf-unprobed", f"sf read {load:x} 0 100")
    recorder.commands("sf", "sf probe", "sf probe 0:0", f"sf read {load:x} 0 10000", f"crc32 {load:x} 10000",
                      f"sf read {load:x} {size - 0x1000:x} 1000", f"crc32 {load:x} 1000", f"md.b {load:x} 20",
                      f"sf read {load:x} 0 {size:x}", f"crc32 {load:x} {size:x}")
    recorder.commands("sf-past-end", f"sf read {load:x} {size - 0x1000:x} 2000", f"sf read {load:x} {size:x} 10",
                      "sf probe 0:1", f"sf read {load:x} 0 100")
    recorder.commands("missing", "flinfo", "nand info", "mtd list", "mtdparts")


def more(board, about, recorder):
    """What the -built boards have."""
    bank = about["banks"][0]
    text = bank["base"] + next(area["offset"] for area in bank["areas"] if area["kind"] == "text")
    recorder.commands("hash", *(f"hash {kind} {text:x} 10000" for kind in ("crc32", "sha1", "sha256", "md5")),
                      f"sha1sum {text:x} 10000", f"md5sum {text:x} 10000")
    console = recorder.console
    for name in ("loady", "loadb"):
        console.begin(console.prompt)
        console.type(f"{name} {about['loadAddress']:x}\r")
        console.until("bps...")
        console.read(1.5)
        console.type(b"\x03" if name == "loadb" else b"\x18\x18\x18\x03")
        console.until_prompt(60)
        recorder.save(name + "-cancelled")
    console.begin(console.prompt)
    console.type(f"saves {text:x} 80\r")
    console.until("ENTER")
    console.read(0.5)
    console.type("\r")
    console.read(1.5)
    console.type("\r")
    console.until_prompt()
    recorder.save("saves")


def transfers(board, about, recorder):
    """TFTP both ways, with the ways in which it fails."""
    console, load = recorder.console, about["loadAddress"]
    folder = board.state / "tftp"
    folder.mkdir(exist_ok=True)
    (folder / "small.bin").write_bytes((board.state / "expected/bank0.bin").read_bytes()[0x50000:0x70000])
    recorder.commands("tftpboot-no-ip", f"tftpboot {load:x} small.bin")
    recorder.commands("setenv-network", "setenv ipaddr 10.11.12.2", "setenv serverip 10.11.12.1",
                      "setenv netmask 255.255.255.0", "printenv ipaddr serverip", "setenv netretry no")
    with tftp.Server(folder):
        recorder.commands("tftpboot", f"tftpboot {load:x} small.bin", f"crc32 {load:x} $filesize",
                          "printenv filesize fileaddr")
        recorder.commands("tftpboot-missing", f"tftpboot {load:x} nosuch.bin")
        bank = about["banks"][0]
        recorder.commands("tftpput", f"tftpput {bank['base'] + 0x60000:x} 20000 10.11.12.1:up.bin",
                          f"tftpput {bank['base'] + 0x60000:x} 20000 up2.bin")
        same = (board.state / "expected/bank0.bin").read_bytes()[0x60000:0x80000]
        if (folder / "up.bin").exists() and (folder / "up.bin").read_bytes() != same:
            raise LabError("tftpput sent something else")
    console.begin(console.prompt)
    with tftp.Server(folder, silent=True):
        console.type(f"tftpboot {load:x} small.bin\r")
        console.until("T T ", 60)
        console.type(b"\x03")
        console.until_prompt(60)
    recorder.save("tftpboot-no-answer-ctrlc")
    # Nothing listens on the port.
    console.begin(console.prompt)
    console.type(f"tftpboot {load:x} small.bin\r")
    console.read(3)
    console.read(3)
    console.type(b"\x03")
    console.until_prompt(90)
    recorder.save("tftpboot-port-unreachable")
    recorder.commands("ping", "ping 10.11.12.1", "ping 10.11.12.77")


def into_linux(board, about, recorder):
    console, image = recorder.console, about["linux"]
    console.begin(console.prompt)
    with tftp.Server(board.state / "tftp"):
        for command in ("setenv ipaddr 10.11.12.2", "setenv serverip 10.11.12.1",
                        f"tftpboot {image['loadAddress']:x} {image['file']}", f"iminfo {image['loadAddress']:x}"):
            console.command(command, 120)
    recorder.save("linux-tftpboot")
    console.command(f"setenv bootargs {image['bootargs']}")
    console.command(f"setenv initrd_high {image['initrdHigh']}")
    console.type(f"bootm {image['loadAddress']:x}\r")
    console.until("root@malta:/# ", 120)
    console.read(1)
    recorder.save("linux-bootm")
    console.begin()
    for command in ("cat /proc/mtd", "uname -a", "ip addr show eth0", "md5sum /dev/mtd0ro /dev/mtd3ro"):
        console.type(command + "\r")
        console.until("root@malta:/# ", 60)
    recorder.save("linux-shell")


def reset(board, about, recorder):
    console = recorder.console
    console.begin(console.prompt)
    console.type("reset\r")
    if about["board"] == "malta":
        console.until_prompt(30)
    else:
        stop_countdown(console, "stop autoboot", " ")
    recorder.save("reset")


def missed(board, about, recorder):
    recorder.console.until("Starting application", 30)
    recorder.console.read(2)
    recorder.save("boot-missed")
    recorder.console.begin()
    board.run("power", "cycle")
    stop_countdown(recorder.console, "stop autoboot", " ")
    recorder.save("boot-after-power-cycle")


def keyed(mark, word):
    def body(board, about, recorder):
        stop_countdown(recorder.console, mark, word)
        recorder.save("boot")
        recorder.commands("version", "version")
    return body


def plain_boot(board, about, recorder):
    recorder.console.until_prompt(30)
    recorder.save("boot")
    recorder.commands("version", "version")


def without_crc32(board, about, recorder):
    stop_countdown(recorder.console, "stop autoboot", " ")
    recorder.commands("crc32", "crc32 be050000 100", "hash sha1 be050000 100", "help crc32", "md.b be050000 10")
    recorder.commands("version-help", "version", "help")


def sessions(*bodies):
    def body(board, about, recorder):
        for one in bodies:
            one(board, about, recorder)
    return body


ALL = {
    "malta": (["--board", "malta", "--linux"], sessions(boot, common, transfers, reset, into_linux), True),
    "malta-built": (["--board", "malta-built", "--linux"],
                    sessions(boot, common, more, transfers, reset, into_linux), True),
    "malta-built-missed": (["--board", "malta-built"], missed, False),
    "malta-built-none": (["--board", "malta-built", "--autoboot", "none", "--prompt", "ar7240> "], plain_boot, False),
    "malta-keyed": (["--board", "malta-built", "--autoboot", "key:tpl"], keyed("Autobooting", "tpl"), False),
    "malta-password": (["--board", "malta-built", "--autoboot", "password:secret"],
                       keyed("Enter password", "secret"), False),
    "malta-nocrc": (["--board", "malta-built", "--without", "crc32"], without_crc32, False),
    "malta-be-built": (["--board", "malta-be-built"], sessions(boot, common, more), False),
    "virt": (["--board", "virt"], sessions(boot, common, transfers, reset), True),
    "sabrelite": (["--board", "sabrelite"], sessions(boot, serial_flash), False),
    "virt-built": (["--board", "virt-built"], sessions(boot, common, more, transfers, reset), True),
}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or ALL:
        options, body, network = ALL[name]
        record(folder, name, options, body, network)


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"record: {error}")
