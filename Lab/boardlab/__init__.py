"""The lab's boards: small Linux machines with simulated flash, run by QEMU."""


class LabError(Exception):
    """Something the user of the lab should read, without a traceback."""
