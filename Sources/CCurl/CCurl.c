#include "CCurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The functions of the library, with their types from its own header. In parentheses, so that no macro hides them. */
#define FUNCTIONS(USE)                                                                                                 \
    USE(curl_global_init)                                                                                              \
    USE(curl_version)                                                                                                  \
    USE(curl_version_info)                                                                                             \
    USE(curl_easy_init)                                                                                                \
    USE(curl_easy_setopt)                                                                                              \
    USE(curl_easy_getinfo)                                                                                             \
    USE(curl_easy_pause)                                                                                               \
    USE(curl_easy_cleanup)                                                                                             \
    USE(curl_easy_strerror)                                                                                            \
    USE(curl_multi_init)                                                                                               \
    USE(curl_multi_add_handle)                                                                                         \
    USE(curl_multi_remove_handle)                                                                                      \
    USE(curl_multi_perform)                                                                                            \
    USE(curl_multi_poll)                                                                                               \
    USE(curl_multi_info_read)                                                                                          \
    USE(curl_multi_cleanup)                                                                                            \
    USE(curl_mime_init)                                                                                                \
    USE(curl_mime_addpart)                                                                                             \
    USE(curl_mime_name)                                                                                                \
    USE(curl_mime_data)                                                                                                \
    USE(curl_mime_free)                                                                                                \
    USE(curl_slist_append)                                                                                             \
    USE(curl_slist_free_all)                                                                                           \
    USE(curl_url)                                                                                                      \
    USE(curl_url_set)                                                                                                  \
    USE(curl_url_get)                                                                                                  \
    USE(curl_url_cleanup)                                                                                              \
    USE(curl_free)

#define POINTER(name) __typeof__(&(name)) name##_;
static struct {
    FUNCTIONS(POINTER)
    int is_loaded;
} lib;
static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load(void) {
    const char *names[] = {"libcurl.so.4", "libcurl.4.dylib", "libcurl.so"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW);
    if (!library) return;
#define FIND(name)                                                                                                     \
    *(void **)&lib.name##_ = dlsym(library, #name);                                                                    \
    if (!lib.name##_) return;
    FUNCTIONS(FIND)
    /* CURLOPT_PROTOCOLS_STR is of 7.85; an older library would refuse every transfer. */
    lib.is_loaded = lib.curl_version_info_(CURLVERSION_NOW)->version_num >= 0x075500 &&
                    lib.curl_global_init_(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

int flashkeep_curl_load(void) {
    pthread_once(&loading, load);
    return lib.is_loaded;
}

const char *flashkeep_curl_version(void) { return flashkeep_curl_load() ? lib.curl_version_() : ""; }

/* Heads of replies are a few hundred bytes; a server that sends more than this is not one of a router. */
#define HEAD_LIMIT (64 * 1024)

struct flashkeep_transfer {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
    curl_mime *form;
    /* The first failure; a code of the library or one of ours. */
    int failure;
    int is_started, is_paused, is_done, has_head;
    uint8_t *head;
    size_t head_count;
    /* Where the current step writes. */
    uint8_t *target;
    size_t room, filled;
    char words[CURL_ERROR_SIZE];
    char *certificate;
};

static void keep(struct flashkeep_transfer *transfer, CURLcode code) {
    if (code != CURLE_OK && !transfer->failure) transfer->failure = (int)code;
}

#define SET(transfer, option, value) keep(transfer, lib.curl_easy_setopt_((transfer)->easy, option, value))

static size_t take_body(char *bytes, size_t size, size_t count, void *user) {
    struct flashkeep_transfer *transfer = user;
    size_t length = size * count;
    if (!transfer->target || length > transfer->room - transfer->filled) {
        transfer->is_paused = 1;
        return CURL_WRITEFUNC_PAUSE;
    }
    memcpy(transfer->target + transfer->filled, bytes, length);
    transfer->filled += length;
    return length;
}

static size_t take_head(char *bytes, size_t size, size_t count, void *user) {
    struct flashkeep_transfer *transfer = user;
    size_t length = size * count;
    /* Each reply, an interim one too, begins with a status line: only the last one counts. What comes after a complete
     * head are trailers. */
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        transfer->head_count = 0;
        transfer->has_head = 0;
    }
    if (transfer->has_head) return length;
    if (length > HEAD_LIMIT - transfer->head_count) {
        transfer->failure = FLASHKEEP_TRANSFER_HEAD_TOO_LONG;
        return 0;
    }
    memcpy(transfer->head + transfer->head_count, bytes, length);
    transfer->head_count += length;
    if (length <= 2 && (length == 0 || bytes[0] == '\r' || bytes[0] == '\n')) transfer->has_head = 1;
    return length;
}

struct flashkeep_transfer *flashkeep_transfer_new(const char *url) {
    if (!flashkeep_curl_load()) return NULL;
    struct flashkeep_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer) return NULL;
    transfer->head = malloc(HEAD_LIMIT);
    transfer->easy = lib.curl_easy_init_();
    transfer->multi = lib.curl_multi_init_();
    if (!transfer->head || !transfer->easy || !transfer->multi) {
        flashkeep_transfer_free(transfer);
        return NULL;
    }
    SET(transfer, CURLOPT_URL, url);
    SET(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(transfer, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    SET(transfer, CURLOPT_PROXY, "");
    SET(transfer, CURLOPT_NOSIGNAL, 1L);
    SET(transfer, CURLOPT_FORBID_REUSE, 1L);
    SET(transfer, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(transfer, CURLOPT_USERAGENT, "flashkeep");
    SET(transfer, CURLOPT_ERRORBUFFER, transfer->words);
    SET(transfer, CURLOPT_WRITEFUNCTION, take_body);
    SET(transfer, CURLOPT_WRITEDATA, transfer);
    SET(transfer, CURLOPT_HEADERFUNCTION, take_head);
    SET(transfer, CURLOPT_HEADERDATA, transfer);
    return transfer;
}

void flashkeep_transfer_free(struct flashkeep_transfer *transfer) {
    if (!transfer) return;
    /* Ending a transfer may deliver what was held back; there is no room for it any more. */
    transfer->target = NULL;
    if (transfer->is_started) lib.curl_multi_remove_handle_(transfer->multi, transfer->easy);
    if (transfer->easy) lib.curl_easy_cleanup_(transfer->easy);
    if (transfer->multi) lib.curl_multi_cleanup_(transfer->multi);
    if (transfer->form) lib.curl_mime_free_(transfer->form);
    if (transfer->headers) lib.curl_slist_free_all_(transfer->headers);
    free(transfer->head);
    free(transfer->certificate);
    free(transfer);
}

void flashkeep_transfer_header(struct flashkeep_transfer *transfer, const char *line) {
    struct curl_slist *longer = lib.curl_slist_append_(transfer->headers, line);
    if (!longer) return keep(transfer, CURLE_OUT_OF_MEMORY);
    transfer->headers = longer;
}

void flashkeep_transfer_body(struct flashkeep_transfer *transfer, const uint8_t *bytes, size_t count) {
    SET(transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    SET(transfer, CURLOPT_COPYPOSTFIELDS, count ? (const char *)bytes : "");
}

void flashkeep_transfer_field(struct flashkeep_transfer *transfer, const char *name, const char *value) {
    if (!transfer->form) transfer->form = lib.curl_mime_init_(transfer->easy);
    curl_mimepart *part = transfer->form ? lib.curl_mime_addpart_(transfer->form) : NULL;
    if (!part) return keep(transfer, CURLE_OUT_OF_MEMORY);
    keep(transfer, lib.curl_mime_name_(part, name));
    keep(transfer, lib.curl_mime_data_(part, value, CURL_ZERO_TERMINATED));
}

void flashkeep_transfer_credentials(struct flashkeep_transfer *transfer, const char *user, const char *password) {
    SET(transfer, CURLOPT_HTTPAUTH, (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST));
    SET(transfer, CURLOPT_USERNAME, user);
    SET(transfer, CURLOPT_PASSWORD, password);
}

void flashkeep_transfer_key(struct flashkeep_transfer *transfer, const char *key) {
    SET(transfer, CURLOPT_PINNEDPUBLICKEY, key);
    SET(transfer, CURLOPT_SSL_VERIFYPEER, 0L);
    SET(transfer, CURLOPT_SSL_VERIFYHOST, 0L);
}

void flashkeep_transfer_unpack(struct flashkeep_transfer *transfer) {
    SET(transfer, CURLOPT_HTTP_CONTENT_DECODING, 1L);
    SET(transfer, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
}

void flashkeep_transfer_connect_limit(struct flashkeep_transfer *transfer, long milliseconds) {
    SET(transfer, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
}

void flashkeep_transfer_only_certificate(struct flashkeep_transfer *transfer) {
    SET(transfer, CURLOPT_CONNECT_ONLY, 1L);
    SET(transfer, CURLOPT_CERTINFO, 1L);
    SET(transfer, CURLOPT_SSL_VERIFYPEER, 0L);
    SET(transfer, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void start(struct flashkeep_transfer *transfer) {
    if (transfer->headers) SET(transfer, CURLOPT_HTTPHEADER, transfer->headers);
    if (transfer->form) SET(transfer, CURLOPT_MIMEPOST, transfer->form);
    if (transfer->failure) return;
    if (lib.curl_multi_add_handle_(transfer->multi, transfer->easy) == CURLM_OK)
        transfer->is_started = 1;
    else
        keep(transfer, CURLE_FAILED_INIT);
}

/* Does what can be done now. */
static void perform(struct flashkeep_transfer *transfer) {
    int running = 0, left = 0;
    if (lib.curl_multi_perform_(transfer->multi, &running) != CURLM_OK) return keep(transfer, CURLE_FAILED_INIT);
    const CURLMsg *message;
    while ((message = lib.curl_multi_info_read_(transfer->multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        transfer->is_done = 1;
        keep(transfer, message->data.result);
    }
}

int flashkeep_transfer_step(struct flashkeep_transfer *transfer, uint8_t *bytes, size_t room, int milliseconds,
                            size_t *count) {
    *count = 0;
    if (!transfer->is_started && !transfer->failure) start(transfer);
    if (transfer->failure) return transfer->failure;
    if (transfer->is_done) return FLASHKEEP_TRANSFER_DONE;
    transfer->target = bytes;
    transfer->room = room;
    transfer->filled = 0;
    if (transfer->is_paused) {
        transfer->is_paused = 0;
        keep(transfer, lib.curl_easy_pause_(transfer->easy, CURLPAUSE_CONT));
    }
    if (!transfer->failure) perform(transfer);
    if (!transfer->filled && !transfer->is_done && !transfer->failure) {
        lib.curl_multi_poll_(transfer->multi, NULL, 0, milliseconds, NULL);
        perform(transfer);
    }
    *count = transfer->filled;
    transfer->target = NULL;
    if (transfer->filled) return FLASHKEEP_TRANSFER_GOES_ON;
    if (transfer->failure) return transfer->failure;
    return transfer->is_done ? FLASHKEEP_TRANSFER_DONE : FLASHKEEP_TRANSFER_GOES_ON;
}

const uint8_t *flashkeep_transfer_head(const struct flashkeep_transfer *transfer, size_t *count) {
    *count = transfer->head_count;
    return transfer->head;
}

int flashkeep_transfer_has_head(const struct flashkeep_transfer *transfer) { return transfer->has_head; }

const char *flashkeep_transfer_failure(const struct flashkeep_transfer *transfer) {
    if (transfer->words[0]) return transfer->words;
    return transfer->failure > 0 ? lib.curl_easy_strerror_((CURLcode)transfer->failure) : "";
}

int flashkeep_transfer_system_error(const struct flashkeep_transfer *transfer) {
    long error = 0;
    return lib.curl_easy_getinfo_(transfer->easy, CURLINFO_OS_ERRNO, &error) == CURLE_OK ? (int)error : 0;
}

const char *flashkeep_transfer_certificate(struct flashkeep_transfer *transfer) {
    struct curl_certinfo *chain = NULL;
    if (transfer->certificate) return transfer->certificate;
    if (lib.curl_easy_getinfo_(transfer->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain) return NULL;
    if (chain->num_of_certs < 1) return NULL;
    for (const struct curl_slist *field = chain->certinfo[0]; field; field = field->next) {
        if (strncmp(field->data, "Cert:", 5) == 0) {
            transfer->certificate = strdup(field->data + 5);
            break;
        }
    }
    return transfer->certificate;
}

/* A part of a URL; NULL if there is none. To be freed with free(). */
static char *part(CURLU *url, CURLUPart which, unsigned int flags) {
    char *text = NULL;
    if (lib.curl_url_get_(url, which, &text, flags) != CURLUE_OK || !text) return NULL;
    char *copy = strdup(text);
    lib.curl_free_(text);
    return copy;
}

int flashkeep_url_parse(const char *base, const char *text, struct flashkeep_url *parts) {
    memset(parts, 0, sizeof *parts);
    if (!flashkeep_curl_load()) return 0;
    CURLU *url = lib.curl_url_();
    if (!url) return 0;
    int is_understood = (!base || lib.curl_url_set_(url, CURLUPART_URL, base, 0) == CURLUE_OK) &&
                        lib.curl_url_set_(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                        lib.curl_url_set_(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK;
    if (is_understood) {
        parts->url = part(url, CURLUPART_URL, 0);
        parts->scheme = part(url, CURLUPART_SCHEME, 0);
        parts->user = part(url, CURLUPART_USER, 0);
        parts->host = part(url, CURLUPART_HOST, 0);
        parts->path = part(url, CURLUPART_PATH, 0);
        parts->query = part(url, CURLUPART_QUERY, 0);
        char *port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        parts->port = port ? atoi(port) : 0;
        free(port);
    }
    lib.curl_url_cleanup_(url);
    if (parts->url && parts->scheme && parts->host && parts->path && parts->port > 0 &&
        (strcmp(parts->scheme, "http") == 0 || strcmp(parts->scheme, "https") == 0))
        return 1;
    flashkeep_url_free(parts);
    return 0;
}

void flashkeep_url_free(struct flashkeep_url *parts) {
    free(parts->url);
    free(parts->scheme);
    free(parts->user);
    free(parts->host);
    free(parts->path);
    free(parts->query);
    memset(parts, 0, sizeof *parts);
}
