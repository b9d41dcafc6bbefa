-- import/init.lua - money that came in, from files: first a plan that a person can look at, then one act for each
-- credit. The readers are `tallystick.import.camt` and `tallystick.import.csv`; docs/imports.md tells of all of it.
return {
  plan = require "tallystick.import.plan",
  apply = require "tallystick.import.apply",
}
