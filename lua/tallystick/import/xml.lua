-- import/xml.lua - reads a bank's XML piece by piece: hands over the elements that are asked for, each as a small tree,
-- and keeps nothing of the rest. A file from outside is never trusted: what is unusual is refused with its place.
local lxp = require "lxp"

local xml = {}

local CHUNK_BYTES = 1 << 16

-- The elements of ISO 20022 messages nest some fifteen deep; deeper is no message.
xml.DEPTH_MAX = 64

-- The longest text of these messages has 500 characters, the longest name of an element 35. What is much longer would
-- only fill the memory.
xml.TEXT_BYTES_MAX = 4096

-- How long a single tag or comment may be. The parser begins anew with each piece of one that it has not seen the end
-- of, so that a tag as long as the file would take hours.
xml.TOKEN_BYTES_MAX = 1 << 20

-- Elements kept at one time: some hundred describe one credit, which is handed over and forgotten.
xml.NODES_MAX = 1 << 16

-- A bank's file of a day has some megabytes at most; 200,000 credits have about so many.
xml.FILE_BYTES_MAX = 1 << 28

-- What stands between the namespace and the name of an element; no URI of a namespace has a space.
local SEPARATOR = " "

---An element with what is in it.
---@class tallystick.import.Node
---@field name string
---@field line? integer where it begins; of elements that a handler takes
---@field text string trimmed; empty on an element that has children
---@field attributes table<string, string>
---@field size integer how many elements it has, itself included
---@field [integer] tallystick.import.Node

---@class tallystick.import.Handlers
---@field root fun(namespace: string, name: string): string? what is wrong with the first element, if anything is
---@field opened table<string, fun(node: tallystick.import.Node)> by path: told of an element before what is in it
---@field closed table<string, fun(node: tallystick.import.Node): string?> by path: takes an element, which is then
---forgotten, and says why nothing more shall be read, if that is so

-- ---- What an element holds ----

---@param node tallystick.import.Node?
---@param name string
---@return tallystick.import.Node?
local function first(node, name)
  for _, child in ipairs(node or {}) do
    if child.name == name then return child end
  end
  return nil
end

---Gives the first element at a path below a node.
---@param node tallystick.import.Node?
---@param path string such as "Refs/AcctSvcrRef"
---@return tallystick.import.Node?
function xml.at(node, path)
  for name in path:gmatch "[^/]+" do node = first(node, name) end
  return node
end

---Gives the text at a path below a node; nil where there is none, or an empty one.
---@param node tallystick.import.Node?
---@param path string
---@return string?
function xml.text(node, path)
  local found = xml.at(node, path)
  return found and found.text ~= "" and found.text or nil
end

---Gives the elements of a name in a node.
---@param node tallystick.import.Node?
---@param name string
---@return tallystick.import.Node[]
function xml.all(node, name)
  local found = {}
  for _, child in ipairs(node or {}) do
    if child.name == name then found[#found + 1] = child end
  end
  return found
end

-- ---- The parser's calls ----

-- Ends the reading: what came after would be read by rules that do not hold any more.
local function fail(state, parser, message)
  if not state.fault then
    local line, column = parser:pos()
    state.fault = { message = message, line = line, column = column }
  end
  parser:stop()
end

local function on_doctype(state, parser)
  fail(state, parser, "the file declares a document type (DOCTYPE), which no bank's message has and which can hide \z
    what it says")
end

-- Whether an element stands outside of the message: what a bank adds of its own is in another namespace, and is passed
-- over with all that is in it.
local function is_foreign(state, namespace)
  if not state.foreign and namespace ~= state.namespace then state.foreign = state.depth end
  return state.foreign ~= nil
end

local function new_node(state, parser, name, attributes)
  local parent = state.nodes[#state.nodes]
  -- What stands between elements is no text of theirs.
  if parent then parent.text, parent.is_branch = "", true end
  local path = parent and parent.path .. "/" .. name or name
  -- Only those that a handler takes are asked where they stand.
  local line = state.handlers.closed[path] and parser:pos() or nil
  return { name = name, path = path, line = line, attributes = attributes, size = 1, text = "" }
end

local function on_start(state, parser, full_name, attributes)
  if state.fault then return end
  state.depth = state.depth + 1
  if state.depth > xml.DEPTH_MAX then
    return fail(state, parser, ("elements are nested more than %d deep"):format(xml.DEPTH_MAX))
  end
  local namespace, name = full_name:match "^(%S+) (.*)$"
  namespace, name = namespace or "", name or full_name
  if state.depth == 1 then
    local wrong = state.handlers.root(namespace, name)
    if wrong then return fail(state, parser, wrong) end
    state.namespace = namespace
  end
  if is_foreign(state, namespace) then return end
  state.held = state.held + 1
  if state.held > xml.NODES_MAX then
    return fail(state, parser, ("an element holds more than %d others"):format(xml.NODES_MAX))
  end
  local node = new_node(state, parser, name, attributes)
  state.nodes[#state.nodes + 1] = node
  local opened = state.handlers.opened[node.path]
  if opened then opened(node) end
end

local function on_text(state, parser, text)
  local node = state.nodes[#state.nodes]
  if state.fault or state.foreign or not node or node.is_branch then return end
  node.text = node.text .. text
  if #node.text > xml.TEXT_BYTES_MAX then
    fail(state, parser, ("the text of %s is longer than %d bytes"):format(node.name, xml.TEXT_BYTES_MAX))
  end
end

-- An element that was taken is forgotten; another one stays with the element that it is in.
local function settle(state, parser, node)
  local closed = state.handlers.closed[node.path]
  if closed then
    local wrong = closed(node)
    state.held = state.held - node.size
    if wrong then fail(state, parser, wrong) end
    return
  end
  local parent = state.nodes[#state.nodes]
  if not parent then return end
  parent[#parent + 1] = node
  parent.size = parent.size + node.size
end

local function on_end(state, parser)
  if state.fault then return end
  local depth = state.depth
  state.depth = depth - 1
  if state.foreign then
    if state.foreign == depth then state.foreign = nil end
    return
  end
  local node = table.remove(state.nodes)
  if node.text:find "^%s" or node.text:find "%s$" then node.text = node.text:match "^%s*(.-)%s*$" end
  settle(state, parser, node)
end

local function new_parser(state)
  local function call(handle)
    return function(...) return handle(state, ...) end
  end
  return lxp.new({
    StartElement = call(on_start), EndElement = call(on_end), CharacterData = call(on_text),
    StartDoctypeDecl = call(on_doctype),
  }, SEPARATOR)
end

-- ---- Reading ----

local function malformed(name, message, line, column)
  return nil, ("%s:%d:%d: %s"):format(name, line, column, message), "field-invalid",
    { field = "file", file = name, line = tostring(line), column = tostring(column) }
end

-- Feeds one piece, or nil for the end. Gives true, or nil and what is wrong.
local function feed(parser, state, piece)
  local parsed, message, line, column = parser:parse(piece)
  if state.fault then return nil, state.fault end
  if not parsed then return nil, { message = ("this is no well-formed XML: %s"):format(message), line = line,
    column = column } end
  local at_line, at_column, at_byte = parser:pos()
  if state.bytes - at_byte > xml.TOKEN_BYTES_MAX then
    return nil, { message = ("a tag or comment is longer than %d bytes"):format(xml.TOKEN_BYTES_MAX), line = at_line,
      column = at_column }
  end
  return true
end

---Reads a message to its end, whatever is in it.
---@param next_piece fun(): string?, string? gives the next piece, nil at the end, or nil and why it cannot be read
---@param name string of the file, for messages
---@param handlers tallystick.import.Handlers
---@return boolean? read
---@return string? message
---@return string? code
---@return table? details
function xml.read(next_piece, name, handlers)
  local state = { handlers = handlers, nodes = {}, depth = 0, held = 0, bytes = 0 }
  -- A parser that has not come to the end cannot be closed; the collector takes it.
  local parser = new_parser(state)
  while true do
    local piece, failure = next_piece()
    if failure then return nil, ("%s: %s"):format(name, failure), "io-error", { file = name } end
    state.bytes = state.bytes + #(piece or "")
    local fed, fault = feed(parser, state, piece)
    if not fed then return malformed(name, fault.message, fault.line, fault.column) end
    if not piece then
      parser:close()
      return true
    end
    if state.bytes > xml.FILE_BYTES_MAX then
      return malformed(name, ("the file is larger than %d bytes"):format(xml.FILE_BYTES_MAX), 1, 1)
    end
  end
end

---Gives the pieces of a file, as `xml.read` takes them.
---@param file file*
---@return fun(): string?, string?
function xml.pieces_of_file(file)
  return function() return file:read(CHUNK_BYTES) end
end

---Gives the pieces of a text.
---@param text string
---@return fun(): string?
function xml.pieces_of_text(text)
  local position = 1
  return function()
    if position > #text then return nil end
    local piece = text:sub(position, position + CHUNK_BYTES - 1)
    position = position + #piece
    return piece
  end
end

return xml
