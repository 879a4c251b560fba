"""Types to a board and reads what it says, for the lab's own checks and recordings."""

import socket
import subprocess
import time
from pathlib import Path

from boardlab import LabError, cache

UBOOT = cache.LAB / "uboot"


class Board:
    """A board for the length of a with statement."""

    def __init__(self, state, *options):
        self.state = Path(state)
        self.run("start", *options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("stop")

    def run(self, command, *options, check=True):
        done = subprocess.run([str(UBOOT), command, "--state", str(self.state), *options],
                              capture_output=True, text=True)
        if check and done.returncode != 0:
            raise LabError(f"uboot {command} {' '.join(options)}: {done.stderr.strip()}{done.stdout.strip()}")
        return done

    def console(self, prompt):
        return Console(int((self.state / "serial-port").read_text()), prompt)


class Console:
    def __init__(self, port, prompt):
        self._socket = socket.create_connection(("127.0.0.1", port))
        self.prompt = prompt.encode()
        self.said = b""         # since `begin`
        self.typed = b""

    def close(self):
        self._socket.close()

    def begin(self, text=b""):
        self.said, self.typed = text, b""

    def type(self, text):
        data = text.encode() if isinstance(text, str) else text
        self.typed += data
        self._socket.sendall(data)

    def read(self, patience):
        """What comes within this time, or soon after the first of it."""
        self._socket.settimeout(patience)
        try:
            more = self._socket.recv(65536)
        except TimeoutError:
            return b""
        if not more:
            raise LabError("the line ended")
        self.said += more
        return more

    def until(self, wanted, patience=20):
        """Waits for these bytes behind what was read before; returns all that came."""
        wanted = wanted.encode() if isinstance(wanted, str) else wanted
        start = len(self.said)
        end = time.monotonic() + patience
        while wanted not in self.said[start:]:
            if time.monotonic() > end:
                raise LabError(f"no {wanted!r} in {self.said[start:][-300:]!r}")
            self.read(0.2)
        return self.said[start:]

    def until_prompt(self, patience=20):
        """Waits for the prompt at the start of a line, with nothing behind it."""
        start = len(self.said)
        end = time.monotonic() + patience
        while True:
            got = self.said[start:]
            if got.endswith(self.prompt) and self.said[:-len(self.prompt)].endswith((b"\n", b"\n\r")):
                if not self.read(0.05):
                    return got
            elif time.monotonic() > end:
                raise LabError(f"no prompt in {got[-300:]!r}")
            self.read(0.1)

    def command(self, text, patience=20):
        self.type(text + "\r")
        return self.until_prompt(patience).decode(errors="replace")

    def settle(self):
        """To a prompt, whatever was typed before: never a bare Enter, which repeats the last command."""
        self.type(" \r")
        self.until_prompt()
