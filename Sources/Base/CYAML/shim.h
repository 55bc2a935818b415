#ifndef RZ_CYAML_SHIM_H
#define RZ_CYAML_SHIM_H

#include <yaml.h>

#endif
