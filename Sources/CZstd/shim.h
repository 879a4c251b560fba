#ifndef FLASHKEEP_CZSTD_SHIM_H
#define FLASHKEEP_CZSTD_SHIM_H
#include <zstd.h>
#include <zstd_errors.h>
#endif
