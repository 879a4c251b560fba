#ifndef FLASHKEEP_CDATAGRAMS_H
#define FLASHKEEP_CDATAGRAMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * The UDP calls of Linux that Swift cannot import, since they are GNU extensions: recvmmsg, sendmmsg and ppoll; and what
 * belongs to them.
 */

/* What came with a datagram. */
struct flashkeep_datagram {
    /* Bytes; at most as many as there was room for. */
    uint32_t length;
    /* Whether it came from the address that was given. */
    uint32_t is_from_peer;
    struct sockaddr_storage source;
};

/* The most datagrams that one call receives. */
#define FLASHKEEP_DATAGRAMS_AT_ONCE 16

/* Makes a UDP socket on an address. The sizes of its buffers are wishes, in bytes. A send that finds no room waits for
 * it, at most a second. Returns the descriptor, or -errno. */
int flashkeep_datagrams_open(const struct sockaddr_storage *address, int receive_buffer, int send_buffer);

/* Waits until a socket or a pipe has something to be read; `nanoseconds` below 0: without limit.
 * Returns 1 for the socket, 2 for the pipe, 3 for both, 0 for neither, or -errno. */
int flashkeep_datagrams_wait(int socket, int pipe, int64_t nanoseconds);

/* How long a receive may wait, in nanoseconds; less than a microsecond counts as one. Returns 0 or -errno. */
int flashkeep_datagrams_limit(int socket, int64_t nanoseconds);

/* Ends waiting, for ever: whoever receives gets a datagram of no bytes at once. For any thread. */
void flashkeep_datagrams_wake(int socket);

/* How receives of one socket went. All zero at first. */
struct flashkeep_haste {
    /* Waits in a row for which it did not pay to stay awake; at most as many as count. */
    uint32_t misses;
    /* How many of the next waits sleep at once. */
    uint32_t sleeps;
    /* Waits since the thread last slept or its time was last looked at. */
    uint32_t awake;
    /* Then: the time, and the processor time of the thread, in nanoseconds. */
    int64_t time, processor_time;
};

/* Takes what has come, at most `count` datagrams; each finds `size` bytes in `area`, one behind the other, and one that
 * is longer is cut. Where nothing has come it waits for the first, if it may. Returns how many; 0 where there are none;
 * or -errno.
 *
 * A thread that sleeps costs both sides more time than a quick client takes for its answer; so it stays awake for the
 * first microseconds, as long as that pays, and while no other thread wants the processor. */
int flashkeep_datagrams_receive(int socket, int may_wait, struct flashkeep_haste *haste,
                                const struct sockaddr_storage *peer, uint8_t *area, size_t size, int count,
                                struct flashkeep_datagram *datagrams);

/* Sends datagrams, which stand in `bytes` one behind the other. One that cannot be sent is left out: to UDP it is lost.
 * Returns how many were handed to the kernel. */
int flashkeep_datagrams_send(int socket, const struct sockaddr_storage *to, const uint8_t *bytes,
                             const uint32_t *lengths, int count);

#endif
