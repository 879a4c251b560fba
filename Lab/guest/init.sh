#!/lab/busybox sh
# The board's first process. Prepares the flash with the lab's own tools under /lab, then removes
# /lab and becomes the board: what is left is only what the board is meant to have.
#
# The shell is the full busybox, which finds its own commands without links; /lab/bin holds mtd-utils.
# plan.sh is made on the host for this very board: settings, and the two functions used below.

export PATH=/lab/bin

fail() {
    echo "LAB FAILED: $*" >/dev/console
    sleep 5
    # QEMU is told not to start again, mostly: this ends it.
    reboot -f
}

# The shell runs its commands by way of /proc/self/exe, so this one first.
/lab/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /tmp
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /tmp
exec </dev/console >/dev/console 2>&1

. /lab/plan.sh

hostname "$HOSTNAME"
for module in $MODULES; do
    insmod "/lab/modules/$module.ko" || fail "insmod $module"
done
ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up || fail "no network"

load_flash() {    # NAME PARAMETERS: a driver that makes flash appear
    insmod "/lab/modules/$1.ko" $2 || fail "insmod $1 $2"
}

# Writes COUNT blocks of the content disk, from its block FROM on, to the flash from block TO on.
# The host has left out bad blocks, so a plain copy puts everything where it must be.
put() {           # MTD BLOCK_SIZE FROM TO COUNT
    dd if=/dev/vda of="/dev/mtd$1" bs="$2" skip="$3" seek="$4" count="$5" conv=notrunc 2>/tmp/dd.err ||
        fail "writing mtd$1: $(cat /tmp/dd.err)"
}

# Any /dev/mtdN exists only after all drivers are in.
prepare_flash
rm -f /tmp/dd.err

if [ -n "$DROP_DISK" ]; then
    # The content disk is the lab's, not the board's.
    rmmod virtio_blk || fail "rmmod virtio_blk"
fi

mkdir -p /tmp/sysinfo
cp /lab/sysinfo/* /tmp/sysinfo/
[ -z "$TMP_FULL" ] || mount -o remount,size=64k /tmp
[ -z "$TMP_FULL" ] || dd if=/dev/zero of=/tmp/full bs=1k 2>/dev/null

# The agent keeps its own nodes and its own /sys, in a mount namespace that nobody else sees.
unshare -m /lab/busybox sh /lab/agent.sh &
tries=0
until [ -e /lab/agent-up ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || fail "the agent did not start"
    usleep 50000
done
rm -f /dev/ttyS1 /dev/vport*

if [ -n "$ISPOT" ]; then
    mount -t tmpfs -o size=8m tmpfs /var || fail "mount /var"
    mkdir /var/wwwroot
    # An iSpot's kernel does not list the whole chip, and its owner has to make the last partition's node.
    grep -v '^mtd11:' /proc/mtd >/tmp/table
    mount --bind /tmp/table /proc/mtd || fail "mount /proc/mtd"
    rm -rf /tmp/table /dev/mtd10* /dev/mtdblock10 /dev/mtd11* /dev/mtdblock11
fi
[ -z "$NO_NODES" ] || rm -rf /dev/mtd*
[ -z "$NO_SYSFS" ] || umount /sys
rm -rf /lab /init; exec /sbin/init
