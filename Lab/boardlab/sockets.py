"""QEMU's sockets in a board's folder."""

import os
import socket
import time

from . import LabError


def connect(state, name, patience):
    """A connection to the socket of this name, once it is there."""
    end = time.monotonic() + patience
    try:
        # By way of the folder's descriptor: the path itself may be too long for a socket.
        folder = os.open(state, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        raise LabError(f"no board is running in {state}")
    try:
        while True:
            made = socket.socket(socket.AF_UNIX)
            try:
                made.connect(f"/proc/self/fd/{folder}/{name}")
                return made
            except OSError:
                made.close()
                if time.monotonic() > end:
                    raise LabError(f"no board is running in {state}")
                time.sleep(0.02)
    finally:
        os.close(folder)
