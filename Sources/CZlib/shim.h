// zlib: compressed trace.dat.
#pragma once
#include <zlib.h>
