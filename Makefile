# make help lists what there is. Tools come from contracts/node_modules (anvil, forge) and
# .tools/bin (btcd, sqlc, golangci-lint); tools/setup puts them there.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/contracts/node_modules/.bin:$(CURDIR)/.tools/bin:$(PATH)

# Packages with a test file that holds a line of this pattern.
packages_with = $$(git ls-files --cached --others --exclude-standard -- '*_test.go' | \
	xargs grep -lE '$(1)' | xargs dirname | sort -u | sed 's|^|./|')

# How many histories make test-long tries each property on, and which; make test tries 10 to 100. It must not
# be 100, which is the default of rapid and taken as not said. They are fixed ones: what blocks everybody must
# not depend on luck. "make explore" tries fresh ones.
PROPERTY_CHECKS = 80
PROPERTY_SEED = 20260101
EXPLORE_CHECKS = 500

# How long make fuzz runs each target.
FUZZTIME = 3m

# What make sim plays: SEEDS histories from FIRST on, or SEED alone; of FAMILIES (evm,coins,tron), which else each
# seed chooses, and LENGTH actions, in which up to SPELL blocks pass at once.
SEEDS = 100
FIRST = 1
FAMILIES =
LENGTH = 0
SPELL = 30

.PHONY: help setup setup-dev build demo up test test-long explore sim crashpoints mutants fuzz race lint generate verify bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-11s %s\n", $$1, $$2 }'

setup:
	@tools/setup

setup-dev:
	@tools/setup --dev

build: setup ## bin/coffer
	go build -o bin/coffer ./cmd/coffer

demo: build ## the whole system on this machine: a deposit, a reorganisation, withdrawals, the books
	bin/coffer demo

up: build ## everything up for development until Ctrl-C
	bin/coffer dev

test: setup ## every test but the long ones, Go and Solidity
	go test -timeout 15m ./...
	forge test --force # a stale cache would leave tests out without a word

test-long: setup ## the tests behind the build tag "long", properties on more histories, a short round of fuzzing
	go test -tags long -timeout 40m $(call packages_with,^//go:build .*\blong\b)
	go test -timeout 25m $(call packages_with,"pgregory.net/rapid") -rapid.checks=$(PROPERTY_CHECKS) -rapid.seed=$(PROPERTY_SEED)
	go test -timeout 15m -run '^(TestSimulation|TestADeathAtAnyPointChangesNothing|TestTwoDeathsChangeNothing|TestProcessesSideBySide)$$' ./sim \
		-seeds 80 -fresh 60s -stride 11 -pairs 11 -contended 120
	tools/fuzz 5000x '^Fuzz(PSBT|Explain|Address|Descriptor|Omni|Block|ReadBlock|HTTP|HTTPAnswer)$$'

explore: setup ## properties on fresh histories, EXPLORE_CHECKS of each; what fails says its seed
	go test -timeout 24h $(call packages_with,"pgregory.net/rapid") -rapid.checks=$(EXPLORE_CHECKS) -rapid.seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d " ")

sim: setup ## histories of the whole system on fake chains (SEEDS of them, or one SEED again); docs/simulation.md
	go test -timeout 24h -count=1 -v -run '^TestSimulation$$' ./sim $(if $(SEED),-first $(SEED) -seeds 1,-first $(FIRST) -seeds $(SEEDS)) -families '$(FAMILIES)' -length $(LENGTH) -spell $(SPELL) -parallel 5

mutants: setup ## deliberate bugs, each of which a test must catch; MUTANT=name for one
	tools/mutants $(MUTANT)

crashpoints: setup ## a death at every point of a deposit and a withdrawal on each family, and at every pair of the shortest
	go test -timeout 4h -count=1 -v -run '^(TestADeathAtAnyPointChangesNothing|TestTwoDeathsChangeNothing)$$' ./sim -stride 1 -pairs 1

fuzz: setup ## every fuzz target, each for FUZZTIME; make test tries their seeds alone
	tools/fuzz $(FUZZTIME)

race: setup ## the Go tests under the race detector
	go test -race -timeout 30m ./...

lint: setup-dev ## golangci-lint (with govet and gosec) and staticcheck
	golangci-lint run
	go tool staticcheck ./...
	go tool staticcheck -tags long ./...

generate: setup-dev ## bindings, snapshots of the contracts, SQL and protobuf code from their sources
	forge build
	tools/bindings
	tools/snapshots
	sqlc generate
	tools/proto

verify: setup-dev ## what must hold of every commit besides its tests
	forge fmt --check
	forge build # before lint: forge 1.7.1 forgets the tests of a file that lint saw first
	forge lint --deny warnings
	tools/bindings --check
	tools/snapshots --check
	sqlc diff
	tools/proto --check
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard -- '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	go test -count=1 -run '^TestImportRule$$' .
	tools/mutants --check
	go vet ./...
	go vet -tags long ./...
	$(MAKE) lint

bench: setup ## benchmarks; docs/benchmarks.md records them
	go test -run '^$$' -bench Deposits -benchtime 20000x -benchmem ./bench
	go test -run '^$$' -bench SignatureChecks -benchtime 200x -benchmem ./bench
	go test -run '^$$' -bench OperationPipeline -benchtime 2000x ./bench
	go test -run '^$$' -bench BlockTo -benchtime 500x -benchmem ./bench
	go test -run '^$$' -bench WatchedAddresses -benchtime 500x ./bench
	go test -tags long -run '^$$' -bench Withdrawals -benchtime 500x ./cmd/coffer
	go test -run '^$$' -bench 'Sign$$' -benchtime 500x ./signer
	go test -run '^$$' -bench SignPSBT -benchtime 30x ./signer
	go test -run '^$$' -bench 'Block|Select|Payout100' ./utxo
	go test -run '^$$' -bench BitcoinBlockMatched -benchtime 50x ./bench
	go test -run '^$$' -bench 'TRONBlock$$' -benchtime 500x -benchmem ./bench
	go test -run '^$$' -bench TRONBlockMatched -benchtime 50x ./bench
	go test -run '^$$' -bench TronsimTransactions -benchtime 20000x ./bench
	go test -run '^$$' -bench TronsimMemory -benchtime 1x ./bench
	go test -run '^$$' -bench WithdrawalGas -benchtime 1x ./anvil-tests

clean: ## what was built; node_modules, .tools and data stay
	rm -rf bin contracts/out contracts/cache coverage.out
