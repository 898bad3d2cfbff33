# `make console` and `make test` are all that a fresh Debian or Ubuntu machine with Swift 6.1 needs; `make help` lists
# the rest. Everything is built in release: one build serves the console, the tests and the benchmarks.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PREFIX  ?= /usr/local
DESTDIR ?=
ARGS    ?=
SEEDS   ?= 10000
MINUTES ?= 10
SUITES  ?=
SEED    ?=
TRACE   ?=

SHOAL := .build/release/shoal
SWIFT := swift

# A build killed half-way must not leave what looks like a finished file.
.DELETE_ON_ERROR:
.PHONY: help console build perf bench bench-switchover bench-catch-up bench-reshard bench-console soak soak-short repetitions repetitions-short growth growth-short cold sanitize test-scripts test unit simulation coordination e2e e2e-long failover-long reshard-long simulate simulate-reshard crash-long lint install clean toolchain libraries test-tools

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20
	@echo
	@echo '  ARGS="..." is handed on by console and perf, PREFIX=/usr/local is where install puts things.'

console: build ## build, and open the console on config.yaml with its nodes inside
	@$(SHOAL) console --start $(ARGS)

build: toolchain libraries ## build .build/release/shoal
	@$(SWIFT) build -c release --product shoal

perf: build ## the paper's perf: `shoal bench` on the cluster of config.yaml
	@$(SHOAL) bench $(ARGS)

bench: build ## side by side with redis-server: ratios, medians of PAIRS=3 alternating pairs
	@scripts/install-packages.sh redis-server redis-tools
	@scripts/bench-vs-redis.sh $(SHOAL)

bench-switchover: build ## pauses of 20 planned changes of leader under 10,000 writes/s
	@scripts/bench-replication.py $(SHOAL) switchover

bench-catch-up: build ## how fast a replica that missed 1 GiB of writes is back, on all pairs of engines
	@scripts/bench-replication.py $(SHOAL) catch-up

bench-console: build ## what the console costs: first frame, keys under load, idle, 200 nodes
	@scripts/bench-console.py $(SHOAL)

bench-reshard: build ## how fast 2 GiB move next to a plain copy, and what 10,000 writes/s feel of hand-overs
	@scripts/bench-reshard.py $(SHOAL) speed
	@scripts/bench-reshard.py $(SHOAL) pause

soak: build ## a cluster under load and change for MINUTES=10: nothing lost, nothing left over
	@scripts/soak.py $(SHOAL) --minutes '$(MINUTES)'

soak-short: build
	@scripts/soak.py $(SHOAL) --short

repetitions: build ## 200 stops and starts of a replica and of a leader, 50 switchovers, 20 reshards: nothing left over
	@scripts/repetitions.py $(SHOAL)

repetitions-short: build
	@scripts/repetitions.py $(SHOAL) --scale 0.05

growth: build ## disk space of 1,000,000 keys that 6 GB are written over, both engines, with a table
	@scripts/growth.py $(SHOAL)

# Long enough for a read view that is kept to show on LMDB; RocksDB is left to `growth`.
growth-short: build
	@scripts/growth.py $(SHOAL) --keys 100000 --gigabytes 0.6 --engine lmdb --nodes 2

cold: build ## what clients feel of commands over 2 GiB that are not in memory, with a table; as root
	@scripts/cold.py $(SHOAL)

sanitize: toolchain test-tools ## the thread sanitizer over unit, server and coordination tests; SUITES=... for some of them
	@scripts/sanitize.sh $(SUITES)

test-scripts: test-tools
	@python3 -m unittest discover --start-directory scripts --pattern 'test_*.py' --quiet

test: lint test-tools build-tests test-scripts unit simulation coordination e2e soak-short repetitions-short growth-short ## install what the tests need, lint, build, run all tests

.PHONY: build-tests
build-tests: toolchain libraries
	@$(SWIFT) build -c release --build-tests

unit: build-tests ## the rooms' tests, without processes
	@$(SWIFT) test -c release --skip-build --disable-xctest --skip '^(EndToEnd|CoordinationTests|Simulation)\.' \
		--skip '^NodeTests\.NodeStopTests'

# By itself, too: it takes both cores for two minutes, and other tests wait for times that pass.
simulation: build-tests ## whole clusters and reshards in simulated time, and planted bugs that have to be found
	@$(SWIFT) test -c release --skip-build --disable-xctest --filter '^Simulation\.'

# By themselves: leases are of real time, and what a node leaves behind is counted in the whole process.
coordination: build-tests test-tools ## both coordinators: real etcd processes, several processes on one file
	@$(SWIFT) test -c release --skip-build --disable-xctest --no-parallel --filter '^CoordinationTests\.' \
		--filter '^NodeTests\.NodeStopTests'

e2e: build-tests test-tools ## the real binary against curl's, Redis's and tmux's idea of it
	@$(SWIFT) test -c release --skip-build --disable-xctest --no-parallel --filter '^EndToEnd\.'

e2e-long: build-tests test-tools ## the same with all of Debian's packages, 20 kill cycles, 1,000 keys (5 minutes)
	@SHOAL_LONG=1 $(SWIFT) test -c release --skip-build --disable-xctest --no-parallel --filter '^EndToEnd\.'

simulate: build-tests ## whole clusters in simulated time: SEEDS=10000 of them, or SEED=1234 TRACE=1 to see one
	@SHOAL_SEEDS='$(SEEDS)' SHOAL_SEED='$(SEED)' SHOAL_TRACE='$(TRACE)' $(SWIFT) test -c release --skip-build \
		--disable-xctest --filter '^Simulation\..*everySeedIsClean'

simulate-reshard: build-tests ## resharding in simulated time: SEEDS=5000 of them, or SEED=1234 TRACE=1 to see one
	@SHOAL_SEEDS='$(SEEDS)' SHOAL_SEED='$(SEED)' SHOAL_TRACE='$(TRACE)' $(SWIFT) test -c release --skip-build \
		--disable-xctest --filter '^Simulation\..*everyReshardIsClean'

failover-long: build-tests test-tools ## leaders killed 50 times, links cut 20 times, nodes restarted, etcd away: with a table (40 minutes)
	@figures=$$(mktemp); trap 'column -t -s "	" "$$figures"; rm -f "$$figures"' EXIT; \
		printf 'what\tfigures\tacknowledged\tunknown\trefused\treads\tlost\tdoubled\treordered\twrong else\n' >"$$figures"; \
		SHOAL_FAULTS=long SHOAL_FIGURES="$$figures" $(SWIFT) test -c release --skip-build --disable-xctest \
		--no-parallel --filter '^EndToEnd\..*Faults/'

reshard-long: build-tests test-tools ## every change of shards on both engines, and a death at every step, with a table (40 minutes)
	@figures=$$(mktemp); trap 'column -t -s "	" "$$figures"; rm -f "$$figures"' EXIT; \
		printf 'what\tfigures\tacknowledged\tunknown\trefused\treads\tlost\tdoubled\treordered\twrong else\n' >"$$figures"; \
		SHOAL_RESHARDS=long SHOAL_FIGURES="$$figures" $(SWIFT) test -c release --skip-build --disable-xctest \
		--no-parallel --filter '^EndToEnd\..*Reshard'

crash-long: build-tests test-tools ## only the kill -9 cycles, 20 of them on all data
	@SHOAL_LONG=1 $(SWIFT) test -c release --skip-build --disable-xctest --no-parallel --filter '^EndToEnd\..*CrashTests'

disks-long: build-tests ## 2,000 losses of power of logs, and 500 of whole folders, for each engine and kind of file system
	@SHOAL_DISK_SEEDS=2000 SHOAL_STORE_SEEDS=250 $(SWIFT) test -c release --skip-build --disable-xctest \
		--filter '^StorageTests\..*PowerCut'

lint: toolchain ## format and habits; says nothing when all is well
	@scripts/lint.sh

install: build ## copy shoal and its themes below PREFIX
	@install -D -m 755 $(SHOAL) '$(DESTDIR)$(PREFIX)/bin/shoal'
	@for theme in themes/*; do install -D -m 644 "$$theme" "$(DESTDIR)$(PREFIX)/share/shoal/$$theme"; done

clean: ## remove everything that was built; data folders stay
	@rm -rf .build .build-sanitize

toolchain:
	@scripts/require-swift.sh

libraries:
	@scripts/install-packages.sh libncurses-dev liblmdb-dev librocksdb-dev

test-tools: libraries
	@scripts/install-packages.sh pkg-config tmux redis-server redis-tools curl python3 etcd-server openssl
	@scripts/install-test-data.sh
