"""The serial line between a board and its one client: counts what passes, and damages or slows it if told to.

A process of its own, run in the board's folder. The client's end is a port, and QEMU's a pair of named pipes
(line.in, line.out); or both are pseudo-terminals that the caller opened: these have rates, as set by the board's own
UART and by the client, and where they differ it is no text that arrives. What the board prints goes to serial.log, too.
It ends when QEMU does. SIGHUP makes it read line.json again.
"""

import json
import os
import select
import signal
import socket
import sys
import time
import tty
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from ubootlab import faults, uart  # noqa: E402

# Little lies between board and client, or a board that was told to stop seems to speak on for long.
_PIPE = 4096
_SET_PIPE_SIZE = 1031       # F_SETPIPE_SZ: fcntl knows it by name from Python 3.10 on


class Way:
    """One direction: what was read and not yet passed on, and how fast it may be."""

    def __init__(self):
        self.waiting = b""
        self.bytes = 0
        self.lost = 0
        self.damage = faults.Damage({}, False)
        self._allowed = 0.0
        self._when = time.monotonic()

    def take(self, rate):
        """As much as may pass now."""
        if not rate:
            piece, self.waiting = self.waiting, b""
            return piece
        now = time.monotonic()
        # Ten bits for each byte; an idle line saves up nothing.
        self._allowed = min(self._allowed + (now - self._when) * rate / 10, max(16, rate / 1000))
        self._when = now
        count = int(self._allowed) if self.waiting else 0
        piece, self.waiting = self.waiting[:count], self.waiting[count:]
        self._allowed -= len(piece)
        return piece


class Line:
    def __init__(self, listener, terminal, board=None):
        """A port's listener, or the client's and the board's terminal."""
        self._listener, self._terminal = listener, terminal
        self._client = None
        self._from_board, self._to_board = Way(), Way()
        self._in_fifo = 0
        self._wrong = {}
        self._reload = True
        self._written = 0.0
        self._changed = True
        # Not left to QEMU, which writes byte by byte, and again what the pipe did not take at once.
        self._log = open("serial.log", "ab", buffering=0)
        self._has_rates = board is not None
        self._known_rates = (0, 0)
        self._at_rates = {}
        if self._has_rates:
            self._board_out = self._board_in = board
            return
        self._board_out = os.open("line.out", os.O_RDONLY | os.O_NONBLOCK)
        # Both ways, so that opening does not wait for QEMU.
        self._board_in = os.open("line.in", os.O_RDWR | os.O_NONBLOCK)

    def on_hangup(self, *_):
        self._reload = True

    def _settings(self):
        self._reload = False
        settings = json.loads(Path("line.json").read_text())
        self._rate = settings.get("rate", 0)
        wrong = settings.get("faults", {})
        self._fifo = wrong.get("fifo", 0)
        if wrong != self._wrong:
            self._wrong = wrong
            self._from_board.damage = faults.Damage(wrong, False, self._from_board.damage.count)
            self._to_board.damage = faults.Damage(wrong, True, self._to_board.damage.count)
        if settings.pop("zero", False):
            for way in (self._from_board, self._to_board):
                way.bytes = way.lost = 0
                way.damage.count.update(dict.fromkeys(way.damage.count, 0))
            self._at_rates.clear()
        if settings.pop("cut", False) and self._client:
            self._hang_up()
        _replace("line.json", json.dumps(settings))
        self._write_count()

    def _write_count(self):
        self._written, self._changed = time.monotonic(), False
        said, typed = self._from_board, self._to_board
        board, client = self._rates()
        _replace("line-bytes", json.dumps({
            "fromBoard": said.bytes, "toBoard": typed.bytes, "toBoardLost": typed.lost,
            "fromBoardFaults": said.damage.count, "toBoardFaults": typed.damage.count,
            "boardRate": board, "clientRate": client, "fromBoardAtRates": self._at_rates}) + "\n")

    def _rates(self):
        """Bits a second of the board and of the client; zeros where the line has none."""
        if not self._has_rates:
            return 0, 0
        try:
            self._known_rates = uart.rate_of(self._board_out), uart.rate_of(self._terminal)
        except OSError:
            # QEMU has ended.
            pass
        return self._known_rates

    def _pace(self):
        """Bits a second that may pass; 0 for as fast as it goes."""
        return min(self._rates()) if self._rate == "line" else self._rate

    def _hang_up(self):
        self._client.close()
        self._client = None
        self._from_board.waiting = self._to_board.waiting = b""

    def run(self):
        while True:
            if self._reload:
                self._settings()
            if self._changed and time.monotonic() - self._written > 0.2:
                self._write_count()
            paced = self._pace() and (self._from_board.waiting or self._to_board.waiting)
            client = self._terminal if self._terminal is not None else self._client
            readers = [self._board_out] if len(self._from_board.waiting) < _PIPE else []
            if client is None:
                readers.append(self._listener)
            elif len(self._to_board.waiting) < _PIPE:
                readers.append(client)
            ready, _, _ = select.select(readers, [], [], 0.001 if paced else 0.2)
            if self._board_out in ready and not self._read_board(client):
                return
            if client is None and ready and self._listener in ready:
                self._client = self._listener.accept()[0]
                self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                continue
            if client is not None and client in ready:
                self._read_client(client)
            self._pass_on()

    def _read_board(self, client):
        try:
            data = os.read(self._board_out, _PIPE)
        except BlockingIOError:
            return True
        except OSError:
            # A terminal that nobody has open any more.
            return False
        if not data:
            return False
        self._in_fifo = 0
        self._log.write(data)
        if client is not None:
            # Nobody's bytes are no bytes on a line: a client that comes late has not missed them.
            board, receiver = self._rates()
            self._from_board.bytes += len(data)
            if board:
                self._at_rates[board] = self._at_rates.get(board, 0) + len(data)
            data = uart.received(data, board, receiver, keeps_breaks=False)
            self._from_board.waiting += self._from_board.damage.through(data)
            self._changed = True
        return True

    def _read_client(self, client):
        try:
            data = os.read(client, _PIPE) if client is self._terminal else client.recv(_PIPE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            if client is self._client:
                self._hang_up()
            return
        self._to_board.bytes += len(data)
        board, client = self._rates()
        data = uart.received(data, client, board, keeps_breaks=True)
        self._to_board.waiting += self._to_board.damage.through(data)
        self._changed = True

    def _pass_on(self):
        pace = self._pace()
        piece = self._from_board.take(pace)
        if piece:
            try:
                if self._terminal is not None:
                    _write_terminal(self._terminal, piece)
                elif self._client:
                    self._client.sendall(piece)
            except OSError:
                self._hang_up()
        piece = self._to_board.take(pace)
        if piece:
            room = max(0, self._fifo - self._in_fifo) if self._fifo else len(piece)
            if os.path.exists("power-off"):
                room = 0
            self._to_board.lost += len(piece) - len(piece[:room])
            self._in_fifo += len(piece[:room])
            if piece[:room]:
                _write_all(self._board_in, piece[:room])


def _replace(name, text):
    Path(name + ".new").write_text(text)
    os.replace(name + ".new", name)


def _write_terminal(terminal, data):
    """A terminal that nobody reads is full some day: what it cannot hold is lost, as on a real line."""
    try:
        os.write(terminal, data)
    except BlockingIOError:
        pass


def _write_all(descriptor, data):
    while data:
        try:
            data = data[os.write(descriptor, data):]
        except BlockingIOError:
            select.select([], [descriptor], [], 0.05)


# How it is started ------------------------------------------------------------------------------

def make_pipes(state):
    import fcntl
    held = []
    for name in ("line.in", "line.out"):
        (state / name).unlink(missing_ok=True)
        os.mkfifo(state / name)
        held.append(os.open(state / name, os.O_RDWR))
        fcntl.fcntl(held[-1], _SET_PIPE_SIZE, _PIPE)
    # The size stays as long as somebody has the pipe open.
    return held


def main():
    kind, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers]
    if kind == "port":
        line = Line(socket.socket(fileno=numbers[0]), None)
    else:
        ours, theirs, board = numbers
        os.set_blocking(ours, False)
        os.set_blocking(board, False)
        tty.setraw(theirs)
        line = Line(None, ours, board)
    signal.signal(signal.SIGHUP, line.on_hangup)
    # Whoever started the lab may have been a thread that takes no signals, which is inherited.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP, signal.SIGTERM])
    try:
        line.run()
    finally:
        line._write_count()


if __name__ == "__main__":
    main()
