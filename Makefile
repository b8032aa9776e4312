# mfaserver: `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.1.4
SYSTEMS := windows/amd64 windows/arm64 darwin/amd64 darwin/arm64 linux/amd64 linux/arm64
BIN := $(CURDIR)/.bin
LINT := $(BIN)/golangci-lint-$(GOLANGCI_VERSION)

# RACE=-race and SHORT=-short are passed on to go test; ARGS to the demo.
RACE ?=
SHORT ?=
ARGS ?=
FUZZTIME ?= 60s

# SQLite, which is C made into Go, is not watched for races: that alone would take
# longer than all other tests.
RACING = $(if $(RACE),$(RACE) -gcflags=modernc.org/...=-race=false)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## start server and simulator with a demo user; GATEWAY=1 in front of a fake engine, ARGS=... passes flags on
	@exec bin/mfaserver demo $(if $(GATEWAY),--gateway) $(ARGS)

.PHONY: build
build: ## build bin/mfaserver, a static binary
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/mfaserver ./cmd/mfaserver

.PHONY: release
release: ## make a release into dist/: programs for all systems, Debian packages, bill of materials, sums
	@deploy/build

.PHONY: man
man: build ## write the manual pages into dist/man
	@bin/mfaserver man dist/man

.PHONY: cross
cross: ## build for Windows, macOS and Linux on amd64 and arm64, and look at what is Windows' own
	@for target in $(SYSTEMS); do \
	  echo "go build $$target"; \
	  CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} go build ./... || exit; \
	done
	CGO_ENABLED=0 GOOS=windows go vet ./cmd/... ./internal/audit/... ./internal/config/... ./internal/control/... ./internal/seal/... ./internal/store/...

.PHONY: vuln
vuln: ## look the modules up in Go's vulnerability database, which must be reachable
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

.PHONY: test
test: ## run all tests, the official SDK against the simulator included; RACE=-race, SHORT=-short
	@.ci/need
	cd internal/compat && go test $(RACE) $(SHORT) ./...
	go test $(RACING) $(SHORT) -shuffle=on -timeout 25m ./...
	@.ci/need --report

.PHONY: threats
threats: ## print which tests show which threat of docs/security.md
	@go run ./internal/threats/list

.PHONY: check
check: tidy fmt-check vet cross lint ## everything CI runs: tidy, format, vet, lint, race tests
	@$(MAKE) --no-print-directory test RACE=-race

.PHONY: tidy
tidy:
	go mod tidy -diff
	cd internal/compat && go mod tidy -diff

.PHONY: fmt
fmt: $(LINT) ## format with gofumpt and gci
	$(LINT) fmt

.PHONY: fmt-check
fmt-check: $(LINT)
	$(LINT) fmt --diff

.PHONY: vet
vet:
	go vet ./...
	cd internal/compat && go vet ./...

.PHONY: lint
lint: $(LINT) ## run golangci-lint, the import walls included
	$(LINT) run ./...
	cd internal/compat && $(LINT) run --config $(CURDIR)/.golangci.yml ./...

$(LINT):
	@mkdir -p $(BIN)
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(BIN)/golangci-lint $@

.PHONY: bench
bench: ## measure speed and size beside bare ones, fail below a bar; ROWS=gateway some, DOCS=1 writes docs/performance.md
	@mkdir -p bin
	@BENCH=1 ROWS=$(ROWS) CSV=$(CURDIR)/bin/bench.csv DOCS=$(if $(DOCS),$(CURDIR)/docs/performance.md) \
	go test -v -count=1 -timeout 30m -run '^TestBars$$' ./bench | grep -v '^ *\(=== \|--- PASS\)'; exit $${PIPESTATUS[0]}

.PHONY: bench-curves
bench-curves: ## write the curves of docs/performance.md anew; SESSIONS=100000 leaves the million out
	CURVES=$(CURDIR)/docs/curves SESSIONS=$(SESSIONS) go test -v -count=1 -timeout 60m -run '^TestCurves$$' ./bench

.PHONY: benchmarks
benchmarks: ## run the benchmarks of single packages, for profiles
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: crash
crash: ## kill the server 200 times under load and three nodes on Redis 50 times, and see what they kept; see crash/doc.go
	CRASH_KILLS=$(or $(CRASH_KILLS),200) CRASH_NODE_KILLS=$(or $(CRASH_NODE_KILLS),50) CRASH_TOURS=$(or $(CRASH_TOURS),1000) \
	CRASH_MUTANTS=1 CRASH_SEED=$(CRASH_SEED) go test -v -count=1 -parallel 1 -timeout 4h ./crash

.PHONY: siege
siege: ## flood the server with logins and slow connections, starve it and wear it out, and judge how long others wait; see siege/doc.go
	SIEGE=1 go test -v -count=1 -parallel 1 -timeout 4h $(if $(RUN),-run '$(RUN)') ./siege

.PHONY: mutate
mutate: ## remove each security check in turn and see that the tests notice; ARGS=mfa for one target; goes on where it stopped
	go run ./mutate -resume bin/mutate.jsonl $(ARGS)

.PHONY: pictures
pictures: ## take the pictures of docs/pages.md anew
	@.ci/need
	PICTURES=$(CURDIR)/docs/images go test -count=1 ./walks

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (60s)
	@.ci/fuzz $(FUZZTIME)

.PHONY: clean
clean: ## remove what make built
	rm -rf bin dist .bin
