#ifndef FLASHKEEP_CCURL_H
#define FLASHKEEP_CCURL_H

#include <stddef.h>
#include <stdint.h>

/*
 * The part of libcurl that Flashkeep uses. The library is loaded when it is first needed: linking it would add 9 ms and
 * 30 libraries to every start of the program. Its options cannot be set from Swift, because their setters are variadic.
 *
 * A transfer asks one server for one thing. It follows no redirects, uses no proxy, no cookies and no credentials
 * except those given, speaks HTTP/1.1 over TCP or TLS only, and never HTTP/0.9.
 */

/* Returns 1 if the library is there, 0 if it is not. For any thread. */
int flashkeep_curl_load(void);

/* The library's name and version; an empty text if it is not there. */
const char *flashkeep_curl_version(void);

struct flashkeep_transfer;

/* Returns NULL if there is no memory or no library. */
struct flashkeep_transfer *flashkeep_transfer_new(const char *url);

/* Ends a transfer, in whatever state. */
void flashkeep_transfer_free(struct flashkeep_transfer *transfer);

/* Settings, before the first step. A failure is kept, and is the result of the first step. */

/* A line such as "Range: bytes=0-"; "Expect:" removes a header that the library would add. */
void flashkeep_transfer_header(struct flashkeep_transfer *transfer, const char *line);
/* Sends these bytes by POST; their type is given as a header. */
void flashkeep_transfer_body(struct flashkeep_transfer *transfer, const uint8_t *bytes, size_t count);
/* Adds a field of a form that is sent by POST as multipart/form-data. */
void flashkeep_transfer_field(struct flashkeep_transfer *transfer, const char *name, const char *value);
/* Basic or digest authentication, if the server asks for it. */
void flashkeep_transfer_credentials(struct flashkeep_transfer *transfer, const char *user, const char *password);
/* Accepts a TLS server with this public key ("sha256//" and base64) instead of one with a valid certificate. */
void flashkeep_transfer_key(struct flashkeep_transfer *transfer, const char *key);
/* Unpacks gzip and deflate, which are also asked for. */
void flashkeep_transfer_unpack(struct flashkeep_transfer *transfer);
/* The most milliseconds to connect, including TLS. */
void flashkeep_transfer_connect_limit(struct flashkeep_transfer *transfer, long milliseconds);
/* Only connects, with any certificate, to see it. */
void flashkeep_transfer_only_certificate(struct flashkeep_transfer *transfer);

/* The least room that a step needs. */
#define FLASHKEEP_TRANSFER_ROOM (256 * 1024)

/* Results of a step besides the library's own codes, which are above 0 (libcurl-errors(3)). */
#define FLASHKEEP_TRANSFER_GOES_ON 0
#define FLASHKEEP_TRANSFER_DONE (-1)
#define FLASHKEEP_TRANSFER_HEAD_TOO_LONG (-2)

/* Advances for at most `milliseconds`, until there are bytes of the body or the transfer has ended. Writes at most `room`
 * bytes, and to `count` how many. The rest waits in the kernel's buffers until the next step. */
int flashkeep_transfer_step(struct flashkeep_transfer *transfer, uint8_t *bytes, size_t room, int milliseconds,
                            size_t *count);

/* The status line and headers of the reply, as they came, so far; complete once there are bytes of the body. They stay
 * valid until the next step. */
const uint8_t *flashkeep_transfer_head(const struct flashkeep_transfer *transfer, size_t *count);

/* Whether the head is complete. */
int flashkeep_transfer_has_head(const struct flashkeep_transfer *transfer);

/* The library's words for what failed; never NULL. */
const char *flashkeep_transfer_failure(const struct flashkeep_transfer *transfer);

/* The system's errno of the last failed connection; 0 if there is none. */
int flashkeep_transfer_system_error(const struct flashkeep_transfer *transfer);

/* The server's own certificate as PEM, once a transfer with only_certificate is done; NULL if there is none. */
const char *flashkeep_transfer_certificate(struct flashkeep_transfer *transfer);

/* The parts of a URL, percent-encoded as given. */
struct flashkeep_url {
    char *url, *scheme, *user, *host, *path, *query;
    /* The port, or the scheme's default. */
    int port;
};

/* Parses a URL of HTTP or HTTPS, or resolves a reference against one (RFC 3986, section 5). `base` may be NULL. The user
 * and the query are NULL if there is none. Returns 1, or 0 if it is not such a URL. */
int flashkeep_url_parse(const char *base, const char *text, struct flashkeep_url *parts);

void flashkeep_url_free(struct flashkeep_url *parts);

#endif
