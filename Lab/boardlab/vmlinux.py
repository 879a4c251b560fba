"""Takes the kernel proper out of the packed file that Debian ships: `vmlinux.py VMLINUZ VMLINUX`.

Unpacking takes the board several seconds under emulation and this machine a fraction of one, once.
A kernel that cannot be unpacked here, or not be started unpacked, is left out: the board then
starts from the packed one.
"""

import bz2
import gzip
import lzma
import struct
import subprocess
import sys
from pathlib import Path


def unpack(packed):
    sectors = packed[0x1F1] or 4
    offset, length = struct.unpack_from("<II", packed, 0x248)
    payload = packed[(sectors + 1) * 512 + offset:][:length]
    if payload.startswith(b"\xfd7zXZ"):
        # Behind the stream there are four bytes with its unpacked size.
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-dc"], input=payload[:-4], capture_output=True, check=True).stdout
    if payload.startswith(b"\x1f\x8b"):
        return gzip.decompress(payload[:-4])
    if payload.startswith(b"BZh"):
        return bz2.decompress(payload[:-4])
    raise ValueError("a form of packing that is not known here")


def starts_unpacked(kernel):
    """Whether there is the note (type 18 of "Xen") that tells QEMU where to enter the kernel."""
    return kernel.startswith(b"\x7fELF") and struct.pack("<II", 8, 18).join((b"\4\0\0\0", b"Xen\0")) in kernel


if __name__ == "__main__":
    try:
        kernel = unpack(Path(sys.argv[1]).read_bytes())
    except (ValueError, EOFError, OSError, lzma.LZMAError, struct.error, subprocess.SubprocessError) as error:
        sys.exit(f"kernel not unpacked: {error}")
    if not starts_unpacked(kernel):
        sys.exit("kernel not unpacked: it would not start")
    Path(sys.argv[2]).write_bytes(kernel)
