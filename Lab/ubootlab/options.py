"""The command line."""

import argparse
from pathlib import Path

from boardlab import LabError, forms

from . import boards, faults


def _rate(text):
    return text if text == "line" else forms.positive(text)


def _faults(text):
    try:
        return faults.parse(text)
    except LabError as error:
        raise argparse.ArgumentTypeError(str(error))


def _autoboot(text):
    kind, _, word = text.partition(":")
    if kind not in ("default", "countdown", "none", "key", "password") or (kind in ("key", "password")) != bool(word):
        raise argparse.ArgumentTypeError("wants countdown, none, key:STRING or password:STRING")
    return kind, word


def _blocks(text):
    try:
        return frozenset(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError("wants block numbers, as 3,8")


def _network(text):
    kind, _, name = text.partition(":")
    if kind not in ("none", "user", "tap") or (kind == "tap") != bool(name):
        raise argparse.ArgumentTypeError("wants none, user or tap:NAME")
    return text


def _variable(text):
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("wants NAME=VALUE")
    return name, value


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="Lab/uboot", description="Boards that stop in U-Boot, with NOR flash, run by QEMU.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, text, state=True):
        made = commands.add_parser(name, help=text, description=text)
        if state:
            forms.add_state(made)
        return made

    start = command("start", "start a board; returns when U-Boot speaks, or at once with --wait-power")
    command("stop", "end the board of this folder")
    command("check", "compare the whole flash with what it held at the start; while the board runs or after")
    power = command("power", "switch the board on or off, press its reset button, or switch it off and on")
    power.add_argument("what", choices=["on", "off", "reset", "cycle"])
    line = command("line", "print what passed the serial line; change it while the board runs")
    line.add_argument("--faults", type=_faults, metavar="LIST", help="as start's --line-faults; none ends them")
    line.add_argument("--rate", type=int, metavar="BAUD", help="0: as fast as it goes")
    line.add_argument("--zero", action="store_true", help="count from here")
    line.add_argument("--cut", action="store_true", help="take the line away from its client")
    said = command("say", "type commands at the prompt, which must be there, and print what the board says")
    said.add_argument("lines", nargs="+", metavar="LINE")
    inside = command("in-network", "run a command as root of a network of its own, with a tap device for a board",
                     state=False)
    inside.add_argument("--state", type=lambda text: Path(text).resolve(), metavar="DIR",
                        help="in the network of this board instead of a new one")
    inside.add_argument("--tap", default="tap0", metavar="NAME", help="(default: %(default)s)")
    inside.add_argument("--address", default="10.11.12.1/24", help="of this side (default: %(default)s)")
    inside.add_argument("run", nargs=argparse.REMAINDER, metavar="COMMAND",
                        help="without one: only say if it can be done")

    start.add_argument("--board", required=True, choices=list(boards.ALL),
                       help="-built: with more commands (needs Lab/build-uboot)")
    flash = start.add_argument_group("flash")
    flash.add_argument("--fill", default="mixed", choices=["mixed", "random", "as-is"],
                       help="beside U-Boot: a bit of everything (default), random bytes everywhere, or nothing")
    flash.add_argument("--bad", type=_blocks, default=frozenset(), metavar="LIST",
                       help="sandbox boards: bad blocks, as 3,8")
    flash.add_argument("--seed", type=int, default=1, help="what the content is made from")

    boot = start.add_argument_group("U-Boot")
    boot.add_argument("--autoboot", type=_autoboot, default=("default", ""), metavar="HOW",
                      help="countdown (any key stops it), none (a prompt at once), key:STRING, password:STRING; "
                           "the last two of malta-built only")
    boot.add_argument("--bootdelay", type=int, metavar="SECONDS", help="of the countdown (default: 2)")
    boot.add_argument("--prompt", metavar="STRING", help="of -built boards")
    boot.add_argument("--env", type=_variable, action="append", default=[], metavar="NAME=VALUE",
                      help="a variable in the flash's environment (may repeat)")
    boot.add_argument("--without", choices=["crc32"], help="malta-built and sabrelite: no command that checks sums")
    boot.add_argument("--linux", action="store_true",
                      help="malta and malta-built: make tftp/linux.img for bootm (needs Lab/unpack-malta-linux)")

    line = start.add_argument_group("serial line")
    line.add_argument("--serial", default="tcp", choices=["tcp", "pty"],
                      help="a terminal has a rate: a client that sets another one than the board's reads garbage")
    line.add_argument("--line-faults", type=_faults, default={}, metavar="LIST",
                      help="drop=1/500,flip=1/500,repeat=1/500 for bytes from the board, to-board-drop=… for the "
                           "other way, fifo=16 for a receiver that loses what the board has not echoed, seed=N")
    line.add_argument("--rate", type=_rate, metavar="BAUD",
                      help="as slow as this, both ways; with --serial pty also `line`: as slow as its rate")

    machine = start.add_argument_group("machine")
    machine.add_argument("--wait-power", action="store_true", help="off until `power on`")
    machine.add_argument("--network", type=_network, default="none", metavar="HOW",
                         help="tap:NAME (see in-network), user (QEMU's own, it serves DIR/tftp read-only at 10.0.2.2), "
                              "none (default)")
    machine.add_argument("--lifetime", type=forms.positive, default=1800, metavar="SECONDS",
                         help="the board ends itself after this (default: %(default)s)")
    return parser.parse_args(arguments)
