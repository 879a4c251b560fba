#!/bin/busybox sh
# The first process of the Linux that a Malta board boots from its U-Boot; see ubootlab/linux.py. Fills the simulated
# NAND from /lab/content, removes /lab, and becomes the board: a shell on the serial line, telnet on the network.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# The shell runs its commands by way of /proc/self/exe, so this one first.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mkdir -p /dev/pts
/bin/busybox mount -t devpts devpts /dev/pts
/bin/busybox --install -s
exec </dev/console >/dev/console 2>&1

fail() { echo "LAB FAILED: $*"; }

# COUNT blocks of the content, from its block FROM on, to the flash from block TO on.
put() {     # MTD FROM TO COUNT
    dd if=/lab/content of="/dev/mtd$1" bs=131072 skip="$2" seek="$3" count="$4" conv=notrunc 2>/tmp/dd ||
        fail "writing mtd$1: $(cat /tmp/dd)"
}

. /lab/plan.sh
hostname malta
for module in $MODULES; do
    case $module in
        nandsim) insmod "/lab/modules/$module.ko" $NANDSIM ;;
        phram) insmod "/lab/modules/$module.ko" $PHRAM ;;
        mtdram) insmod "/lab/modules/$module.ko" $MTDRAM ;;
        *) insmod "/lab/modules/$module.ko" ;;
    esac || fail "insmod $module"
done
prepare_flash
ifconfig lo 127.0.0.1 up
[ ! -e /sys/class/net/eth0 ] || ifconfig eth0 10.11.12.2 netmask 255.255.255.0 up
echo "LAB READY"
rm -rf /lab /tmp/dd /init; exec /sbin/init
