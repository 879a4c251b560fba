#ifndef FLASHKEEP_CZLIB_SHIM_H
#define FLASHKEEP_CZLIB_SHIM_H
#include <zlib.h>

/* inflateInit2 is a macro, which Swift does not see. */

/* 16 + MAX_WBITS: a gzip member (RFC 1952). */
static inline int flashkeep_inflate_init_gzip(z_stream *stream) {
    return inflateInit2(stream, 16 + MAX_WBITS);
}

/* A zlib stream (RFC 1950). */
static inline int flashkeep_inflate_init_zlib(z_stream *stream) { return inflateInit2(stream, MAX_WBITS); }
#endif
