# Builds, checks and installs Tallystick. `make help` lists the targets.

# -- what may be set from outside ------------------------------------------------------------------------------------
CC         ?= cc
PREFIX     ?= /usr/local
DESTDIR    ?=
LUA        ?= lua5.4
LUAVERSION ?= 5.4
LUALIB     ?= lua5.4
BUSTED     ?= /usr/bin/busted
CFLAGS     ?= -O2 -g
V          ?=
JOBS       ?= $(shell nproc 2>/dev/null || echo 2)

# -- what is built: the module for Lua, and the same objects as a library for C hosts --------------------------------
BUILD      ?= build
MODULE     ?= lua/tallystick/core.so
SOURCES    := $(sort $(wildcard csrc/*.c))
OBJECTS     = $(SOURCES:csrc/%.c=$(BUILD)/obj/%.o)
LIBRARY     = $(BUILD)/libtallystick.a
# The terminal is a module of its own, for the command line and the shell alone.
TTY_MODULE  = $(dir $(MODULE))tty.so
TTY_OBJECTS = $(BUILD)/obj/tty/tty.o

# These are asked for in the recipes, not when this file is read: `make demo` installs pkg-config first.
DEPS_CFLAGS = $(shell pkg-config --cflags $(LUALIB) sqlite3 libsodium)
DEPS_LIBS   = $(shell pkg-config --libs sqlite3 libsodium)

WARNINGS   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes
STRICT     := $(if $(filter true 1,$(CI) $(WERROR)),-Werror)
ALL_CFLAGS  = -std=c11 -pthread $(WARNINGS) $(STRICT) -fvisibility=hidden -fPIC \
              -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE $(CFLAGS) $(SANITIZE) $(DEPS_CFLAGS)

# Sanitizers and valgrind name functions only of what is still mapped when the process ends, so their builds stay loaded.
SANITIZE_ON := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
STAY_LOADED := -Wl,-z,nodelete

# The compiler's own lines are long: V=1 shows them.
Q := $(if $(V),,@)

# Business days are local days: one time zone makes every run the same.
export TZ := UTC
# busted is called as a Lua script: its own --lua would put a shell between it and what watches it.
SUITE     ?= spec
RUN_SUITE  = $(LUA) $(BUSTED) --lpath='./lua/?.lua;./lua/?/init.lua'
NO_SLOW   := --exclude-tags=slow

.DEFAULT_GOAL := build
.PHONY: accountants pages trust trust-long trust-mutants histories mutants model model-short build module library demo test lint format layers asan valgrind gc bench \
        bench-short bench-growth bench-replay bench-floor bench-answers bench-hooks bench-commits bench-peers \
        bench-reports bench-postgres docs man install install-lua install-c install-shell uninstall clean \
        help FORCE
FORCE:

build: module library  ## build the Lua module and the C library (the default)
module: $(MODULE) $(TTY_MODULE)
library: $(LIBRARY)

$(MODULE): $(OBJECTS)
	@mkdir -p $(@D)
	@echo 'link $@'
	$(Q)$(CC) -shared -pthread $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $(OBJECTS) $(DEPS_LIBS)

$(TTY_MODULE): $(TTY_OBJECTS)
	@mkdir -p $(@D)
	@echo 'link $@'
	$(Q)$(CC) -shared $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $(TTY_OBJECTS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	@echo 'archive $@'
	$(Q)$(AR) rcs $@ $(OBJECTS)

$(BUILD)/obj/%.o: csrc/%.c $(BUILD)/obj/flags
	@mkdir -p $(@D)
	@echo 'compile $<'
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Holds the flags of the last build, and changes only when they do: so that CI=true or another CC rebuilds.
$(BUILD)/obj/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@

-include $(OBJECTS:.o=.d) $(TTY_OBJECTS:.o=.d)

# -- for a fresh machine: these install what is missing, and say so ---------------------------------------------------
demo:  ## replay a year of a practice into build/demo and show its books
	@scripts/setup build run
	@$(MAKE) --no-print-directory -j$(JOBS) build
	@$(LUA) examples/practice-year/demo.lua

test:  ## run the specs (SUITE=spec/money_spec.lua for one of them)
	@scripts/setup build run test
	@$(MAKE) --no-print-directory -j$(JOBS) build
	@scripts/specs $(JOBS) $(RUN_SUITE) --cpath='./lua/?.so' -- $(SUITE)

# -- checks ----------------------------------------------------------------------------------------------------------
lint:  ## luacheck, clang-format, cppcheck and the layer rules
	@scripts/setup build lint
	luacheck --quiet lua spec examples bin/tallystick scripts/layers scripts/shell-pictures $(wildcard bench/*.lua)
	clang-format --dry-run --Werror $(wildcard csrc/*.[ch] csrc/tty/*.c spec/host/*.[ch] spec/trust/*/*.[ch] examples/*/*.[ch] bench/*.[ch])
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
	  --suppress=missingIncludeSystem -j $(JOBS) csrc
	scripts/layers

format:  ## bring the C files into the project's format
	clang-format -i $(wildcard csrc/*.[ch] csrc/tty/*.c spec/host/*.[ch] spec/trust/*/*.[ch] examples/*/*.[ch] bench/*.[ch])

# spec/asan/lua5.4.options looks for leaks in the interpreter alone: the compilers, shells and tools that the specs run
# inherit the preloaded library, and keep memory until they end.
asan:  ## the specs under the address and undefined-behaviour sanitizers
	@scripts/setup build run test asan
	@$(MAKE) --no-print-directory -j$(JOBS) module CC=gcc BUILD=build/asan MODULE=build/asan/tallystick/core.so \
	  SANITIZE='$(SANITIZE_ON)' LDFLAGS='$(STAY_LOADED)'
	LD_PRELOAD=$$(gcc -print-file-name=libasan.so) \
	LUA_CPATH="$(CURDIR)/build/asan/?.so;;" \
	ASAN_OPTIONS=detect_leaks=0:include_if_exists=$(CURDIR)/spec/asan/%b.options \
	UBSAN_OPTIONS=print_stacktrace=1 \
	scripts/specs $(JOBS) $(RUN_SUITE) --cpath='$(CURDIR)/build/asan/?.so' $(ASAN_ARGS) -- $(SUITE)

valgrind:  ## the specs under valgrind, without those tagged #slow
	@scripts/setup build run test valgrind
	@$(MAKE) --no-print-directory -j$(JOBS) module BUILD=build/valgrind MODULE=build/valgrind/tallystick/core.so \
	  CFLAGS='-O1 -g' LDFLAGS='$(STAY_LOADED)'
	LUA_CPATH="$(CURDIR)/build/valgrind/?.so;;" \
	valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,possible --error-exitcode=9 \
	  --keep-debuginfo=yes --child-silent-after-fork=yes \
	  $(RUN_SUITE) --cpath='$(CURDIR)/build/valgrind/?.so' $(NO_SLOW) $(SUITE)

# A random history holds much and runs long: one alone would take minutes, and uses no value that other specs do not.
# So would thousands of receipts (#lua): setting them is Lua alone, and holds nothing of the core.
gc:  ## the specs with the collector at its most eager
	@scripts/setup build run test
	@$(MAKE) --no-print-directory -j$(JOBS) build
	HISTORIES=0 MUTANTS=20 $(RUN_SUITE) --cpath='./lua/?.so' --helper=spec/eager_gc.lua \
	  --exclude-tags=lua $(SUITE)

docs:  ## check the reference against the functions that are registered
	@scripts/setup build run test
	@$(MAKE) --no-print-directory -j$(JOBS) build
	$(RUN_SUITE) --cpath='./lua/?.so' spec/docs_spec.lua

bench: build  ## measure beside a plain C program and the peers found here, as ratios in one run, and draw them
	@scripts/setup build run chart
	@bench/run $(BENCH_ARGS)
	@python3 bench/ratios.py

bench-short: build  ## the Lua API and plain C in half a minute; fails when a ratio lost a third of its floor
	@scripts/setup build run
	@bench/run --short $(BENCH_ARGS)

bench-peers: build  ## as bench, with each peer: the rules by hand in Lua over luasql, Python, Node over better-sqlite3
	@scripts/setup build run chart peers
	@bench/peers/install
	@bench/run --peers all $(BENCH_ARGS)
	@python3 bench/ratios.py

bench-growth: build  ## one ledger from 10,000 to a million payments, and its curves (GROWTH_ARGS= for more)
	@scripts/setup build run chart
	@bench/growth $(GROWTH_ARGS)
	@python3 bench/chart.py

bench-commits: build  ## how many pages a commit appends to the log, by the kind of act
	@scripts/setup build run
	@rm -rf $(BUILD)/bench/commits && mkdir -p $(BUILD)/bench/commits
	@LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='./lua/?.so;;' $(LUA) bench/commits.lua $(BUILD)/bench/commits

bench-floor: build  ## what lies under the Lua API's payments: SQLite's part, the looking, Lua's tables
	@scripts/setup build run
	@bench/run --floor

bench-answers: build  ## what the tables of question and answer cost in Lua alone
	@scripts/setup build run
	@bench/run --answers

bench-hooks: build  ## what a script's hooks cost a payment, and what their own state costs
	@scripts/setup build run
	@bench/run --hooks

bench-replay: build  ## the replay of a year, beside plain C
	@scripts/setup build run
	@bench/run --replay

bench-reports: build  ## totals beside hledger, ledger and beancount on equal books (REPORTS_ARGS= for options)
	@scripts/setup build run reports
	@bench/reports/run $(REPORTS_ARGS)

bench-postgres: build  ## durable payments beside PostgreSQL, in a cluster of its own (POSTGRES_ARGS= for options)
	@scripts/setup build run postgres
	@bench/postgres $(POSTGRES_ARGS)

model: build  ## random logs through the core and through the independent model, compared answer by answer
	@scripts/setup build run test
	spec/model/run 1 100 2500

model-short: build
	@scripts/setup build run test
	spec/model/run 1 4 1000

histories: build  ## random histories, each committed in three ways that must come to the same (HISTORIES=200 seeds)
	@scripts/setup build run test
	HISTORIES=$(or $(HISTORIES),200) $(RUN_SUITE) --cpath='./lua/?.so' spec/histories_spec.lua

mutants: build  ## random broken scripts, each held against the rules of an answer (MUTANTS=50000 of them)
	@scripts/setup build run test
	MUTANTS=$(or $(MUTANTS),50000) $(RUN_SUITE) --cpath='./lua/?.so' spec/mutants_spec.lua

accountants: build  ## the year's books through hledger, ledger and beancount, and their balances beside ours
	@scripts/setup build run test reports
	$(RUN_SUITE) --cpath='./lua/?.so' spec/accountants_spec.lua

pages: build  ## the reports as pages in a browser: desktop, phone and paper, light and dark; nothing clipped
	@scripts/setup build run browser
	spec/pages/check

# The evidence for the promises (docs/trust.md), the longest part first; each is spec/trust/PART/run.
TRUST_PARTS := faults rot fuzz simulation power guards kill privacy old crowd
RUN_TRUST    = scripts/setup build run test $(filter fuzz,$(TRUST_PARTS)) && spec/trust/run --jobs $(JOBS)

trust: build  ## kills, power cuts, faults, rot, a model, a crowd, fuzzing, old files: the short form, in one table
	@$(RUN_TRUST) $(TRUST_PARTS)

trust-long: build  ## the same at every point: more than an hour
	@$(RUN_TRUST) --long $(TRUST_PARTS)

trust-mutants: build  ## the same with each protection taken out: each must be missed
	@$(RUN_TRUST) --mutants $(TRUST_PARTS)

# -- installing ------------------------------------------------------------------------------------------------------
BINDIR     ?= $(PREFIX)/bin
LUADIR     ?= $(PREFIX)/share/lua/$(LUAVERSION)
LIBDIR     ?= $(PREFIX)/lib/lua/$(LUAVERSION)
LUA_FILES   = $(shell cd lua && find tallystick -name '*.lua' | sort)

install: install-lua install-c install-shell  ## install under PREFIX (/usr/local); DESTDIR is honoured

install-lua: module
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/tallystick
	install -m 755 bin/tallystick $(DESTDIR)$(BINDIR)/tallystick
	install -m 755 $(MODULE) $(DESTDIR)$(LIBDIR)/tallystick/core.so
	install -m 755 $(TTY_MODULE) $(DESTDIR)$(LIBDIR)/tallystick/tty.so
	@for file in $(LUA_FILES); do install -D -m 644 lua/$$file $(DESTDIR)$(LUADIR)/$$file || exit 1; done
	install -m 644 docs/reader/check.py $(DESTDIR)$(LUADIR)/tallystick/check.py
	@echo 'installed $(words $(LUA_FILES)) Lua files in $(DESTDIR)$(LUADIR)/tallystick'

install-c: library
	install -D -m 644 csrc/tallystick.h $(DESTDIR)$(PREFIX)/include/tallystick.h
	install -D -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/libtallystick.a

# What shells and man know of the command is written by the command itself.
MANDIR     ?= $(PREFIX)/share/man/man1
COMPLETION_FILES = bash-completion/completions/tallystick zsh/site-functions/_tallystick \
                   fish/vendor_completions.d/tallystick.fish

man: module  ## write the manual pages into build/man
	@rm -rf build/man && mkdir -p build/man
	$(Q)$(LUA) bin/tallystick manual --folder build/man

install-shell: man
	install -d $(DESTDIR)$(MANDIR)
	@for page in build/man/*.1; do install -m 644 $$page $(DESTDIR)$(MANDIR)/ || exit 1; done
	@for file in $(COMPLETION_FILES); do \
	  install -d $(DESTDIR)$(PREFIX)/share/$${file%/*} && \
	  $(LUA) bin/tallystick completion $${file%%[-/]*} >$(DESTDIR)$(PREFIX)/share/$$file || exit 1; \
	done
	@echo 'installed manual pages in $(DESTDIR)$(MANDIR), completion for bash, zsh and fish in $(DESTDIR)$(PREFIX)/share'

uninstall:  ## remove what install put under PREFIX
	rm -f $(DESTDIR)$(BINDIR)/tallystick $(DESTDIR)$(PREFIX)/include/tallystick.h $(DESTDIR)$(PREFIX)/lib/libtallystick.a
	rm -rf $(DESTDIR)$(LIBDIR)/tallystick $(DESTDIR)$(LUADIR)/tallystick
	rm -f $(DESTDIR)$(MANDIR)/tallystick.1 $(DESTDIR)$(MANDIR)/tallystick-*.1
	rm -f $(COMPLETION_FILES:%=$(DESTDIR)$(PREFIX)/share/%)

clean:  ## remove everything that was built
	rm -rf build lua/tallystick/core.so lua/tallystick/tty.so
	rm -f csrc/*.o *.rock

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
