"""Forms of arguments that the command lines share."""

import argparse
from pathlib import Path


def positive(text):
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("wants a positive number")
    return value


def add_state(command):
    """The option for the board that a command is about."""
    command.add_argument("--state", required=True, type=lambda text: Path(text).resolve(), metavar="DIR",
                         help="the folder of this board")
