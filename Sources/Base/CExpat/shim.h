#ifndef RZ_CEXPAT_SHIM_H
#define RZ_CEXPAT_SHIM_H

#include <expat.h>

#endif
