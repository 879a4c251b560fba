"""Starts QEMU and the line beside it."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import tty
from pathlib import Path

from boardlab import LabError, machine

from . import boards, line, monitor, sandbox

_SOCKETS = ("qmp.sock", "line.in", "line.out", "line.pid", "power-off")
_MAC = "52:54:00:12:34:56"


def start(state, board, options):
    """The machine, held before its first instruction, and its line."""
    for name in (*_SOCKETS, "serial.log", "serial-port", "serial-pty"):
        (state / name).unlink(missing_ok=True)
    network = _network(state, board, options.network)
    if options.serial == "pty":
        # QEMU sets a terminal to the rate that the guest gives its UART (hw/char/serial.c,
        # serial_update_parameters; chardev/char-serial.c, tty_serial_init).
        board_line, theirs = pty.openpty()
        tty.setraw(theirs)
        held, chardev = [board_line, theirs], f"serial,path={os.ttyname(theirs)}"
    else:
        held, chardev = line.make_pipes(state), "pipe,path=line"
        board_line = None
    command = [
        # A test that dies leaves its board behind; this ends it, and the line ends with it.
        "timeout", "-k", "5", str(options.lifetime),
        *board.qemu, "-accel", "tcg", "-nodefaults", "-display", "none", "-pidfile", "qemu.pid", "-S",
        "-qmp", "unix:qmp.sock,server=on,wait=off",
        "-chardev", f"{chardev},id=line",
        *("-serial", "null") * board.other_ports, "-serial", "chardev:line", *network,
    ]
    for number in range(len(board.banks)):
        command += ["-drive", f"if={board.drive},format=raw,file=flash{number}.img"]
    if board.firmware_at is not None:
        command += ["-device", f"loader,file=uboot.bin,addr={board.firmware_at:#x},cpu-num=0"]
    with _starting(state, held):
        process = machine.launch(state, command)
        _start_line(state, options, board_line)
        _wait(state, process)
    return process


def start_sandbox(state, board, options):
    """A board that is a program, and its line."""
    for name in (*_SOCKETS, "qemu.pid", "serial.log", "serial-port", "serial-pty", "line-bytes"):
        (state / name).unlink(missing_ok=True)
    with _starting(state, line.make_pipes(state)):
        process = sandbox.launch(state, board, options.lifetime)
        _start_line(state, options, None)
        sandbox.wait(state, process)
    return process


@contextlib.contextmanager
def _starting(state, held):
    """Stops what a failed start leaves, adds its log to the error, and closes this side's ends of the line."""
    try:
        yield
    except LabError as error:
        stop(state)
        raise LabError(f"{error}\n{(state / 'qemu.log').read_text(errors='replace').strip()}")
    except BaseException:
        stop(state)
        raise
    finally:
        for descriptor in held:
            os.close(descriptor)


def _network(state, board, wanted):
    kind, _, name = wanted.partition(":")
    if kind == "none":
        return ["-net", "none"]
    if kind == "tap":
        # QEMU would make one, where it may: in this machine's own network, for root.
        if f"{name}:" not in Path("/proc/net/dev").read_text().split():
            raise LabError(f"there is no {name} here: see `uboot in-network`")
        backend = f"tap,id=net,ifname={name},script=no,downscript=no"
    else:
        (state / "tftp").mkdir(exist_ok=True)
        backend = "user,id=net,restrict=on,tftp=tftp"
    if board.network == boards.ON_BOARD:
        return ["-netdev", backend, "-net", f"nic,netdev=net,macaddr={_MAC}"]
    return ["-netdev", backend, "-device", f"{board.network},netdev=net,mac={_MAC},romfile="]


def _start_line(state, options, board_line):
    settings = {"rate": options.rate or 0, "faults": options.line_faults}
    (state / "line.json").write_text(json.dumps(settings))
    if options.serial == "pty":
        ours, theirs = pty.openpty()
        (state / "serial-pty").write_text(os.ttyname(theirs) + "\n")
        kind, passed = "terminal", (ours, theirs, board_line)
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        (state / "serial-port").write_text(f"{listener.getsockname()[1]}\n")
        kind, passed = "port", (listener.detach(),)
    try:
        with open(state / "line.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-B", str(Path(line.__file__)), kind, *map(str, passed)], cwd=state,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=passed, start_new_session=True)
    finally:
        for descriptor in passed:
            if descriptor != board_line:
                os.close(descriptor)
    (state / "line.pid").write_text(f"{process.pid}\n")


def _wait(state, process):
    """Until QEMU and the line are there."""
    end = time.monotonic() + 20
    while not ((state / "qemu.pid").exists() and (state / "line-bytes").exists()):
        if process.poll() is not None:
            raise LabError("QEMU ended")
        if time.monotonic() > end:
            raise LabError(f"the board was not up in time: {(state / 'line.log').read_text(errors='replace')}")
        time.sleep(0.02)
    # QEMU writes its number before it opens the pipes; when the monitor greets, all is open.
    with monitor.Monitor(state):
        pass


def stop(state):
    machine.stop(state)
    pid = _line(state)
    end = time.monotonic() + 3
    while pid and _line(state) and time.monotonic() < end:
        # It sees by itself that QEMU has ended, and writes its last count.
        time.sleep(0.02)
    if pid and _line(state):
        os.kill(pid, signal.SIGKILL)
    for name in _SOCKETS:
        (state / name).unlink(missing_ok=True)


def _line(state):
    """The number of this folder's line process, if it lives."""
    try:
        pid = int((state / "line.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        where = os.readlink(f"/proc/{pid}/cwd")
    except (OSError, ValueError):
        return None
    return pid if str(Path(line.__file__)).encode() in command and where == str(state) else None


def tell_line(state, **changes):
    """Changes the line's settings; returns its count, written anew."""
    pid = _line(state)
    count = state / "line-bytes"
    if pid:
        settings = json.loads((state / "line.json").read_text())
        settings.update(changes)
        (state / "line.json.new").write_text(json.dumps(settings))
        os.replace(state / "line.json.new", state / "line.json")
        count.unlink(missing_ok=True)
        os.kill(pid, signal.SIGHUP)
        end = time.monotonic() + 5
        while not count.exists() and time.monotonic() < end:
            time.sleep(0.01)
    elif changes:
        raise LabError(f"no board is running in {state}")
    if not count.exists():
        raise LabError(f"no board was started in {state}")
    return count.read_text()
