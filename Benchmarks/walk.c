/* The least a reader of raw trace.dat pages can do: walk every entry of every page once, adding up times and types.
 * It trusts the file, merges nothing and decodes nothing. Prints the number of entries and a sum that keeps the compiler honest. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static uint64_t entries, sum;

static uint64_t load64(const char *p) { uint64_t value; memcpy(&value, p, 8); return value; }
static uint32_t load32(const char *p) { uint32_t value; memcpy(&value, p, 4); return value; }
static uint16_t load16(const char *p) { uint16_t value; memcpy(&value, p, 2); return value; }

static void walk_page(const char *page)
{
	uint64_t time = load64(page);
	const char *at = page + 16, *end = at + (load64(page + 8) & 0xfffff);

	while (at < end) {
		uint32_t head = load32(at), type = head & 31, delta = head >> 5;

		time += delta;
		at += 4;
		if (type <= 28) {
			uint32_t length = type ? type * 4 : load32(at) - 4;

			at += type ? 0 : 4;
			entries++;
			sum += load16(at) + time;
			at += length;
		} else if (type == 29) {
			if (!delta)
				return;
			at += load32(at);
		} else {
			if (type == 30)
				time += (uint64_t)load32(at) << 27;
			at += 4;
		}
	}
}

int main(int count, char **arguments)
{
	int file = count > 1 ? open(arguments[1], O_RDONLY) : -1;
	struct stat status;

	if (file < 0 || fstat(file, &status))
		return 1;
	const char *bytes = mmap(0, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED)
		return 1;
	const char *list = (const char *)memmem(bytes, status.st_size, "flyrecord\0", 10);
	if (!list)
		return 1;
	list += 10;
	uint64_t first = load64(list);
	for (; list + 16 <= bytes + first; list += 16) {
		uint64_t offset = load64(list), size = load64(list + 8);

		if (offset < first || offset + size > (uint64_t)status.st_size || !size)
			break;
		for (uint64_t page = offset; page < offset + size; page += 4096)
			walk_page(bytes + page);
	}
	printf("%lu %lu\n", entries, sum);
	return 0;
}
