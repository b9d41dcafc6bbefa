# common.sh - what the benches' shell scripts share; sourced from the project's folder.
# shellcheck shell=bash

# Progress is for people at a terminal.
[ -t 2 ] || export BENCH_QUIET=1
export TZ=UTC LUA_PATH='./bench/?.lua;./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='./lua/?.so;./build/bench/?.so;;'
lua=${LUA:-lua5.4}
mkdir -p build/bench

# The same compiler and optimisation as the core's.
compile() { "${CC:-cc}" -std=c11 -Wall -Wextra -D_POSIX_C_SOURCE=200809L ${CFLAGS:--O2 -g} "$@"; }
compile_clock() { compile -shared -fPIC -o build/bench/clock.so bench/clock.c $(pkg-config --cflags "${LUALIB:-lua5.4}"); }
compile_plain() { compile -o build/bench/plain bench/plain.c $(pkg-config --cflags --libs sqlite3 libsodium); }
