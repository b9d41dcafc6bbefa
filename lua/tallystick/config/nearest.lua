-- Finds the known name that a mistyped one was probably meant to be.

-- No name of this project is longer, and the distance costs the product of both lengths.
local NAME_BYTES_MAX = 64

---One row of the table of edit distances: from the first `i` bytes of `left` to each prefix of `right`.
---@param left string
---@param right string
---@param i integer
---@param previous integer[] the row before
---@param older integer[]? the row before that, for two neighbours that changed places
---@return integer[]
local function next_row(left, right, i, previous, older)
  local row = { [0] = i }
  for j = 1, #right do
    local same = left:byte(i) == right:byte(j)
    row[j] = math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same and 0 or 1))
    local swapped = older and j > 1 and left:byte(i) == right:byte(j - 1) and left:byte(i - 1) == right:byte(j)
    if swapped then row[j] = math.min(row[j], older[j - 2] + 1) end
  end
  return row
end

---The optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
---@param left string
---@param right string
---@return integer
local function distance(left, right)
  local older
  local row = {}
  for j = 0, #right do row[j] = j end
  for i = 1, #left do
    older, row = row, next_row(left, right, i, row, older)
  end
  return row[#right]
end

---The candidate nearest to `name`, or nil where none is near: a third of the longer name may differ, and always one
---byte. Capitals do not count. Of two that are equally near the first in the list is taken.
---@param name any a name that nobody knows; what is not a string has no neighbour
---@param candidates string[] the known names
---@return string? candidate
local function nearest(name, candidates)
  if type(name) ~= "string" or #name > NAME_BYTES_MAX then return nil end
  local best, best_distance
  for _, candidate in ipairs(candidates) do
    local apart = distance(name:lower(), candidate:lower())
    local limit = math.max(1, math.max(#name, #candidate) // 3)
    if apart <= limit and (not best or apart < best_distance) then
      best, best_distance = candidate, apart
    end
  end
  return best
end

return nearest
