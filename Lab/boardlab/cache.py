"""The files that Lab/setup prepared."""

import os
from pathlib import Path

from . import LabError

LAB = Path(__file__).resolve().parent.parent


def folder():
    return Path(os.environ.get("FLASHKEEP_LAB_CACHE") or LAB.parent / ".lab")


def need(name, maker="setup"):
    path = folder() / name
    if not path.exists():
        raise LabError(f"{path} is missing: run {LAB / maker} first")
    return path


def kernel():
    """The kernel, unpacked if that could be done: see vmlinux.py."""
    unpacked = folder() / "kernel/vmlinux"
    return unpacked if unpacked.exists() else need("kernel/vmlinuz")


def modules():
    return need("kernel/modules")


def busybox():
    return need("busybox")


def busybox_mtd():
    return need("busybox-mtd", "build-busybox-mtd")
