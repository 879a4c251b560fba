"""A network for a board and a TFTP server that needs no root: a name space of one's own."""

import os
import subprocess
import sys

from boardlab import LabError, machine

_UNAVAILABLE = 69       # as sysexits has it: the caller may skip what needs the network


def run(options):
    command = options.run[1:] if options.run[:1] == ["--"] else options.run
    if options.state:
        return _join(options, command)
    # Root of the machine, in a container mostly, may lack the one and be allowed the other.
    for flags in (["-rn"], ["-n"]):
        problem = _problem(flags, options)
        if problem is None:
            if not command:
                print("a network with a tap device can be made here")
                return 0
            _exec(["unshare", *flags, "sh", "-ec", _set_up(options) + '; exec "$@"', "sh", *command])
    print(f"uboot: no network of one's own can be made here: {problem}", file=sys.stderr)
    return _UNAVAILABLE


def _set_up(options):
    return (f"ip link set lo up; ip tuntap add {options.tap} mode tap; "
            f"ip addr add {options.address} dev {options.tap}; ip link set {options.tap} up")


def _problem(flags, options):
    try:
        tried = subprocess.run(["unshare", *flags, "sh", "-ec", _set_up(options)], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True)
    except FileNotFoundError as error:
        raise LabError(f"{error.filename} is missing: run Lab/setup first")
    return None if tried.returncode == 0 else tried.stderr.strip() or "unshare failed"


def _join(options, command):
    pid = machine.running(options.state)
    if pid is None:
        raise LabError(f"no board is running in {options.state}")
    flags = ["--net"]
    if os.stat(f"/proc/{pid}/ns/user").st_ino != os.stat("/proc/self/ns/user").st_ino:
        flags += ["--user", "--preserve-credentials"]
    _exec(["nsenter", "--target", str(pid), *flags, "--", *command])


def _exec(command):
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        raise LabError(f"{command[0]} is missing: run Lab/setup first")
