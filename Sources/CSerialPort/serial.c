#include "CSerialPort.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#if defined(__linux__)
/* <termios.h> and <asm/termbits.h> both define struct termios, so only the kernel's is included here. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#else
#error "The serial port of this system is not supported yet."
#endif

int flashkeep_serial_open(const char *path) {
    /* O_NONBLOCK: open() must not wait for the carrier of a modem. */
    int descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return -errno;
    }
    if (!isatty(descriptor)) {
        close(descriptor);
        return -ENOTTY;
    }
    /* A second program on the same line would steal bytes. Not every device knows this: no error. */
    (void)ioctl(descriptor, TIOCEXCL);
    return descriptor;
}

int flashkeep_serial_configure(int descriptor, unsigned int baud) {
    struct termios2 settings;
    if (ioctl(descriptor, TCGETS2, &settings) < 0) {
        return -errno;
    }
    settings.c_iflag = IGNBRK;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | (BOTHER << IBSHIFT);
    settings.c_ispeed = baud;
    settings.c_ospeed = baud;
    memset(settings.c_cc, 0, sizeof settings.c_cc);
    settings.c_cc[VMIN] = 1;
    if (ioctl(descriptor, TCSETS2, &settings) < 0) {
        return -errno;
    }
    return 0;
}

int flashkeep_serial_change_baud(int descriptor, unsigned int baud) {
    struct termios2 settings;
    if (ioctl(descriptor, TCGETS2, &settings) < 0) {
        return -errno;
    }
    settings.c_cflag &= ~(CBAUD | (CBAUD << IBSHIFT));
    settings.c_cflag |= BOTHER | (BOTHER << IBSHIFT);
    settings.c_ispeed = baud;
    settings.c_ospeed = baud;
    if (ioctl(descriptor, TCSETSW2, &settings) < 0) {
        return -errno;
    }
    return 0;
}

int flashkeep_serial_baud(int descriptor, unsigned int *baud) {
    struct termios2 settings;
    if (ioctl(descriptor, TCGETS2, &settings) < 0) {
        return -errno;
    }
    *baud = settings.c_ospeed;
    return 0;
}

int flashkeep_serial_flush(int descriptor) {
    if (ioctl(descriptor, TCFLSH, TCIOFLUSH) < 0) {
        return -errno;
    }
    return 0;
}
