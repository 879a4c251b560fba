"""What the flash of a U-Boot board holds, and the files that say so."""

import array
import hashlib
import json
import random

from boardlab import LabError, content as words

from . import environment

_ERASED = b"\xff"


class Flash:
    """The banks of one board as its processor reads them, and which part of them is what."""

    def __init__(self, board, fill, seed, firmware, values):
        self.board = board
        self.banks = [bytearray(_ERASED) * bank.size for bank in board.banks]
        self.areas = [[] for _ in board.banks]
        self._rng = random.Random(f"uboot:{seed}")
        self._seed = seed
        end = -(-len(firmware) // board.sector) * board.sector
        place, length = board.environment
        env_bank = max(number for number, bank in enumerate(board.banks) if bank.base <= place)
        env_at = place - board.banks[env_bank].base
        if fill != "as-is":
            for number, bank in enumerate(board.banks):
                first = end if number == 0 else 0
                last = bank.size
                if number == env_bank:
                    first, last = (env_at + length, last) if env_at == 0 else (first, env_at)
                self._random(number, first, last) if fill == "random" else self._mixed(number, first, last)
        self._put(0, 0, firmware, "uboot", end)
        if values:
            text = environment.area(values, length, board.big_endian)
            self._put(env_bank, env_at, text, "environment")
        for areas in self.areas:
            areas.sort(key=lambda area: area["offset"])

    def _put(self, bank, at, data, kind, length=None):
        self.banks[bank][at:at + len(data)] = data
        self.areas[bank].append({"offset": at, "size": length or len(data), "kind": kind})

    def _random(self, bank, first, last):
        self._put(bank, first, self._rng.randbytes(last - first), "random")

    def _mixed(self, bank, first, last):
        """A bit of everything in the first sectors, and a lone sector at the end of a long blank."""
        sector = self.board.sector
        at = first
        for kind, count in (("text", 4), ("random", 4), ("repeated", 6), ("half", 2), ("blank", 2), ("random", 2)):
            if at + (count + 1) * sector > last:
                break
            if kind != "blank":
                self._put(bank, at, self._sectors(kind, count, bank, at), kind)
            at += count * sector
        self._put(bank, last - sector, self._rng.randbytes(sector), "random")

    def _sectors(self, kind, count, bank, at):
        sector = self.board.sector
        if kind == "random":
            return self._rng.randbytes(count * sector)
        if kind == "repeated":
            # Two sectors in turn: a copy of what was read before is not always the last one.
            pair = self._rng.randbytes(sector) + self._text(bank, at)
            return pair * (count // 2)
        if kind == "half":
            return (self._rng.randbytes(sector // 2) + _ERASED * (sector // 2)) * count
        return b"".join(self._text(bank, at + number * sector) for number in range(count))

    def _text(self, bank, at):
        """Says where it is: a sector read from the wrong place is easy to tell."""
        head = f"# bank {bank} offset {at:#x} seed {self._seed}\n".encode()
        return (head + words.text(self._rng, self.board.sector))[:self.board.sector]

    # Files ------------------------------------------------------------------------------------

    def write(self, state):
        """QEMU's files, expected/, and start.json: what the files held at the start."""
        board = self.board
        expected = state / "expected"
        expected.mkdir(exist_ok=True)
        files = []
        banks = []
        for number, (bank, data) in enumerate(zip(board.banks, self.banks)):
            (expected / f"bank{number}.bin").write_bytes(data)
            name = f"flash{number}.img"
            with open(state / name, "wb") as file:
                file.write(_swapped(data[:board.swapped]) + data[board.swapped:])
                # What U-Boot does not list is a hole.
                file.truncate(bank.file_size)
            files.append(name)
            banks.append({"index": number, "base": bank.base, "size": bank.size, "sectorSize": board.sector,
                          "kind": board.kind, "file": f"bank{number}.bin", "areas": self.areas[number]})
        note(state, board.sector, files)
        about = {"board": board.name, "bigEndian": board.big_endian, "loadAddress": board.load_address,
                 "ram": {"base": board.ram[0], "size": board.ram[1]}, "banks": banks}
        return about


def _swapped(data):
    turned = array.array("I", bytes(data))
    turned.byteswap()
    return turned.tobytes()


def note(state, sector, files):
    """start.json: the digests of each sector of these files."""
    started = {name: digests(state / name, sector) for name in files}
    (state / "start.json").write_text(json.dumps({"sector": sector, "files": started}) + "\n")


def digests(path, sector):
    with open(path, "rb") as file:
        return [hashlib.sha256(piece).hexdigest() for piece in iter(lambda: file.read(sector), b"")]


def changed(state):
    """(file, sectors that differ from the start) of each flash file."""
    try:
        started = json.loads((state / "start.json").read_text())
    except OSError:
        raise LabError(f"no board was started in {state}")
    for name, before in started["files"].items():
        now = digests(state / name, started["sector"])
        yield name, [number for number in range(max(len(now), len(before)))
                     if now[number:number + 1] != before[number:number + 1]]
