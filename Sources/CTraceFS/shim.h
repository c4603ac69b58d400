// libtracefs: control of the kernel's tracing directory.
#pragma once
#include <tracefs.h>
