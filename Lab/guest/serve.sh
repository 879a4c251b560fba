# The agent at work: see agent.sh. Runs in its private folder, with the full busybox.

. ./plan.sh

# Makes ./node for the device with this name.
node() {
    rm -f node
    case $1 in
        mtd[0-9]*) mknod node c 90 $((2 * ${1#mtd})) ;;
        ubi[0-9]*) number=$(cat "sys/class/ubi/$1/dev") && mknod node c "${number%:*}" "${number#*:}" ;;
        *) number=$(cat "sys/class/block/$1/dev") && mknod node b "${number%:*}" "${number#*:}" ;;
    esac
}

if [ -n "$CHATTER" ]; then
    number=0
    while :; do
        number=$((number + 1))
        echo "<4>ath10k_pci 0000:00:00.0: firmware warning $number, peer unreachable" >kmsg
        usleep 50000
    done &
fi

if [ -n "$WRITER_MTD" ]; then
    mknod live c 90 $((2 * WRITER_MTD))
    while :; do
        # The simulated NOR takes new data without an erase before.
        dd if=urandom of=live bs="$WRITER_SIZE" count=1 seek="$WRITER_BLOCK" conv=notrunc 2>/dev/null
        usleep 20000
    done &
fi

stty raw -echo <line
exec <line >line 2>/dev/null
echo ready
while read -r verb what; do
    case $verb in
        list) cat /proc/mtd; echo end ;;
        volume) cat "sys/class/ubi/$what/data_bytes" || echo none ;;
        dump) node "$what" && dd if=node of=port bs=128k; echo "dumped $?" ;;
    esac
done
