"""Runs QEMU: how it is started, where its lines end, how it is stopped."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import LabError, cache

_QEMU = "qemu-system-x86_64"


# Acceleration -----------------------------------------------------------------------------------

def accelerator(wanted):
    """kvm where it seems to work, else tcg."""
    if wanted != "auto":
        return wanted
    if not os.access("/dev/kvm", os.R_OK | os.W_OK) or _kvm_note().exists():
        return "tcg"
    # The smallest firmware there is: writes a number to the port that ends QEMU. It runs in 0.2 s
    # and shows that the processor can be entered.
    firmware = bytearray(65536)
    firmware[0xFFF0:0xFFF5] = bytes([0xB0, 0x10, 0xE6, 0xF4, 0xF4])
    with tempfile.NamedTemporaryFile() as file:
        file.write(firmware)
        file.flush()
        try:
            code = subprocess.run(
                [_QEMU, "-accel", "kvm", "-M", "pc", "-m", "16", "-nodefaults", "-display", "none",
                 "-bios", file.name, "-device", "isa-debug-exit,iobase=0xf4,iosize=1"],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=5).returncode
        except FileNotFoundError:
            raise LabError(f"{_QEMU} is missing: run Lab/setup first")
        except subprocess.TimeoutExpired:
            code = None
    return "kvm" if code == 0x10 * 2 + 1 else "tcg"


def _kvm_note():
    # Named after this boot of the machine: the next one may be another machine.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return cache.folder() / f"no-kvm-{boot}"


def kvm_is_broken():
    """Remembers it: some machines (virtual ones, mostly) start a processor but no kernel."""
    try:
        for old in cache.folder().glob("no-kvm-*"):
            old.unlink(missing_ok=True)
        _kvm_note().touch()
    except OSError:
        pass    # somebody else's cache: only a few seconds lost at the next start


# Starting ---------------------------------------------------------------------------------------

def free_ports(count):
    """Ports nobody listens on now. Held together, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def start(state, options, accel, memory, ports):
    """Starts QEMU in the state folder and returns the process that limits its life."""
    ssh, telnet, serial, http = ports
    line = "id=line,logfile=serial.log"
    if options.serial == "pty":
        line = f"pty,{line}"
    else:
        line = f"socket,host=127.0.0.1,port={serial},server=on,wait=off,nodelay=on,{line}"
    command = [
        # A test that dies leaves its board behind; this ends it.
        "timeout", "-k", "5", str(options.lifetime),
        _QEMU, "-accel", accel, "-M", "pc", "-m", str(memory), "-smp", str(options.smp),
        "-nodefaults", "-display", "none", "-pidfile", "qemu.pid",
        "-kernel", str(cache.kernel()), "-initrd", "initramfs.cpio",
        # All of the second half is only there to be quicker under emulation.
        "-append", "console=ttyS0,115200 panic=-1 loglevel=7 printk.devkmsg=on "
                   "mitigations=off nokaslr lsm= cryptomgr.notests rodata=off acpi=off",
        "-chardev", line, "-serial", "chardev:line",
        # Relative paths: a socket's whole path may have 107 bytes only.
        "-chardev", "socket,id=agent,path=agent.sock,server=on,wait=off", "-serial", "chardev:agent",
        "-chardev", "socket,id=bulk,path=bulk.sock,server=on,wait=off",
        "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=bulk,name=lab",
        "-drive", "if=virtio,format=raw,readonly=on,file=flash.img",
        # restrict: the board reaches nothing, neither the network nor this machine.
        "-netdev", f"user,id=net,restrict={'off' if options.outbound else 'on'},hostfwd=tcp:127.0.0.1:{ssh}-:22,"
                   f"hostfwd=tcp:127.0.0.1:{telnet}-:23,hostfwd=tcp:127.0.0.1:{http}-:80",
        "-device", "virtio-net-pci,netdev=net,romfile=",
    ]
    if not options.reboots:
        command.append("-no-reboot")
    # rdrand: without a source of randomness the SSH server waits for one, for seconds.
    command += ["-cpu", "host" if accel == "kvm" else "qemu64,+rdrand"]
    for name in ("qemu.pid", "agent.sock", "bulk.sock", "serial.log"):
        (state / name).unlink(missing_ok=True)
    return launch(state, command)


def launch(state, command):
    """Runs a command in the state folder, apart from the caller; what it says goes to qemu.log."""
    with open(state / "qemu.log", "wb") as log:
        try:
            # Nothing of the caller's may stay open in QEMU: it would wait for the pipe's end.
            return subprocess.Popen(command, cwd=state, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True)
        except FileNotFoundError as error:
            raise LabError(f"{error.filename} is missing: run Lab/setup first")


def pty(state):
    """The terminal that QEMU opened for the serial line."""
    found = re.search(r"char device redirected to (\S+) \(label line\)", (state / "qemu.log").read_text())
    if not found:
        raise LabError("QEMU did not say which terminal it opened")
    return found.group(1)


# Stopping ---------------------------------------------------------------------------------------

def _is_ours(pid, state):
    """Whether this process is the board of this folder: a number may be somebody else's by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        where = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return False
    return os.path.basename(command[0]).startswith((b"qemu-system-", b"sandbox-")) and where == str(state)


def running(state):
    try:
        pid = int((state / "qemu.pid").read_text())
    except (OSError, ValueError):
        return None
    return pid if _is_ours(pid, state) else None


def stop(state):
    pid = running(state)
    if pid is None:
        return False
    for sent, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            break
        end = time.monotonic() + patience
        while time.monotonic() < end and _is_ours(pid, state):
            time.sleep(0.02)
        if not _is_ours(pid, state):
            break
    for name in ("qemu.pid", "agent.sock", "bulk.sock"):
        (state / name).unlink(missing_ok=True)
    return True
