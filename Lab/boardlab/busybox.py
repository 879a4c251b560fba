"""Takes applets out of a busybox binary.

Removing links is not enough: `busybox od` still works, and Debian's static busybox has a shell
that finds its applets without any link. All these ways look the name up in one sorted table inside
the binary, so the name is changed there, to one of the same length that sorts at the same place
(the lookup relies on the order) and that nobody would type.
"""

from . import LabError

# The board's own services are made of these.
NEEDED = {"ash", "busybox", "getty", "init", "login", "sh", "telnetd"}


def _table(binary):
    """Offset of the name table and its names."""
    start = binary.find(b"\0[\0[[\0") + 1
    if start == 0:
        raise LabError("no table of applet names in this busybox")
    names, at = [], start
    while True:
        end = binary.index(b"\0", at)
        name = binary[at:end]
        # The table ends where the order does, or at an empty string (padding).
        if not name or (names and name <= names[-1]):
            return start, names
        names.append(name)
        at = end + 1


def applets(binary):
    return {name.decode() for name in _table(binary)[1]}


def _stand_in(names, index):
    name = names[index]
    low = names[index - 1] if index else b""
    high = names[index + 1] if index + 1 < len(names) else b"\x7f"
    taken = set(names)
    # Punctuation first: such a name shows at a glance in `busybox --list` that it is not a command.
    ends = b"-+,.:=@^_~" + b"qjzkxvwbyfgpmuhdlcrsnioate" + b"0123456789"
    for keep in range(len(name) - 1, -1, -1):
        for end in ends:
            made = name[:keep] + bytes([end]) * (len(name) - keep)
            if low < made < high and made not in taken:
                return made
    raise LabError(f"cannot take {name.decode()} out of busybox")


def without(binary, commands):
    start, names = _table(binary)
    present = {name.decode() for name in names}
    if NEEDED & set(commands):
        raise LabError("the board itself needs " + ", ".join(sorted(NEEDED & set(commands))))
    for command in sorted(present & set(commands)):
        index = names.index(command.encode())
        names[index] = _stand_in(names, index)
    table = b"\0".join(names)
    return binary[:start] + table + binary[start + len(table):]
