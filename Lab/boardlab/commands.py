"""What `board` does."""

import hashlib
import json
import shutil
import socket
import time

from . import LabError, content, flash, keys, machine, rootfs
from .agent import Agent

_MIB = 1 << 20


def run(options):
    return {"start": start, "stop": stop, "digest": digest, "check": check, "dump": dump}[options.command](options)


# start ------------------------------------------------------------------------------------------

def start(options):
    state = options.state
    plan = flash.plan(options)
    if machine.running(state):
        raise LabError(f"a board is already running in {state}")
    state.mkdir(parents=True, exist_ok=True)
    made = keys.make(state)
    disk = _write_content(state, options, plan)
    (state / "initramfs.cpio").write_bytes(rootfs.build(options, plan, disk, made))
    accel = machine.accelerator(options.accel)

    end = time.monotonic() + options.limit
    for attempt in range(4):
        ports = machine.free_ports(4)
        process = machine.start(state, options, accel, _memory(options, plan), ports)
        try:
            if accel == "kvm" and options.accel == "auto":
                _check_kvm(state, process)
            _wait(state, options, plan, process, ports, end)
            break
        except _KvmBroken:
            machine.stop(state)
            machine.kvm_is_broken()
            accel = "tcg"
        except _PortTaken:
            # Somebody took a port between choosing and using it.
            continue
        except LabError as error:
            machine.stop(state)
            raise LabError(f"{error}\n{_tail(state)}")
        except BaseException:
            machine.stop(state)
            raise
    else:
        raise LabError("no free ports")

    # The board has read both; an open file lives on until QEMU ends.
    for name in ("initramfs.cpio", "flash.img"):
        (state / name).unlink()
    for name in ("ssh-port", "telnet-port", "http-port", "serial-port", "serial-pty"):
        (state / name).unlink(missing_ok=True)
    (state / "ssh-port").write_text(f"{ports[0]}\n")
    (state / "telnet-port").write_text(f"{ports[1]}\n")
    if plan.ispot:
        (state / "http-port").write_text(f"{ports[3]}\n")
    if options.serial == "pty":
        (state / "serial-pty").write_text(machine.pty(state) + "\n")
    else:
        (state / "serial-port").write_text(f"{ports[2]}\n")
    keys.write_config(state, ports[0], made)
    return 0


def _write_content(state, options, plan):
    """Writes expected/ and the disk from which the board fills its flash; returns where all lies."""
    expected = state / "expected"
    shutil.rmtree(expected, ignore_errors=True)
    expected.mkdir()
    places = {}
    with open(state / "flash.img", "wb") as disk:
        for partition in plan.partitions:
            size = partition.erase_size
            if partition.chip is not None:
                continue
            if partition.ubi:
                places["ubi"] = _write_volumes(expected, disk, options.seed)
                continue
            data, used = content.image(options.seed, partition.index, size, partition.blocks, partition.fill_blocks)
            content.erase_bad(partition, data)
            for block, count in content.runs(used - set(partition.bad + partition.table)):
                disk.seek(-(-disk.tell() // size) * size)
                places.setdefault(partition.index, []).append((disk.tell() // size, block, count))
                disk.write(memoryview(data)[block * size:(block + count) * size])
            data = content.expected(partition, data)
            if not partition.hidden:
                (expected / f"mtd{partition.index}.bin").write_bytes(data)
            for part in plan.partitions:
                if part.chip == partition.index:
                    view = data[part.offset:part.offset + part.size]
                    (expected / f"mtd{part.index}.bin").write_bytes(view)
        if options.mtd == "none":
            data, _ = content.image(options.seed, 0, 64 * 1024, 128, 128)
            disk.write(data)
            (expected / "vda.bin").write_bytes(data)
        # A disk has whole sectors, and more than none.
        disk.truncate(max(disk.tell(), 4096))
    text = json.dumps([partition.describe() for partition in plan.partitions if not partition.hidden], indent=2)
    (expected / "partitions.json").write_text(text + "\n")
    return places


def _write_volumes(expected, disk, seed):
    """(type, name, size, offset on the disk, length) of the two UBI volumes."""
    volumes = []
    for number, (kind, name, size) in enumerate((("static", "kernel", 2 * _MIB), ("dynamic", "rootfs_data", 4 * _MIB))):
        disk.seek(-(-disk.tell() // 4096) * 4096)
        data, _ = content.image(seed, 100 + number, 64 * 1024, 24, 24)
        volumes.append((kind, name, size, disk.tell(), len(data)))
        disk.write(data)
        (expected / f"ubi0_{number}.bin").write_bytes(data)
    return volumes


def _memory(options, plan):
    """MiB for the machine: what Linux and the first root take, and the flash, which lives in memory."""
    if options.memory:
        return options.memory
    flash_size = sum(partition.size if partition.type != "nand" or partition.ubi else
                     partition.fill_blocks * partition.erase_size for partition in plan.partitions)
    return 160 + flash_size * 5 // 4 // _MIB


class _PortTaken(Exception):
    pass


class _KvmBroken(Exception):
    pass


def _check_kvm(state, process):
    """With KVM that works, a kernel speaks within a second."""
    end = time.monotonic() + 5
    while not _read(state / "serial.log"):
        if time.monotonic() > end:
            raise _KvmBroken()
        if process.poll() is not None:
            if "kvm" in _read(state / "qemu.log").lower():
                raise _KvmBroken()
            return
        time.sleep(0.05)


def _wait(state, options, plan, process, ports, end):
    """Until the flash is filled and ssh, telnet and the serial line answer."""
    with _connect_agent(state, process) as agent:
        while True:
            said = agent.line(0.2)
            if said == "ready":
                break
            if "LAB FAILED" in _read(state / "serial.log"):
                raise LabError("the board could not be prepared")
            _check_alive(process, end)
        # The plan is what expected/ is made from; a kernel that sees other flash would make it a lie.
        wanted = [(f"mtd{p.index}", p.size, p.erase_size) for p in plan.partitions]
        if agent.list() != wanted:
            raise LabError(f"the board has other partitions than planned: {agent.list()}")
        for path in (state / "expected").glob("ubi*.bin"):
            # The end of a volume reads as erased; how much that is depends on how UBI lays it out.
            length = path.stat().st_size
            with open(path, "ab") as file:
                file.write(b"\xff" * (agent.volume_size(path.stem) - length))
    for port, start_of_answer in ((ports[0], b"SSH-"), (ports[1], b"\xff")):
        while not _answers(port, start_of_answer):
            _check_alive(process, end)
            time.sleep(0.05)
    # Only looked at, never asked: a test should find the line untouched. Kernel messages may tear the
    # prompt apart, so that it is not worth failing for.
    prompt = "login: " if options.console == "login" else f"root@{options.hostname}:"
    patience = time.monotonic() + 3
    while prompt not in _read(state / "serial.log") and time.monotonic() < patience:
        time.sleep(0.05)


def _connect_agent(state, process):
    end = time.monotonic() + 10
    while True:
        try:
            return Agent(state, patience=0.05)
        except LabError:
            if process.poll() is not None:
                said = _read(state / "qemu.log")
                if "forwarding rule" in said or "Address already in use" in said:
                    raise _PortTaken()
            _check_alive(process, end)


def _check_alive(process, end):
    if process.poll() is not None:
        raise LabError("QEMU ended")
    if time.monotonic() > end:
        raise LabError("the board was not up in time")


def _answers(port, wanted):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as one:
            return one.recv(len(wanted)) == wanted
    except OSError:
        return False


def _read(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _tail(state):
    lines = (_read(state / "qemu.log") + _read(state / "serial.log")).splitlines()
    return "\n".join(lines[-25:])


# The others -------------------------------------------------------------------------------------

def stop(options):
    # Stopping what does not run is no error: a test's clean-up may come twice.
    machine.stop(options.state)
    return 0


def _devices(state, agent):
    """(name, size) of all that has content."""
    found = [(name, size) for name, size, _ in agent.list()]
    disk = state / "expected" / "vda.bin"
    if disk.exists():
        found.append(("vda", disk.stat().st_size))
    return found


def digest(options):
    with Agent(options.state, patience=0) as agent:
        for name, size in _devices(options.state, agent):
            made = hashlib.sha256()
            agent.dump(name, size, made.update)
            print(made.hexdigest(), name)
    return 0


def check(options):
    """Prints each device and which of its blocks differ; 1 if any does that should not."""
    expected = options.state / "expected"
    partitions = {f"mtd{p['index']}": p for p in json.loads((expected / "partitions.json").read_text())}
    wrong = False
    with Agent(options.state, patience=0) as agent:
        devices = _devices(options.state, agent)
        devices += [(path.stem, path.stat().st_size) for path in sorted(expected.glob("ubi*.bin"))]
        for name, size in devices:
            path = expected / f"{name}.bin"
            if not path.exists():
                print(f"{name}: not known")
                continue
            got = bytearray()
            agent.dump(name, size, got.extend)
            about = partitions.get(name, {})
            step = about.get("erasesize", 65536)
            # A bad-block table and a live block hold what the board likes.
            free = set(about.get("tableBlocks", [])) | set(about.get("liveBlocks", []))
            truth = path.read_bytes()
            differ = [at // step for at in range(0, size, step)
                      if got[at:at + step] != truth[at:at + step] and at // step not in free]
            wrong = wrong or bool(differ) or len(got) != size
            print(f"{name}: {'as expected' if not differ else f'blocks {differ[:20]} differ'}")
    return 1 if wrong else 0


def dump(options):
    with Agent(options.state, patience=0) as agent, open(options.file, "wb") as file:
        sizes = dict(_devices(options.state, agent))
        for path in (options.state / "expected").glob("ubi*.bin"):
            sizes[path.stem] = path.stat().st_size
        if options.device not in sizes:
            raise LabError(f"the board has no {options.device}")
        agent.dump(options.device, sizes[options.device], file.write)
    return 0
