"""What `uboot` does."""

import hashlib
import json
import shutil
import time

from boardlab import LabError, machine

from . import boards, console, content, emulator, monitor, network, sandbox


def run(options):
    return {"start": start, "stop": stop, "check": check, "power": power, "line": line,
            "say": say, "in-network": network.run}[options.command](options)


def start(options):
    state = options.state
    board = boards.ALL[options.board]
    if machine.running(state):
        raise LabError(f"a board is already running in {state}")
    if isinstance(board, sandbox.Board):
        return _start_sandbox(options, board)
    if options.bad:
        raise LabError(f"{board.name} has no NAND")
    variant, values, prompt = _boot(board, options)
    firmware = board.firmware(variant)
    state.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(state / "expected", ignore_errors=True)
    if board.firmware_at is not None:
        (state / "uboot.bin").write_bytes(firmware)
    about = content.Flash(board, options.fill, options.seed, firmware, values).write(state)
    if options.linux:
        from . import linux
        about["linux"] = linux.build(state, board, options.seed)
    about["prompt"] = prompt
    (state / "expected/banks.json").write_text(json.dumps(about, indent=2) + "\n")

    process = emulator.start(state, board, options)
    try:
        if options.wait_power:
            monitor.power(state, "off")
        else:
            monitor.power(state, "on")
            _wait_for_banner(state, process)
    except BaseException:
        emulator.stop(state)
        raise
    return 0


def _start_sandbox(options, board):
    plain = (("default", ""), ("none", ""))
    if (options.autoboot not in plain or options.bootdelay is not None or options.env or options.prompt
            or options.without or options.linux or options.wait_power or options.serial == "pty"
            or options.network != "none"):
        raise LabError(f"{board.name} starts at its prompt, on a TCP port, and has neither environment nor network")
    state = options.state
    state.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(state / "expected", ignore_errors=True)
    about = {**sandbox.prepare(state, board, options), "prompt": board.prompt}
    (state / "expected/banks.json").write_text(json.dumps(about, indent=2) + "\n")
    process = emulator.start_sandbox(state, board, options)
    try:
        _wait_for_banner(state, process)
    except BaseException:
        emulator.stop(state)
        raise
    return 0


def _boot(board, options):
    """The build that is wanted, the environment in flash (or None for none), and the prompt."""
    kind, word = options.autoboot
    if board.name == "malta":
        # It can neither: an environment in flash is larger than the memory it has to read one.
        if kind == "countdown" or options.bootdelay is not None or options.env:
            raise LabError("Debian's Malta has no autoboot and keeps no environment: use malta-built")
        kind = "default"
    if kind in ("key", "password") and options.without:
        raise LabError("--without goes with --autoboot countdown or none")
    if options.prompt and not board.built:
        raise LabError("--prompt is of -built boards only")
    variant = "-nocrc" if options.without else {"key": "-keyed", "password": "-password"}.get(kind, "")
    if variant and variant not in board.variants:
        able = [name for name, other in boards.ALL.items() if variant in other.variants]
        raise LabError(f"{board.name} was not built for that, but {' and '.join(able)}")
    # A board that boots must have something to boot; the others stay as they are delivered.
    if kind == "default" and options.bootdelay is None and not (options.env or options.prompt):
        if not board.boots:
            return variant, None, board.prompt
    values = {"baudrate": "115200", "loadaddr": f"{board.load_address:#x}", "bootcmd": _kernel(board)}
    values["bootdelay"] = "-1" if kind == "none" else str(2 if options.bootdelay is None else options.bootdelay)
    if kind == "key":
        values["bootstopkey"] = word
    if kind == "password":
        values["bootstopkeysha256"] = hashlib.sha256(word.encode()).hexdigest()
    if options.prompt:
        values["PS1"] = options.prompt
    values.update(options.env)
    return variant, values, options.prompt or board.prompt


def _kernel(board):
    """Boots a kernel that says nothing: only power or reset bring such a board back."""
    at = board.ram[0] + 0x01000000
    words = [f"mw.l {at + 4 * number:x} {word:x}" for number, word in enumerate(board.sleep)]
    return "; ".join(["echo Starting kernel ...", *words, f"go {at:x}"])


def _wait_for_banner(state, process):
    end = time.monotonic() + 20
    while b"U-Boot" not in _read(state / "serial.log"):
        if process.poll() is not None:
            raise LabError(f"the board ended: {_read(state / 'qemu.log').decode(errors='replace').strip()}")
        if time.monotonic() > end:
            raise LabError("U-Boot said nothing")
        time.sleep(0.02)


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


# The others -------------------------------------------------------------------------------------

def stop(options):
    # Stopping what does not run is no error: a test's clean-up may come twice.
    emulator.stop(options.state)
    return 0


def check(options):
    """Prints each flash file and which of its sectors differ; 1 if any does."""
    wrong = False
    for name, sectors in content.changed(options.state):
        wrong = wrong or bool(sectors)
        print(f"{name}: {'as at the start' if not sectors else f'sectors {sectors[:20]} differ'}")
    return 1 if wrong else 0


def power(options):
    monitor.power(options.state, options.what, patience=0)
    return 0


def say(options):
    about = json.loads((options.state / "expected/banks.json").read_text())
    talk = console.Console(int((options.state / "serial-port").read_text()), about["prompt"])
    try:
        talk.settle()
        for text in options.lines:
            print(talk.command(text, patience=60))
    finally:
        talk.close()
    return 0


def line(options):
    changes = {}
    if options.faults is not None:
        changes["faults"] = options.faults
    if options.rate is not None:
        changes["rate"] = options.rate
    for name in ("zero", "cut"):
        if getattr(options, name):
            changes[name] = True
    print(emulator.tell_line(options.state, **changes), end="")
    return 0
