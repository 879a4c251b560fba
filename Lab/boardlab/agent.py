"""The host's side of the agent inside the board (guest/serve.sh)."""

import fcntl
import select
import time

from . import LabError, sockets


class Agent:
    """Talks to the agent of one board; one at a time, others wait."""

    def __init__(self, state, patience=10):
        self._pending = b""
        # The lock file is not one of QEMU's sockets, so it may be there before them.
        try:
            self._lock = open(state / "agent.lock", "wb")
        except OSError:
            raise LabError(f"no board is running in {state}")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._line = sockets.connect(state, "agent.sock", patience)
        self._bulk = sockets.connect(state, "bulk.sock", patience)

    def close(self):
        self._line.close()
        self._bulk.close()
        self._lock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def line(self, patience):
        """The next line the agent says, or None when it says none in time."""
        end = time.monotonic() + patience
        while b"\n" not in self._pending:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._line], [], [], left)[0]:
                return None
            got = self._line.recv(4096)
            if not got:
                raise LabError("the board is gone")
            self._pending += got
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")

    def _say(self, text):
        self._line.sendall(text.encode() + b"\n")

    def list(self):
        """(name, size) of each MTD device, as the board's kernel lists them."""
        self._say("list")
        found = []
        while True:
            line = self.line(20)
            if line is None:
                raise LabError("the agent on the board does not answer")
            if line == "end":
                return found
            words = line.split()
            if len(words) > 2 and words[0].startswith("mtd"):
                found.append((words[0].rstrip(":"), int(words[1], 16), int(words[2], 16)))

    def volume_size(self, name):
        """How many bytes a UBI volume gives when it is read to its end."""
        self._say(f"volume {name}")
        said = self.line(20)
        if not said or not said.isdigit():
            raise LabError(f"the board has no volume {name}")
        return int(said)

    def dump(self, name, size, take):
        """Reads a whole device and hands its bytes to `take`, piece by piece."""
        self._say(f"dump {name}")
        left = size
        said = None
        while left > 0 or said is None:
            ready = select.select([self._bulk, self._line], [], [], 60)[0]
            if not ready:
                raise LabError(f"reading {name} from the board stopped")
            if self._bulk in ready:
                got = self._bulk.recv(1 << 20)
                if not got:
                    raise LabError("the board is gone")
                left -= len(got)
                take(got)
            elif self._line in ready:
                # Said after the data was handed to QEMU, which may still be passing it on.
                said = self.line(1)
                if said != "dumped 0":
                    raise LabError(f"the board could not read {name}")
