"""What a bad serial line does to the bytes on it."""

import random
from fractions import Fraction

from boardlab import LabError

# The odds for each byte, and what the board's receiver can hold.
_ODDS = ("drop", "flip", "repeat")
_TO_BOARD = "to-board-"


def parse(text):
    """"drop=1/500,to-board-drop=1/900,fifo=16,seed=3" as a dictionary; empty for no faults."""
    faults = {}
    for part in text.split(",") if text not in ("", "none") else ():
        name, _, value = part.partition("=")
        try:
            if name in ("seed", "fifo"):
                faults[name] = int(value)
            elif name.removeprefix(_TO_BOARD) in _ODDS:
                faults[name] = float(Fraction(value))
            else:
                raise LabError(f"--line-faults knows no {name}: drop, flip, repeat, to-board-drop …, fifo, seed")
        except (ValueError, ZeroDivisionError):
            raise LabError(f"--line-faults: {part} wants a number, such as {name}=1/500")
    return faults


class Damage:
    """One direction. Which bytes are hit follows from the seed and their number, not from how they are cut."""

    def __init__(self, faults, to_board, count=None):
        prefix = _TO_BOARD if to_board else ""
        self._odds = [faults.get(prefix + name, 0) for name in _ODDS]
        self._rng = random.Random(f"{faults.get('seed', 1)}:{to_board}")
        self.count = count or dict.fromkeys(_ODDS, 0)
        self._any = any(self._odds)

    def through(self, data):
        if not self._any:
            return data
        drop, flip, repeat = self._odds
        made = bytearray()
        for byte in data:
            luck = self._rng.random()
            if luck < drop:
                self.count["drop"] += 1
            elif luck < drop + flip:
                self.count["flip"] += 1
                made.append(byte ^ 1 << self._rng.randrange(8))
            elif luck < drop + flip + repeat:
                self.count["repeat"] += 1
                made += bytes((byte, byte))
            else:
                made.append(byte)
        return bytes(made)
