"""Builds what the board boots from: one archive with the board and, under /lab, the lab's tools.

Nothing of it is cached: reading the few files anew takes a tenth of a second.
"""

import random
import shutil
import subprocess
from pathlib import Path

from . import LabError, busybox, cache, cpio
from .flash import fault_bits
from .modules import Modules

GUEST = cache.LAB / "guest"
_MTD_TOOLS = """flash_erase flash_eraseall flash_lock flash_otp_dump flash_otp_info flash_unlock flashcp
    lsmtd mtd_debug mtdinfo mtdpart nanddump nandflipbits nandtest nandwrite ubiattach ubiblock ubicrc32
    ubidetach ubiformat ubimkvol ubinfo ubirename ubirmvol ubirsvol ubiscan ubiupdatevol""".split()


def _tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not found:
        raise LabError(f"{name} is missing: run {cache.LAB / 'setup'} first")
    return Path(found)


def _libraries(programs):
    """The shared libraries these programs need, at the paths they look for them."""
    listed = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True).stdout
    found = set()
    for line in listed.splitlines():
        words = line.split()
        if "=>" in words and words[2].startswith("/"):
            found.add(words[2])
        elif words and words[0].startswith("/") and not words[0].endswith(":"):
            found.add(words[0])
    return found


def _is_script(data):
    return not data.startswith(b"\x7fELF")


def build(options, flash, disk, keys):
    """The archive. `disk` maps where each stretch of content lies, `keys` holds the SSH keys."""
    archive = cpio.Archive()
    modules = Modules()
    for folder in ("proc", "sys", "dev", "mnt", "root", "var", "etc"):
        archive.folder(folder)
    # Before devtmpfs is mounted, the first process wants somewhere to print.
    archive.node("dev/console", 5, 1)

    _add_lab(archive, modules, options, flash, disk)
    _add_board(archive, options, keys)
    return archive.data()


# What prepares the board ------------------------------------------------------------------------

def _add_lab(archive, modules, options, flash, disk):
    archive.file("lab/busybox", cache.busybox().read_bytes(), 0o755)
    # The first process is started by its #! line, which needs the file to be at /init.
    archive.file("init", (GUEST / "init.sh").read_bytes(), 0o755)
    for name in ("agent.sh", "serve.sh"):
        archive.file(f"lab/{name}", (GUEST / name).read_bytes())
    archive.file("lab/sysinfo/model", options.model + "\n")
    archive.file("lab/sysinfo/board_name", "flashkeep,lab-board\n")
    for name in _MTD_TOOLS:
        archive.file(f"lab/bin/{name}", _tool(name).read_bytes(), 0o755)

    for name in ("virtio_pci", "virtio_net", "virtio_blk", "virtio_console"):
        modules.add(name)
    if options.mtd != "none":
        modules.add("mtd")
    if options.mtd == "full":
        for name in ("mtdblock", "bch", "nand", "ubi"):
            modules.add(name)
    if options.ubifs:
        # UBIFS wants every compressor that it knows, and asks for zstd by another name than its module's.
        for name in ("zstd", "ubifs"):
            modules.add(name)
    base = list(modules.order)
    for name in ("mtdram", "nandsim"):
        modules.add(name)
    for name, data in modules.data.items():
        archive.file(f"lab/modules/{name}.ko", data)
    archive.file("lab/plan.sh", _plan(options, flash, disk, base))


def _plan(options, flash, disk, modules):
    """The shell text with this board's settings; see guest/init.sh."""
    settings = {
        "HOSTNAME": options.hostname, "MODULES": " ".join(modules),
        "DROP_DISK": "" if options.mtd == "none" else "yes",
        "NO_NODES": "yes" if options.no_nodes else "", "NO_SYSFS": "yes" if options.no_sysfs or flash.ispot else "",
        "ISPOT": "yes" if flash.ispot else "",
        "TMP_FULL": "yes" if options.tmp_full else "", "CHATTER": "yes" if options.chatter else "",
        "WRITER_MTD": "",
    }
    if options.writer:
        mtd, block = options.writer
        settings.update(WRITER_MTD=mtd, WRITER_BLOCK=block, WRITER_SIZE=flash.partition(mtd).erase_size)
    lines = [f"{key}={_quote(str(value))}" for key, value in settings.items()]

    lines.append("prepare_flash() {\n    :")
    if flash.ispot:
        lines += _ispot(flash)
    elif flash.nor:
        lines.append(f"    load_flash mtdram {_quote(flash.nor)}")
    if flash.nand:
        lines.append(f"    load_flash nandsim {_quote(flash.nand)}")
    for partition in flash.partitions:
        size = partition.erase_size
        for source, block, count in disk.get(partition.index, []):
            lines.append(f"    put {partition.index} {size} {source} {block} {count}")
        for fault in partition.faults:
            flips = " ".join(f"{bit}@{offset}" for offset, bit in fault_bits(partition, fault))
            lines.append(f"    nandflipbits -q /dev/mtd{partition.index} {flips} || fail nandflipbits")
        if partition.ubi:
            lines += _ubi(partition, disk)
    lines.append("}")
    return "\n".join(lines) + "\n"


def _ispot(flash):
    """Gives the partitions the numbers from 0 on, and the whole chip the one after them: other devices take these numbers
    first, and leave again."""
    parts = [partition for partition in flash.partitions if partition.chip is not None]
    names = ",".join(["1"] * (len(parts) - 1))
    lines = [f"    load_flash nandsim 'first_id_byte=0x20 second_id_byte=0xf1 third_id_byte=0x00 fourth_id_byte=0x15"
             f" overridesize=8 parts={names}'",
             f"    load_flash mtdram {_quote(flash.nor)}", "    rmmod nandsim || fail 'rmmod nandsim'",
             # What the kernel said of those other devices is not of this board.
             "    dmesg -c >/dev/null",
             # A driver's own table has this line before it; mtdpart's ioctl leaves it out (drivers/mtd/mtdpart.c).
             f"    echo '<5>Creating {len(parts)} MTD partitions on \"mtdram test device\":' >/dev/kmsg"]
    for part in parts:
        lines.append(f"    mtdpart add /dev/mtd{part.chip} {_quote(part.name)} {part.offset} {part.size} || fail mtdpart")
    return lines


def _ubi(partition, disk):
    """Makes two volumes and fills them from the content disk."""
    lines = [f"    ubiformat -q -y /dev/mtd{partition.index} >/dev/null || fail ubiformat",
             f"    ubiattach -m {partition.index} >/dev/null || fail ubiattach"]
    for number, (kind, name, size, offset, length) in enumerate(disk["ubi"]):
        lines += [
            f"    ubimkvol /dev/ubi0 -t {kind} -N {name} -s {size} >/dev/null || fail ubimkvol",
            f"    dd if=/dev/vda bs=4096 skip={offset // 4096} count={length // 4096} 2>/dev/null |"
            f" ubiupdatevol /dev/ubi0_{number} -s {length} - || fail ubiupdatevol",
        ]
    return lines


def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


# What the board is ------------------------------------------------------------------------------

def _add_board(archive, options, keys):
    without = set(options.without)
    source = cache.busybox_mtd() if options.busybox_mtd else cache.busybox()
    archive.file("bin/busybox", busybox.without(source.read_bytes(), without), 0o755)
    listed = subprocess.run([str(source), "--list-full"], capture_output=True, text=True, check=True)
    for path in listed.stdout.split():
        name = path.rpartition("/")[2]
        if name != "busybox" and name not in without:
            archive.link(path, "/bin/busybox")

    programs = {"usr/sbin/dropbear": _tool("dropbear")}
    # With both, the same names would be two different programs.
    if not options.without_mtd_utils and not options.busybox_mtd:
        programs.update({f"usr/sbin/{name}": _tool(name) for name in _MTD_TOOLS if name not in without})
    for path, source in programs.items():
        archive.file(path, source.read_bytes(), 0o755)
    # The libraries of all tools stay on the board: the lab's own tools need them too at first.
    binaries = [path for path in map(_tool, ["dropbear", *_MTD_TOOLS]) if not _is_script(path.read_bytes()[:4])]
    for library in sorted(_libraries(binaries)):
        archive.file(library.lstrip("/"), Path(library).read_bytes(), 0o755)

    _add_accounts(archive, options, keys)
    _add_settings(archive, options)


def _add_accounts(archive, options, keys):
    salt = "".join(random.choices("abcdefghijkmnopqrstuvwxyz", k=8))
    hashed = subprocess.run([str(cache.busybox()), "mkpasswd", "-m", "sha512", options.password, salt],
                            capture_output=True, text=True, check=True).stdout.strip()
    archive.file("etc/passwd", "root:x:0:0:root:/root:/bin/ash\nuser:x:1000:1000:user:/home/user:/bin/ash\n")
    archive.file("etc/group", "root:x:0:\nuser:x:1000:\n")
    archive.file("etc/shadow", f"root:{hashed}:19000:0:99999:7:::\nuser:{hashed}:19000:0:99999:7:::\n", 0o600)
    archive.file("etc/shells", "/bin/sh\n/bin/ash\n")
    archive.folder("home/user", 0o755, 1000)
    for home, uid in (("root", 0), ("home/user", 1000)):
        archive.folder(f"{home}/.ssh", 0o700, uid)
        archive.file(f"{home}/.ssh/authorized_keys", keys.client_public, 0o600, uid)
    archive.file("etc/dropbear/host_key", keys.host_private, 0o600)


def _add_settings(archive, options):
    login = options.console == "login"
    archive.file("etc/inittab", "\n".join([
        "ttyS0::respawn:" + ("/sbin/getty -L 115200 ttyS0 vt100" if login else "-/bin/ash"),
        "::respawn:/usr/sbin/dropbear -F -r /etc/dropbear/host_key",
        "::respawn:/usr/sbin/telnetd -F -l " + ("/bin/login" if login else "/usr/libexec/login.sh"),
        *(["::respawn:/usr/sbin/httpd -f -p 80 -h /var/wwwroot"] if options.layout == "ispot" else []),
        "",
    ]))
    archive.file("usr/libexec/login.sh", "#!/bin/sh\nexec /bin/ash --login\n", 0o755)
    archive.file("etc/hostname", options.hostname + "\n")
    archive.file("etc/hosts", "127.0.0.1 localhost\n")
    archive.file("etc/profile", "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
                 "export PS1='\\u@\\h:\\w\\$ '\n[ ! -f /etc/banner ] || cat /etc/banner 2>/dev/null\n")
    archive.file("etc/banner", "\n BusyBox on a Flashkeep lab board\n ---------------------------------\n"
                 " OpenWrt 22.03.5, r20134-5f15225c1e\n ---------------------------------\n")
    release = {"DISTRIB_ID": "OpenWrt", "DISTRIB_RELEASE": "22.03.5", "DISTRIB_REVISION": "r20134-5f15225c1e",
               "DISTRIB_TARGET": "x86/64", "DISTRIB_ARCH": "x86_64",
               "DISTRIB_DESCRIPTION": "OpenWrt 22.03.5 r20134-5f15225c1e", "DISTRIB_TAINTS": ""}
    archive.file("etc/openwrt_release", "".join(f"{key}='{value}'\n" for key, value in release.items()))
    archive.file("etc/os-release", 'NAME="OpenWrt"\nVERSION="22.03.5"\nID="openwrt"\nID_LIKE="lede openwrt"\n'
                 'PRETTY_NAME="OpenWrt 22.03.5"\nVERSION_ID="22.03.5"\nBUILD_ID="r20134-5f15225c1e"\n'
                 f'OPENWRT_BOARD="x86/64"\nOPENWRT_DEVICE_PRODUCT="{options.model}"\n')
