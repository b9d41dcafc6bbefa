-- Lets the examples find the module in this source tree, from whatever folder they are run. A program of your own needs
-- none of this once Tallystick is installed.
local root = (debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" or ".") .. "/.."
package.path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s"):format(root, root, package.path)
package.cpath = ("%s/lua/?.so;%s"):format(root, package.cpath)
