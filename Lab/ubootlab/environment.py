"""U-Boot's environment as it lies in flash: CRC-32, then NAME=VALUE strings, each ended by a zero byte."""

import zlib

from boardlab import LabError


def area(values, size, big_endian):
    text = b"".join(f"{name}={value}\0".encode() for name, value in values.items()) + b"\0"
    if len(text) > size - 4:
        raise LabError("the environment is too large for its place in flash")
    data = text.ljust(size - 4, b"\0")
    return zlib.crc32(data).to_bytes(4, "big" if big_endian else "little") + data
