/* The least a reader of raw trace.dat pages can do: walk every entry of every page once, adding up times and types.
 * It trusts the file, merges nothing and decodes nothing. Pages are read a quarter of a megabyte at a time: to map the file takes more, for
 * every page of it faults. Prints the number of entries and a sum that keeps the compiler honest. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static char buffer[1 << 18];

static int walk_pages(int file, uint64_t offset, uint64_t size)
{
	for (uint64_t end = offset + size; offset < end;) {
		size_t wanted = end - offset < sizeof buffer ? end - offset : sizeof buffer;
		ssize_t got = pread(file, buffer, wanted, offset);

		if (got <= 0)
			return 1;
		for (ssize_t page = 0; page + 4096 <= got; page += 4096)
			walk_page(buffer + page);
		offset += got;
	}
	return 0;
}

int main(int count, char **arguments)
{
	/* What describes the events stands before the list of CPUs. */
	static char head[4 << 20];
	int file = count > 1 ? open(arguments[1], O_RDONLY) : -1;
	ssize_t got = file < 0 ? -1 : pread(file, head, sizeof head, 0);
	struct stat status;

	if (got <= 0 || fstat(file, &status))
		return 1;
	const char *list = (const char *)memmem(head, got, "flyrecord\0", 10);
	if (!list)
		return 1;
	list += 10;
	uint64_t first = load64(list);
	for (; list + 16 <= head + (first < (uint64_t)got ? first : (uint64_t)got); list += 16) {
		uint64_t offset = load64(list), size = load64(list + 8);

		if (offset < first || offset + size > (uint64_t)status.st_size || !size)
			break;
		if (walk_pages(file, offset, size))
			return 1;
	}
	printf("%lu %lu\n", entries, sum);
	return 0;
}
