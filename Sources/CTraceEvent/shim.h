// libtraceevent: what `format` files say.
#pragma once
#include <event-parse.h>
#include <trace-seq.h>
