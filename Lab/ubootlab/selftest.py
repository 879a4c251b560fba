#!/usr/bin/env python3
"""Tries the U-Boot boards, one after the other: `python3 Lab/ubootlab/selftest.py [NAME…]`. Two to three minutes.

What is not prepared in the cache is skipped with a word.
"""

import contextlib
import hashlib
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import termios
import time
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from boardlab import LabError, cache  # noqa: E402
from ubootlab import tftp  # noqa: E402
from ubootlab.console import UBOOT, Board  # noqa: E402


def about(board):
    return json.loads((board.state / "expected/banks.json").read_text())


def expected(board, bank=0):
    return (board.state / f"expected/bank{bank}.bin").read_bytes()


def ensure(truth, what):
    if not truth:
        raise LabError(what)


@contextlib.contextmanager
def board_of(*options):
    with tempfile.TemporaryDirectory(prefix="uboot-selftest-") as state, Board(state, *options) as board:
        yield board


def checked_sum(console, base, data, patience=60):
    said = console.command(f"crc32 {base:x} {len(data):x}", patience)
    found = re.search(r"==> ([0-9a-f]{8})", said)
    ensure(found and int(found[1], 16) == zlib.crc32(data), f"crc32 says {said!r}, expected {zlib.crc32(data):08x}")


def count(board):
    return json.loads(board.run("line").stdout)


# The tests --------------------------------------------------------------------------------------

def malta():
    with board_of("--board", "malta", "--wait-power") as board:
        console = board.console(about(board)["prompt"])
        console.type("lost while off\r")
        ensure(not console.read(1), "a board that is off spoke")
        board.run("power", "on")
        start = console.until_prompt()
        ensure(b"lost" not in start and b"U-Boot" in start, f"first words {start!r}")
        ensure("U-Boot 20" in console.command("version"), "no version")
        ensure(console.command("flinfo").count("BE") >= 64, "not 64 sectors")
        checked_sum(console, 0xBE000000, expected(board))
        checked_sum(console, 0xBE050000, expected(board)[0x50000:0x60000])
        ensure(count(board)["fromBoard"] == len(console.said), "bytes from the board are counted wrongly")
        ensure(count(board)["toBoard"] == len(console.typed), "bytes to the board are counted wrongly")
        console.type("md.b be000000 100000\r")
        console.until(b"be000100")
        board.run("power", "reset")
        console.until("U-Boot 20")
        console.until_prompt()
        console.command("version")
        board.run("check")
        console.type("reset\r")
        console.until("U-Boot 20")
        console.until_prompt()
        board.run("stop")
        board.run("check")
        image = board.state / "flash0.img"
        data = bytearray(image.read_bytes())
        data[0x123456] ^= 1
        image.write_bytes(data)
        done = board.run("check", check=False)
        ensure(done.returncode == 1 and "sectors [18]" in done.stdout, f"check said {done.stdout!r}")


def random():
    with board_of("--board", "malta", "--fill", "random", "--seed", "5") as board:
        console = board.console("maltael # ")
        console.settle()
        checked_sum(console, 0xBE000000, expected(board))
    with board_of("--board", "malta", "--fill", "as-is") as board:
        ensure(set(expected(board)[0x100000:]) == {255}, "as-is is not blank")


def line():
    """Damage, pace and hanging up."""
    with board_of("--board", "malta", "--line-faults", "drop=1/50,flip=1/50,repeat=1/50,seed=3") as board:
        console = board.console("maltael # ")
        console.type(" \r")
        console.read(1)
        console.type("md.b be050000 400\r")
        while console.read(2):
            pass
        faults = count(board)["fromBoardFaults"]
        ensure(min(faults.values()) > 20, f"few faults: {faults}")
        ensure(count(board)["fromBoard"] - faults["drop"] + faults["repeat"] == len(console.said), "not all bytes told")
        board.run("line", "--faults", "none")
        console.settle()
        checked_sum(console, 0xBE050000, expected(board)[0x50000:0x60000])
        board.run("line", "--rate", "115200")
        start, before = time.monotonic(), len(console.said)
        console.command("md.b be050000 400")
        speed = (len(console.said) - before) / (time.monotonic() - start)
        ensure(speed < 11800, f"{speed:.0f} bytes/s")
        board.run("line", "--rate", "0", "--faults", "fifo=16")
        console.type("echo 0123456789012345678901234567890123456789\r")
        console.read(1)
        ensure(count(board)["toBoardLost"] > 0, "a receiver of 16 bytes lost nothing")
        board.run("line", "--faults", "none", "--cut")
        try:
            while console.read(2):
                pass
            raise AssertionError("the line was not cut")
        except LabError:
            pass
        console = board.console("maltael # ")
        console.type("\x03")
        console.settle()


def terminal():
    with board_of("--board", "malta", "--serial", "pty") as board:
        descriptor = os.open((board.state / "serial-pty").read_text().strip(), os.O_RDWR | os.O_NOCTTY)

        def at(rate):
            settings = termios.tcgetattr(descriptor)
            settings[4] = settings[5] = getattr(termios, f"B{rate}")
            termios.tcsetattr(descriptor, termios.TCSANOW, settings)

        def said(text, until=None):
            os.write(descriptor, text)
            got, end = b"", time.monotonic() + (20 if until else 1)
            while time.monotonic() < end and not (until and until in got):
                if select.select([descriptor], [], [], 0.1)[0]:
                    got += os.read(descriptor, 4096)
            ensure(not until or until in got, f"the terminal said {got!r}")
            return got

        at(115200)
        ensure(b"version\r\nU-Boot" in said(b" \rversion\r", b"gcc"), "version is not understood")
        said(b"setenv baudrate 38400\r", b"press ENTER")
        time.sleep(0.5)
        ensure(count(board)["boardRate"] == 38400, "the board keeps its rate")
        garbage = said(b" \r")
        ensure(b"maltael" not in garbage, f"at the wrong rate came {garbage!r}")
        at(38400)
        said(b" \r", b"maltael # ")
        ensure(count(board)["boardRate"] == count(board)["clientRate"] == 38400, f"{count(board)}")
        said(b"setenv baudrate\r", b"may not be deleted")
        at(9600)
        garbage = said(b"version\r")
        ensure(garbage and b"maltael" not in garbage, f"at the wrong rate came {garbage!r}")
        board.run("power", "reset")
        at(115200)
        said(b" \r", b"maltael # ")
        os.close(descriptor)


def fast():
    """A UART with a quick clock makes quick rates."""
    with board_of("--board", "malta-fast-built", "--autoboot", "none") as board:
        console = board.console("maltael # ")
        console.settle()
        console.type("setenv baudrate 921600\r")
        console.until("## Switch baudrate to 921600 bps and press ENTER ...")
        console.type(" \r")
        console.until_prompt()
        ensure("baudrate=921600" in console.command("printenv baudrate"), "the rate is not set")


def lifetime():
    with board_of("--board", "malta", "--lifetime", "6") as board:
        pids = [int((board.state / name).read_text()) for name in ("qemu.pid", "line.pid")]
        end = time.monotonic() + 20
        while any(_lives(pid) for pid in pids) and time.monotonic() < end:
            time.sleep(0.2)
        ensure(not any(_lives(pid) for pid in pids), "the board outlived its time")


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def virt():
    with board_of("--board", "virt", "--wait-power") as board:
        console = board.console("=> ")
        board.run("power", "on")
        console.until("stop autoboot")
        console.type(" ")
        console.until_prompt()
        ensure(console.command("mtd list").count("* nor") == 2, "not two chips")
        for number, base in enumerate((0, 0x04000000)):
            checked_sum(console, base, expected(board, number))
        board.run("check")


def built():
    cache.need("uboot/malta.bin", "build-uboot")
    with board_of("--board", "malta-built", "--wait-power") as board:
        console = board.console("maltael # ")
        board.run("power", "on")
        console.until("Starting application at 0x81000000 ...\r\n", 60)
        console.type(" \r\x03")
        ensure(not console.read(1), "a silent kernel spoke")
        board.run("power", "cycle")
        console.until("stop autoboot", 60)
        console.type(" ")
        console.until_prompt()
        data = expected(board)[0x60000:0x70000]
        ensure(hashlib.sha1(data).hexdigest() in console.command("hash sha1 be060000 10000"), "sha1 differs")
        checked_sum(console, 0xBE000000, expected(board))
        ensure(zlib.crc32(b"\xff" * 65536) == 0xDEAB7E4E, "crc32 of blank")
        board.run("check")


def variants():
    cache.need("uboot/malta.bin", "build-uboot")
    for options, mark, keys in (
            (("--autoboot", "key:tpl"), "Autobooting in 2 seconds", "tpl"),
            (("--autoboot", "password:secret"), "Enter password", "secret"),
            (("--autoboot", "none", "--prompt", "ar7240> "), "U-Boot", "")):
        with board_of("--board", "malta-built", "--wait-power", *options) as board:
            console = board.console(about(board)["prompt"])
            board.run("power", "on")
            console.until(mark)
            console.type(keys)
            console.until_prompt()
            checked_sum(console, 0xBE000000, expected(board))
    with board_of("--board", "malta-built", "--without", "crc32", "--autoboot", "none") as board:
        console = board.console("maltael # ")
        console.settle()
        ensure("Unknown command" in console.command("crc32 be000000 10"), "crc32 is there")
    with board_of("--board", "malta-be-built", "--autoboot", "none") as board:
        console = board.console("malta # ")
        console.settle()
        word = expected(board)[0x50000:0x50004].hex()
        ensure(f"be050000: {word}" in console.command("md.l be050000 1"), "words are not big-endian")
        checked_sum(console, 0xBE000000, expected(board))


def virt_built():
    cache.need("uboot/virt.bin", "build-uboot")
    with board_of("--board", "virt-built", "--autoboot", "none") as board:
        console = board.console("=> ")
        console.settle()
        checked_sum(console, 0x04000000, expected(board, 1))


def sabrelite():
    """Serial flash: what `sf read` brings into memory is what is expected."""
    cache.need("uboot/sabrelite.bin", "build-uboot")
    with board_of("--board", "sabrelite", "--wait-power") as board:
        console = board.console("=> ")
        board.run("power", "on")
        console.until("stop autoboot", 60)
        console.type(" ")
        console.until_prompt()
        data, load = expected(board), about(board)["loadAddress"]
        ensure("total 2 MiB" in console.command("sf probe"), "not a chip of 2 MiB")
        ensure("Read: OK" in console.command(f"sf read {load:x} 0 {len(data):x}", 120), "not read")
        checked_sum(console, load, data)
        board.run("power", "reset")
        console.until("stop autoboot", 60)
        console.type(" ")
        console.until_prompt()
        board.run("check")
        console.command("sf probe")
        console.command("sf erase 100000 1000", 60)
        done = board.run("check", check=False)
        ensure(done.returncode == 0, "blank stays blank")
        console.command(f"sf write {load:x} 100000 100", 60)
        done = board.run("check", check=False)
        ensure(done.returncode == 1 and "sectors [256]" in done.stdout, f"check said {done.stdout!r}")


def linux():
    """Over QEMU's own network: what Linux reads is what is expected."""
    cache.need("malta-linux/version", "unpack-malta-linux")
    with board_of("--board", "malta", "--linux", "--network", "user") as board:
        image = about(board)["linux"]
        console = board.console("maltael # ")
        console.settle()
        for command in ("setenv ipaddr 10.0.2.15", "setenv serverip 10.0.2.2", f"setenv bootargs {image['bootargs']}",
                        f"setenv initrd_high {image['initrdHigh']}"):
            console.command(command)
        ensure("Bytes transferred" in console.command(f"tftpboot {image['loadAddress']:x} {image['file']}", 120),
               "not loaded")
        console.type(f"bootm {image['loadAddress']:x}\r")
        console.until("root@malta:/# ", 180)
        for number in range(4):
            data = (board.state / f"expected/linux/mtd{number}.bin").read_bytes()
            console.type(f"md5sum /dev/mtd{number}ro\r")
            said = console.until(f"  /dev/mtd{number}ro", 120).decode(errors="replace")
            ensure(hashlib.md5(data).hexdigest() in said, f"mtd{number} differs: {said!r}")
        board.run("check")


def network():
    """TFTP both ways over a tap device."""
    done = subprocess.run([str(UBOOT), "in-network", sys.executable, __file__, "inside"],
                          text=True, capture_output=True)
    if done.returncode == 69:
        raise LabError(f"is missing: {done.stderr.strip()}")
    ensure(done.returncode == 0, done.stderr + done.stdout)


def inside():
    with board_of("--board", "malta-built", "--network", "tap:tap0", "--autoboot", "none") as board:
        folder = board.state / "tftp"
        folder.mkdir(exist_ok=True)
        data = expected(board)
        (folder / "down.bin").write_bytes(data[:300_000])
        console = board.console("maltael # ")
        console.settle()
        for command in ("setenv ipaddr 10.11.12.2", "setenv serverip 10.11.12.1"):
            console.command(command)
        with tftp.Server(folder):
            console.command("tftpboot 81000000 down.bin", 60)
            checked_sum(console, 0x81000000, data[:300_000])
            console.command("tftpput be050000 40000 10.11.12.1:up.bin", 60)
        ensure((folder / "up.bin").read_bytes() == data[0x50000:0x90000], "what came is not what was sent")
        joined = board.run("check")
        ensure(joined.returncode == 0, "check")
        seen = subprocess.run([str(UBOOT), "in-network", "--state", str(board.state), "ip", "addr", "show", "tap0"],
                              capture_output=True, text=True)
        ensure("10.11.12.1" in seen.stdout, f"the board's network cannot be joined: {seen.stderr}")


ALL = (malta, random, line, terminal, lifetime, virt, built, variants, virt_built, sabrelite, fast, linux, network)


def main():
    wanted = [globals()[name.replace("-", "_")] for name in sys.argv[1:]] or ALL
    failed = False
    for test in wanted:
        start = time.monotonic()
        try:
            test()
            said = "ok"
        except LabError as error:
            missing = "is missing: " in str(error)
            failed = failed or not missing
            said = f"{'skipped' if missing else 'FAILED'}: {error}"
        print(f"{test.__name__}: {said} ({time.monotonic() - start:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
