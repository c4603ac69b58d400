// libelf: sections and symbols of ELF files of either byte order.
#pragma once
#include <gelf.h>
#include <libelf.h>
