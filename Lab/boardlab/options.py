"""The command line."""

import argparse
from pathlib import Path

from . import forms


def _numbers(count, form):
    def parse(text):
        try:
            values = tuple(int(part, 0) for part in text.split(":"))
        except ValueError:
            values = ()
        if len(values) != count:
            raise argparse.ArgumentTypeError(f"wants {form}, not {text}")
        return values
    return parse


def _names(text):
    return [name for name in text.split(",") if name]


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="Lab/board", description="Small Linux boards with simulated flash, run by QEMU.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, text):
        made = commands.add_parser(name, help=text, description=text)
        forms.add_state(made)
        return made

    start = command("start", "start a board; returns when everything on it answers")
    command("stop", "end the board of this folder")
    command("digest", "print the sha256 of each flash partition as the board reads it now")
    command("check", "compare each flash partition, as the board reads it now, with expected/")
    dump = command("dump", "write one device (mtd2, ubi0_1) as the board reads it now to a file")
    dump.add_argument("device")
    dump.add_argument("file", type=Path)

    flash = start.add_argument_group("flash")
    flash.add_argument("--layout", default="lab", choices=["lab", "ispot"],
                       help="ispot: 16 MiB of NOR with an iSpot's partitions, two of them in one block; no sysfs; no node "
                            "for the last partition; a web server with files in /var/wwwroot")
    flash.add_argument("--nor", default="8192:64", metavar="SIZE_KIB:ERASE_KIB", help="or none (default: %(default)s)")
    flash.add_argument("--nand", default="default", choices=["default", "small", "none"], type=str.lower,
                       help="256 MiB, 32 MiB, or none")
    flash.add_argument("--bad", default="3,100", metavar="LIST",
                       help="bad blocks of the NAND chip, counted from its start (default: %(default)s)")
    flash.add_argument("--bbt", action="store_true", help="a bad-block table on the NAND")
    flash.add_argument("--nandsim", default="", metavar="PARAMETERS", help="more parameters for the NAND simulator")
    flash.add_argument("--fill", default="part", choices=["part", "full"], help="how much of the last partition")
    flash.add_argument("--flip", action="append", default=[], type=_numbers(4, "MTD:BLOCK:PAGE:BITS"),
                       metavar="MTD:BLOCK:PAGE:BITS", help="wrong bits that the ECC repairs (may repeat)")
    flash.add_argument("--grave", action="append", default=[], type=_numbers(3, "MTD:BLOCK:PAGE"),
                       metavar="MTD:BLOCK:PAGE", help="a page that the ECC cannot repair (may repeat)")
    flash.add_argument("--ubi", type=int, metavar="MTD", help="two UBI volumes on this partition, attached")
    flash.add_argument("--ubifs", action="store_true", help="its kernel can mount UBIFS")
    flash.add_argument("--writer", type=_numbers(2, "MTD:BLOCK"), metavar="MTD:BLOCK",
                       help="something rewrites this NOR block all the time")
    flash.add_argument("--mtd", default="full", choices=["full", "empty", "none"],
                       help="empty: MTD without devices; none: no MTD, but a disk")
    flash.add_argument("--seed", type=int, default=1, help="what the content is made from")

    poor = start.add_argument_group("what the board lacks")
    poor.add_argument("--without", type=_names, action="extend", default=[], metavar="LIST",
                      help="commands that are not there in any form")
    poor.add_argument("--without-mtd-utils", action="store_true")
    poor.add_argument("--busybox-mtd", action="store_true",
                      help="busybox's own nanddump etc. instead of mtd-utils (needs Lab/build-busybox-mtd)")
    poor.add_argument("--no-nodes", action="store_true", help="no /dev/mtd*")
    poor.add_argument("--no-sysfs", action="store_true", help="no /sys")
    poor.add_argument("--tmp-full", action="store_true", help="no room in /tmp")

    access = start.add_argument_group("access")
    access.add_argument("--serial", default="tcp", choices=["tcp", "pty"])
    access.add_argument("--console", default="shell", choices=["shell", "login"],
                        help="what the serial line and telnet offer")
    access.add_argument("--password", default="flashkeep", metavar="PW", help="of root and user (default: %(default)s)")
    access.add_argument("--chatter", action="store_true", help="kernel messages on the console all the time")
    access.add_argument("--outbound", action="store_true",
                        help="the board reaches this machine, at 10.0.2.2; else it reaches nothing")
    access.add_argument("--hostname", default="OpenWrt")
    access.add_argument("--model", default="Flashkeep Lab Board")

    machine = start.add_argument_group("machine")
    machine.add_argument("--accel", default="auto", choices=["auto", "kvm", "tcg"])
    machine.add_argument("--smp", type=forms.positive, default=1)
    machine.add_argument("--memory", type=forms.positive, metavar="MIB", help="default: as needed")
    machine.add_argument("--reboots", action="store_true",
                         help="it comes back from a reboot, with the flash as it was at the start; else it ends")
    machine.add_argument("--lifetime", type=forms.positive, default=1800, metavar="SECONDS",
                         help="the board ends itself after this (default: %(default)s)")
    machine.add_argument("--limit", type=forms.positive, default=120, metavar="SECONDS",
                         help="how long a start may take (default: %(default)s)")
    return parser.parse_args(arguments)
