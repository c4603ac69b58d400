# What people run; .ci/run calls the same.

PACKAGES = libtraceevent-dev libtraceevent1-plugin libtracefs-dev libelf-dev libzstd-dev zlib1g-dev pkg-config trace-cmd python3 iproute2 iputils-ping
WAKEPATH = .build/release/wakepath

.PHONY: all demo test lint docs damage simulate kernels fuzz bench build packages clean

all: build

# Debian packages that are missing.
packages:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg -s $$package 2>/dev/null | grep -q '^Status: install ok installed' || missing="$$missing $$package"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	echo "installing$$missing"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

build: packages
	swift build -c release --product wakepath --static-swift-stdlib --experimental-lto-mode full

# A short loopback workload on the running kernel; where tracing is not allowed, a recording of a real kernel.
demo: build
	@Lab/demo $(WAKEPATH)

# The tests that need nothing but this machine. Those that cannot run say why and count as skipped.
test: packages
	swift build --build-tests -Xswiftc -O
	swift test --skip-build -Xswiftc -O

# The formatter, by .swift-format: silent, or it fails.
lint:
	swift format lint --strict -r -p Sources Tests Fuzz Package.swift

# The reference of the public targets, one archive for each, in .build/documentation. The plugin is a dependency only here, and builds in a place
# of its own, so that it costs an ordinary build nothing.
DOCUMENTED = Bytes Decoding Events Journeys Layouts Model Reports Simulator Capture Experiments
docs: packages
	@command -v docc >/dev/null || test -x "$$(dirname "$$(readlink -f "$$(command -v swift)")")/docc" || \
	  { echo "make docs needs docc, which comes with Swift's toolchain for Linux; this one has none" >&2; exit 1; }
	@mkdir -p .build/documentation
	@for target in $(DOCUMENTED); do \
	  echo "== $$target"; \
	  WAKEPATH_DOCS=1 swift package --scratch-path .build/docs --allow-writing-to-directory .build/documentation \
	    generate-documentation --target $$target --output-path .build/documentation/$$target.doccarchive || exit 1; \
	done

# Small files of every format, damaged in every place (`make test` tries one of sixteen). Another WAKEPATH_SEED flips other bits.
damage: packages
	swift build --build-tests -Xswiftc -O
	WAKEPATH_DAMAGE=all swift test --skip-build -Xswiftc -O --filter "^DamageTests\\."

# Simulated scenarios of every kind, SIMULATE of each (13,376 in all), as `wakepath record` records them, each held against what really happened
# in the simulated machine; one difference makes it fail, and names its seed. `make simulate PROBES=` plays recordings without
# packets' headers, where order is all there is now and then.
SIMULATE = 304
KERNELS = 6.1 6.6 6.12 6.18
PROBES = --probes
SCENARIOS = udp tcp-bulk gro rps ksoftirqd backlog handshake lossy busy-reader low-water random
simulate: build
	@failed=0; for kernel in $(KERNELS); do for scenario in $(SCENARIOS); do \
	  $(WAKEPATH) simulate $$scenario --kernel $$kernel $(PROBES) --check $(SIMULATE) || failed=1; \
	done; done; exit $$failed

# Real Debian kernels in QEMU, recorded while they carry a known workload.
kernels: build
	Lab/run --wakepath $(WAKEPATH)

# Fuzzes each reader for FUZZ_SECONDS from seeds cut out of Traces/; crashes stay in .build/fuzz and belong into Tests/DecodingTests/Crashes.
FUZZ_SECONDS = 600
fuzz: packages
	Fuzz/run $(FUZZ_SECONDS)

# Reading beside the tools there are, in ratios; perf.data is recorded here (needs root). BENCH=--long adds memory for 1 GB.
BENCH =
bench: PACKAGES += gcc libc6-dev linux-perf
bench: build
	Benchmarks/compare --wakepath $(WAKEPATH) $(BENCH)

clean:
	rm -rf .build
