-- The table of the trust suite: no row of a part goes missing from it unseen.
local command = require "spec.command"

local folder

before_each(function() folder = command.folder() end)

after_each(function() command.remove(folder) end)

-- The table of what parts said.
local function table_of(...)
  local paths = {}
  for index, text in ipairs { ... } do
    paths[index] = ("%s/part-%d.log"):format(folder, index)
    command.write(paths[index], text)
  end
  return command.shell("python3 spec/trust/table.py " .. table.concat(paths, " "))
end

describe("the table of the trust suite", function()
  it("holds where every row does", function()
    local ended = table_of("| one promise | 5 | none | 0 |\n1 passed, 0 failed\n", "| another | 7 | 3 kills | 0 |\n")
    assert.equal(0, ended.code, ended.err)
    assert.matches("2 promises held, 0 broken\n$", ended.out)
  end)

  it("is broken by a row that is", function()
    local ended = table_of("| one promise | 5 | none | 0 |\n| another | 7 | 3 kills | 1 |\n")
    assert.equal(1, ended.code)
    assert.matches("1 promises held, 1 broken\n$", ended.out)
  end)

  it("is broken by a row of another form, which would not be seen", function()
    for _, row in ipairs { "| a promise | 5 | by a|b | 3 |", "| a promise | 5 | 3 |", "| a promise | 5 | none | 3" } do
      local ended = table_of("| one promise | 5 | none | 0 |\n" .. row .. "\n")
      assert.equal(1, ended.code, row)
      assert.matches("is no row", ended.err)
    end
  end)

  it("is broken by a part that has no row", function()
    local ended = table_of("| one promise | 5 | none | 0 |\n", "2 passed, 0 failed\n")
    assert.equal(1, ended.code)
    assert.matches("part%-2.log has no row", ended.err)
  end)
end)
