"""The lab's U-Boot boards: machines run by QEMU that stop in their bootloader."""
