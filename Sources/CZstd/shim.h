// zstd: compressed trace.dat and perf.data.
#pragma once
#include <zstd.h>
