#ifndef FLASHKEEP_CLZMA_SHIM_H
#define FLASHKEEP_CLZMA_SHIM_H
#include <lzma.h>
#endif
