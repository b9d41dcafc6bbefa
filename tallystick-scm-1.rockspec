rockspec_format = "3.0"
package = "tallystick"
version = "scm-1"

source = {
  url = "git+file://.",
}

description = {
  summary = "A payment ledger for clinics that lives inside a Lua host",
  detailed = [[
    Double entry over SQLite in one file, insert-only and hash-chained, with exact amounts, statuses that are never
    stored, and payment types that a Lua script declares. The command line needs argparse as well, its prompt readline,
    and imports of bank files expat.
  ]],
  license = "MIT",
}

supported_platforms = { "unix" }

-- Lua alone, so that the rock installs without a network. The command `tallystick` also needs argparse, its prompt
-- readline, and imports of bank files expat; Debian has them as lua-argparse, lua-readline and lua-expat.
dependencies = { "lua >= 5.4" }

external_dependencies = {
  SQLITE3 = { header = "sqlite3.h", library = "sqlite3" },
  SODIUM = { header = "sodium.h", library = "sodium" },
}

-- The Makefile builds, so that a rock has the same sources, warnings and flags as any other build.
build = {
  type = "make",
  build_target = "module",
  install_target = "install-lua",
  build_variables = {
    CFLAGS = "$(CFLAGS)",
    DEPS_CFLAGS = "-I$(LUA_INCDIR) -I$(SQLITE3_INCDIR) -I$(SODIUM_INCDIR)",
    DEPS_LIBS = "-L$(SQLITE3_LIBDIR) -lsqlite3 -L$(SODIUM_LIBDIR) -lsodium",
    BUILD = "build/rock",
    MODULE = "build/rock/tallystick/core.so",
  },
  install_variables = {
    CFLAGS = "$(CFLAGS)",
    DEPS_CFLAGS = "-I$(LUA_INCDIR) -I$(SQLITE3_INCDIR) -I$(SODIUM_INCDIR)",
    DEPS_LIBS = "-L$(SQLITE3_LIBDIR) -lsqlite3 -L$(SODIUM_LIBDIR) -lsodium",
    BUILD = "build/rock",
    MODULE = "build/rock/tallystick/core.so",
    PREFIX = "$(PREFIX)",
    BINDIR = "$(BINDIR)",
    LUADIR = "$(LUADIR)",
    LIBDIR = "$(LIBDIR)",
  },
}
