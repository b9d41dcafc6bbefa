-- works.lua - what is measured: the sides, the ledgers, the works with their aims, and how much of each.
local works = {}

local LUA = os.getenv "LUA" or "lua5.4"

-- A side is a command that takes a work and its arguments (see plain.c). `sqlite` and `runtime` are what it tells of
-- itself.
works.limit = { id = "plain", label = "plain C", command = "build/bench/plain" }
works.subject = { id = "ledger", label = "Lua API", command = LUA .. " bench/ledger.lua" }
-- The same rules written by hand. `present` asks whether this machine has what a peer needs.
works.peers = {
  {
    id = "luasql", label = "Lua, luasql", command = LUA .. " bench/peers/luasql.lua",
    present = LUA .. [[ -e 'require "luasql.sqlite3"']],
  },
  {
    id = "python", label = "Python", command = "python3 bench/peers/python.py",
    present = "python3 -c 'import sqlite3'",
  },
  {
    id = "node", label = "Node, better", command = "NODE_PATH=build/bench/node/node_modules node bench/peers/node.js",
    present = [[NODE_PATH=build/bench/node/node_modules node -e 'require("better-sqlite3")']],
  },
}

-- In the order of the table. `aim` is the ratio to the limit to be reached, where there is one; `peer_aims` how many
-- times as fast as a peer the subject shall be. A work that `writes` gets a fresh copy of its ledger in each round;
-- one that `goes_on` takes up where the last round ended, since its ledger is too large to be copied so often. One that
-- is `timed` tells each operation's latency.
works.closed = {
  { id = "durable", ledger = "clinic", label = "one durable payment per commit", unit = "payments", aim = 0.9,
    writes = true, timed = true, latency_aim = 1.5 },
  { id = "batch", ledger = "clinic", label = "1,000 payments per commit", unit = "payments", aim = 0.7, writes = true,
    peer_aims = { luasql = 2, node = 1.3 } },
  { id = "scattered", ledger = "scattered", label = "1,000 per commit, no locality", unit = "payments",
    goes_on = true, peer_aims = { node = 1.5 } },
  { id = "read", ledger = "clinic", label = "a document with its status", unit = "documents", aim = 0.5 },
  { id = "page", ledger = "clinic", label = "a page of 50 unpaid invoices", unit = "pages", aim = 0.6 },
}
-- Payments that arrive by a clock of their own, whether or not the last one is done. Their rate is a share of what the
-- slower of limit and subject reached in the same run, so that both keep up. A peer takes part where the arrivals are
-- no more than `most_load` of what it reached: beyond that, its queue tells of nothing else. `latency_aim` is how many
-- times the limit's p99 the subject's may be.
works.open = {
  id = "open", ledger = "clinic", label = "one durable payment per arrival", unit = "payments", writes = true,
  timed = true, of = "durable", share = 0.5, most_load = 0.9, latency_aim = 1.5,
}

-- How many documents each ledger has, and how much of each work: { warm-up, measured }. Batches are whole commits.
-- Payments are as many as the open third of the documents takes. A full run's warm-up gives a compiler at run time, as
-- Node's, what it needs to know.
works.sizes = {
  full = {
    rounds = 15, documents = { clinic = 30000, scattered = 1000000 },
    durable = { 1000, 3000 }, open = { 1000, 4000 }, batch = { 2000, 11000 }, scattered = { 1000, 10000 },
    read = { 5000, 50000 }, page = { 500, 1500 },
  },
  short = {
    rounds = 7, documents = { clinic = 24000, scattered = 100000 },
    durable = { 100, 600 }, open = { 100, 600 }, batch = { 1000, 9000 }, scattered = { 1000, 4000 },
    read = { 2000, 15000 }, page = { 50, 500 },
  },
}

return works
