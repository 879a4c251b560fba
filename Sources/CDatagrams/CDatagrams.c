#define _GNU_SOURCE
#include "CDatagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static socklen_t length_of(const struct sockaddr_storage *address) {
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int is_same(const struct sockaddr_storage *left, const struct sockaddr_storage *right) {
    if (left->ss_family != right->ss_family) {
        return 0;
    }
    if (left->ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)left, *b = (const void *)right;
        return a->sin6_port == b->sin6_port && a->sin6_scope_id == b->sin6_scope_id
            && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
    }
    const struct sockaddr_in *a = (const void *)left, *b = (const void *)right;
    return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

int flashkeep_datagrams_open(const struct sockaddr_storage *address, int receive_buffer, int send_buffer) {
    int descriptor = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return -errno;
    }
    struct timeval second = {.tv_sec = 1};
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    if (bind(descriptor, (const struct sockaddr *)address, length_of(address)) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int flashkeep_datagrams_wait(int socket, int pipe, int64_t nanoseconds) {
    struct pollfd both[2] = {{.fd = socket, .events = POLLIN}, {.fd = pipe, .events = POLLIN}};
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    if (ppoll(both, 2, nanoseconds < 0 ? NULL : &limit, NULL) < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    if ((both[0].revents | both[1].revents) & POLLNVAL) {
        return -EBADF;
    }
    return (both[0].revents ? 1 : 0) | (both[1].revents ? 2 : 0);
}

int flashkeep_datagrams_limit(int socket, int64_t nanoseconds) {
    struct timeval limit = {.tv_sec = nanoseconds / 1000000000, .tv_usec = nanoseconds % 1000000000 / 1000};
    if (nanoseconds < 1000) {
        /* Zero would mean for ever. */
        limit = (struct timeval){.tv_usec = 1};
    }
    return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ? -errno : 0;
}

void flashkeep_datagrams_wake(int socket) {
    /* Says ENOTCONN, and does it (net/ipv4/af_inet.c, inet_shutdown). */
    (void)shutdown(socket, SHUT_RD);
}

/* Takes what has come; 0 where there is nothing. */
static int take(int socket, int flags, const struct sockaddr_storage *peer, uint8_t *area, size_t size, int count,
                struct flashkeep_datagram *datagrams) {
    int received;
    if (count <= 0) {
        return 0;
    }
    if (count == 1) {
        /* The bulk of all transfers: one packet there, one back. */
        socklen_t room = sizeof datagrams[0].source;
        ssize_t length = recvfrom(socket, area, size, flags, (struct sockaddr *)&datagrams[0].source, &room);
        received = length < 0 ? -1 : 1;
        datagrams[0].length = length < 0 ? 0 : (uint32_t)length;
    } else {
        struct mmsghdr headers[FLASHKEEP_DATAGRAMS_AT_ONCE];
        struct iovec parts[FLASHKEEP_DATAGRAMS_AT_ONCE];
        if (count > FLASHKEEP_DATAGRAMS_AT_ONCE) {
            count = FLASHKEEP_DATAGRAMS_AT_ONCE;
        }
        memset(headers, 0, sizeof headers);
        for (int i = 0; i < count; i++) {
            parts[i] = (struct iovec){.iov_base = area + (size_t)i * size, .iov_len = size};
            headers[i].msg_hdr = (struct msghdr){.msg_name = &datagrams[i].source,
                .msg_namelen = sizeof datagrams[i].source, .msg_iov = &parts[i], .msg_iovlen = 1};
        }
        received = recvmmsg(socket, headers, (unsigned int)count, flags | MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++) {
            datagrams[i].length = headers[i].msg_len;
        }
    }
    if (received < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
    }
    for (int i = 0; i < received; i++) {
        datagrams[i].is_from_peer = (uint32_t)is_same(&datagrams[i].source, peer);
    }
    return received;
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

enum { turn_of_another = 1000000, waits_between_looks = 32, sleeps_while_busy = 8192 };

/* Whether another thread had the processor while this one was awake: the time that passed is not its own. Then no
 * processor is idle, and staying awake would only keep the client from one. */
static int has_waited(struct flashkeep_haste *haste) {
    if (haste->awake > 0 && haste->awake < waits_between_looks) {
        haste->awake++;
        return 0;
    }
    int64_t time = now(CLOCK_MONOTONIC), processor_time = now(CLOCK_THREAD_CPUTIME_ID);
    int is_busy = haste->awake > 0
        && (time - haste->time) - (processor_time - haste->processor_time) > turn_of_another;
    haste->awake = 1;
    haste->time = time;
    haste->processor_time = processor_time;
    return is_busy;
}

int flashkeep_datagrams_receive(int socket, int may_wait, struct flashkeep_haste *haste,
                                const struct sockaddr_storage *peer, uint8_t *area, size_t size, int count,
                                struct flashkeep_datagram *datagrams) {
    enum { awake_nanoseconds = 30000, misses_that_count = 8, sleeps_until_next_try = 64 };
    if (!may_wait) {
        return take(socket, MSG_DONTWAIT, peer, area, size, count, datagrams);
    }
    if (haste->sleeps > 0) {
        haste->sleeps--;
    } else if (has_waited(haste)) {
        /* Not by sched_yield: the client would then run here, and not on an idle processor. */
        haste->sleeps = sleeps_while_busy;
    } else {
        int64_t time = now(CLOCK_MONOTONIC), end = time + awake_nanoseconds;
        do {
            int received = take(socket, MSG_DONTWAIT, peer, area, size, count, datagrams);
            if (received != 0) {
                haste->misses = 0;
                return received;
            }
            int64_t before = time;
            time = now(CLOCK_MONOTONIC);
            if (time - before > turn_of_another) {
                haste->sleeps = sleeps_while_busy;
                break;
            }
        } while (time < end);
        if (haste->misses < misses_that_count) {
            haste->misses++;
        } else if (haste->sleeps == 0) {
            haste->sleeps = sleeps_until_next_try;
        }
    }
    haste->awake = 0;
    return take(socket, 0, peer, area, size, count, datagrams);
}

int flashkeep_datagrams_send(int socket, const struct sockaddr_storage *to, const uint8_t *bytes,
                             const uint32_t *lengths, int count) {
    enum { at_once = 64 };
    struct mmsghdr headers[at_once];
    struct iovec parts[at_once];
    int sent = 0, done = 0;
    if (count == 1) {
        ssize_t result;
        do {
            result = sendto(socket, bytes, lengths[0], MSG_NOSIGNAL, (const struct sockaddr *)to, length_of(to));
        } while (result < 0 && errno == EINTR);
        return result >= 0;
    }
    while (done < count) {
        int batch = count - done < at_once ? count - done : at_once;
        const uint8_t *next = bytes;
        memset(headers, 0, sizeof headers);
        for (int i = 0; i < batch; i++) {
            parts[i] = (struct iovec){.iov_base = (void *)next, .iov_len = lengths[done + i]};
            headers[i].msg_hdr = (struct msghdr){
                .msg_name = (void *)to, .msg_namelen = length_of(to), .msg_iov = &parts[i], .msg_iovlen = 1};
            next += lengths[done + i];
        }
        int result = sendmmsg(socket, headers, (unsigned int)batch, MSG_NOSIGNAL);
        if (result < 0 && errno == EINTR) {
            continue;
        }
        if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            /* No room for a whole second: whoever waits for these will ask again. */
            return sent;
        }
        if (result > 0) {
            sent += result;
        } else {
            /* The first of these is the one that could not be sent. */
            result = 1;
        }
        for (int i = 0; i < result; i++) {
            bytes += lengths[done + i];
        }
        done += result;
    }
    return sent;
}
