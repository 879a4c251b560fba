"""QEMU's monitor: the board's power switch and reset button."""

import json
import time

from boardlab import LabError, machine, sockets


class Monitor:
    def __init__(self, state, patience=10):
        self._pending = b""
        self._socket = sockets.connect(state, "qmp.sock", patience)
        self._socket.settimeout(10)
        self._next()                        # the greeting
        self.ask("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def ask(self, command, **arguments):
        message = {"execute": command}
        if arguments:
            message["arguments"] = arguments
        self._socket.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self._next()
            if "error" in answer:
                raise LabError(f"QEMU refused {command}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]
            # Everything else is news that nobody asked for.

    def _next(self):
        while b"\n" not in self._pending:
            try:
                more = self._socket.recv(65536)
            except TimeoutError:
                raise LabError("QEMU's monitor does not answer")
            if not more:
                raise LabError("QEMU ended")
            self._pending += more
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line)


# Power ------------------------------------------------------------------------------------------

def _mark(state, off):
    """Where the line sees that the board is off, and that what is sent to it goes nowhere."""
    path = state / "power-off"
    path.touch() if off else path.unlink(missing_ok=True)


def power(state, what, patience=10):
    if not (state / "qmp.sock").exists() and machine.running(state):
        raise LabError("this board is a program without a power switch; U-Boot's own reset works")
    with Monitor(state, patience) as monitor:
        if what in ("off", "cycle"):
            _mark(state, True)
            monitor.ask("stop")
            monitor.ask("system_reset")
            if what == "cycle":
                # A person needs a moment between off and on.
                time.sleep(1)
        if what == "reset":
            monitor.ask("system_reset")
        if what in ("on", "cycle"):
            _mark(state, False)
            monitor.ask("cont")
