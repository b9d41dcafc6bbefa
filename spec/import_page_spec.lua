-- docs/imports.md runs as it stands, and tells of every reason for which a credit is listed.
local command = require "spec.command"
local pages = require "spec.pages"

local PAGE = "docs/imports.md"

describe(PAGE, function()
  local blocks, environment = pages.blocks(PAGE), setmetatable({}, { __index = _G })

  for _, block in ipairs(blocks) do
    it(("prints what it says, at line %d"):format(block.line), function()
      assert.equal("lua", block.language)
      assert.equal(pages.promised(block.text), pages.run(block, environment))
    end)
  end

  it("names every code of the importers", function()
    local page, seen = command.read(PAGE), 0
    local pipe <close> = assert(io.popen "cat lua/tallystick/import/*.lua")
    local source = pipe:read "a"
    for _, pattern in ipairs { 'refusal%("(%l+%-[%l-]+)"', 'code = "(%l+%-[%l-]+)"',
      'put_on_list%(item, "(%l+%-[%l-]+)"', 'refuse%("(document%-[%l-]+)"', 'refuse%("(reference%-[%l-]+)"' } do
      for code in source:gmatch(pattern) do
        seen = seen + 1
        assert.truthy(page:find("`" .. code .. "`", 1, true), code)
      end
    end
    assert.is_true(seen > 15)
  end)
end)
