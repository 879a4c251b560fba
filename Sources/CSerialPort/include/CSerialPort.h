#ifndef FLASHKEEP_CSERIALPORT_H
#define FLASHKEEP_CSERIALPORT_H

/*
 * The part of the Linux terminal interface that Swift cannot import: struct termios2 and BOTHER, with which a
 * serial line takes any baud rate (include/uapi/asm-generic/termbits.h), and the ioctls that take it.
 */

/* Opens a serial port or pseudo-terminal for reading and writing, as no one's controlling terminal, exclusively
 * (TIOCEXCL) where the device knows that, without waiting for carrier. Returns the descriptor, or -errno. */
int flashkeep_serial_open(const char *path);

/* Makes the line raw, 8 data bits, no parity, one stop bit, no flow control, at `baud` bits a second in both
 * directions. A pseudo-terminal has no rate and accepts any. Returns 0, or -errno. */
int flashkeep_serial_configure(int descriptor, unsigned int baud);

/* Sets an open line to another rate in both directions, once what was written to it has been sent; blocks until then.
 * All other settings stay. Returns 0, or -errno. */
int flashkeep_serial_change_baud(int descriptor, unsigned int baud);

/* The rate that the driver really set, in bits a second; it may differ from the one asked for.
 * Returns 0 or -errno. */
int flashkeep_serial_baud(int descriptor, unsigned int *baud);

/* Throws away what was received and not yet read, and what was written and not yet sent. Returns 0 or -errno. */
int flashkeep_serial_flush(int descriptor);

#endif
