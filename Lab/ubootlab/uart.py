"""What a serial line makes of bytes when its two ends run at different rates."""

import fcntl
import struct

_TCGETS2 = 0x802C542A       # include/uapi/asm-generic/ioctls.h
_TERMIOS2 = struct.Struct("=4I20B2I")


def rate_of(master):
    """Bits a second that the other end of a pseudo-terminal was set to, any number of them (tty_ioctl(4): a master's
    settings are those of its slave)."""
    return _TERMIOS2.unpack(fcntl.ioctl(master, _TCGETS2, bytes(_TERMIOS2.size)))[-1]


def received(data, sent_at, read_at, keeps_breaks):
    """Bytes that were sent back to back at one rate, as a receiver at another one reads them: 8 data bits, no parity,
    one stop bit.

    A receiver waits for the line to fall, looks at the middle of each of its own bit times, and where a stop bit
    should be and is none takes that one for the next start (National Semiconductor's PC16550D, framing error). A frame
    that is low to its end is a break: a 16550 gives a zero for it, Linux with IGNBRK nothing.
    """
    if sent_at == read_at:
        return data
    wire = []
    for byte in data:
        wire += (0, *(byte >> bit & 1 for bit in range(8)), 1)
    # The receiver's bit time, in the sender's.
    width = sent_at / read_at

    def level(time):
        return wire[int(time)] if time < len(wire) else 1

    made = bytearray()
    edge = 0.0
    while True:
        while edge < len(wire) and level(edge):
            edge = int(edge) + 1.0
        if edge >= len(wire):
            return bytes(made)
        if level(edge + width / 2):
            # Too short for a start.
            edge = int(edge + width / 2) + 0.0
            continue
        byte = sum(level(edge + width * (bit + 1.5)) << bit for bit in range(8))
        stop = edge + width * 9.5
        if level(stop):
            made.append(byte)
            edge = stop
        elif byte:
            made.append(byte)
            edge = stop - width / 2
        else:
            if keeps_breaks:
                made.append(0)
            edge = stop
            while edge < len(wire) and not level(edge):
                edge = int(edge) + 1.0
