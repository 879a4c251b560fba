"""Kernel modules: finds what a module needs and in which order to load it.

depmod's files come with installing a kernel, not with its package, so each module's own list of
needs is read instead.
"""

import lzma
import re

from . import LabError, cache


class Modules:
    def __init__(self, folder=None):
        self._folder = folder or cache.modules()
        self.order = []        # names, needs before what needs them
        self.data = {}         # name: the module, as insmod takes it

    def add(self, name):
        if name in self.data:
            return
        data = _read(self._folder, name)
        self.data[name] = data
        found = re.search(rb"\0depends=([^\0]*)\0", data)
        for need in found.group(1).decode().split(",") if found else []:
            if need:
                self.add(need.replace("-", "_"))
        self.order.append(name)


def _read(folder, name):
    for stem in (name, name.replace("_", "-")):
        plain, packed = folder / f"{stem}.ko", folder / f"{stem}.ko.xz"
        if plain.exists():
            return _unsigned(plain.read_bytes())
        if packed.exists():
            return _unsigned(lzma.decompress(packed.read_bytes()))
    raise LabError(f"no kernel module {name} in {folder}")


def _unsigned(data):
    """Without the signature: checking one takes the board a tenth of a second for each module."""
    mark = b"~Module signature appended~\n"
    if not data.endswith(mark):
        return data
    # Before the mark: twelve bytes, the last four of them the signature's length.
    length = int.from_bytes(data[-len(mark) - 4:-len(mark)], "big")
    return data[:-len(mark) - 12 - length]
