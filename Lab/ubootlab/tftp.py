"""A small TFTP server, to see what real U-Boots do. Flashkeep's own is not used: it is what is to be tested."""

import socket
import struct
import threading
from pathlib import Path


class Server:
    def __init__(self, folder, address="10.11.12.1", port=69, silent=False):
        self._folder, self._silent = Path(folder), silent
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._address = address
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # An empty packet: closing alone does not wake a thread that waits.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while True:
            packet, client = self._socket.recvfrom(2048)
            if not packet:
                return
            if self._silent:
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.bind((self._address, 0))
                one.connect(client)
                one.settimeout(2)
                try:
                    self._transfer(one, packet)
                except OSError:
                    pass

    def _transfer(self, one, packet):
        kind = struct.unpack(">H", packet[:2])[0]
        name, _, *options = packet[2:].split(b"\0")[:-1]
        wanted = dict(zip(options[::2], options[1::2]))
        path = self._folder / Path(name.decode()).name
        size = int(wanted.get(b"blksize", 512))
        agreed = b"".join(key + b"\0" + value + b"\0" for key, value in wanted.items()
                          if key in (b"blksize", b"timeout"))
        if kind == 1 and not path.exists():
            one.send(struct.pack(">HH", 5, 1) + b"no such file\0")
        elif kind == 1:
            self._send(one, path.read_bytes(), size, agreed)
        elif kind == 2:
            path.write_bytes(self._receive(one, size, agreed))

    @staticmethod
    def _answer(one, packet, wanted):
        """Sends until the answer starts as wanted."""
        for _ in range(5):
            one.send(packet)
            try:
                while True:
                    got = one.recv(65536)
                    if got[:4] == wanted:
                        return got
            except TimeoutError:
                continue
        raise OSError("the client is gone")

    def _send(self, one, data, size, agreed):
        if agreed:
            self._answer(one, struct.pack(">H", 6) + agreed, struct.pack(">HH", 4, 0))
        for number in range(len(data) // size + 1):
            block = (number + 1) & 0xFFFF
            self._answer(one, struct.pack(">HH", 3, block) + data[number * size:(number + 1) * size],
                         struct.pack(">HH", 4, block))

    def _receive(self, one, size, agreed):
        data, block = b"", 0
        packet = struct.pack(">H", 6) + agreed if agreed else struct.pack(">HH", 4, 0)
        while True:
            block = block + 1 & 0xFFFF
            got = self._answer(one, packet, struct.pack(">HH", 3, block))[4:]
            data += got
            packet = struct.pack(">HH", 4, block)
            if len(got) < size:
                one.send(packet)
                return data
