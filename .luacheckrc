-- The Lua of this project is 5.4, and no file sets a global.
std = "lua54"
max_line_length = 120
unused_secondaries = false
files["spec"] = { std = "+busted" }
files["examples/**/*_spec.lua"] = { std = "+busted" }
-- A payment type reads best on one line.
files["**/clinic.lua"] = { max_line_length = false }
-- So does what a command takes.
files["lua/tallystick/cli/grammar"] = { max_line_length = 150 }
exclude_files = { "build", "lua_modules", ".luarocks" }
