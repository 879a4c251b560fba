"""Writes "newc" cpio archives, the form the kernel unpacks as its first root.

Written here rather than with the cpio program because that one needs root to record files as
root's and to make device nodes.
"""

import stat


class Archive:
    def __init__(self):
        self._parts = []
        self._folders = set()
        self._inode = 0

    def folder(self, path, mode=0o755, uid=0):
        if path in self._folders:
            return
        self._parents(path)
        self._folders.add(path)
        self._entry(path, stat.S_IFDIR | mode, b"", uid)

    def file(self, path, data, mode=0o644, uid=0):
        self._parents(path)
        if isinstance(data, str):
            data = data.encode()
        self._entry(path, stat.S_IFREG | mode, data, uid)

    def link(self, path, target):
        self._parents(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode(), 0)

    def node(self, path, major, minor, mode=0o600):
        self._parents(path)
        self._entry(path, stat.S_IFCHR | mode, b"", 0, (major, minor))

    def data(self):
        self._entry("TRAILER!!!", 0, b"", 0)
        return b"".join(self._parts)

    def _parents(self, path):
        parent = path.rpartition("/")[0]
        if parent:
            self.folder(parent)

    def _entry(self, path, mode, data, uid, device=(0, 0)):
        self._inode += 1
        name = path.lstrip("/").encode() + b"\0"
        fields = (self._inode, mode, uid, uid, 1, 0, len(data), 0, 0, *device, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        self._parts.append(head + b"\0" * (-len(head) % 4))
        self._parts.append(data + b"\0" * (-len(data) % 4))
