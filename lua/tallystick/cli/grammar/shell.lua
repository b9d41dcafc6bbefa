-- grammar/shell.lua - the commands that only the shell has.
return {
  { name = "write", summary = "Make the ledger writable, for someone and for a reason",
    options = {
      { name = "actor", kind = "text", argname = "NAME", help = "Who acts (default: $TALLYSTICK_ACTOR)" },
      { name = "roles", option = "role", kind = "texts", argname = "ROLE",
        help = "A role of the actor; may be given several times" },
      { name = "reason", kind = "text", argname = "TEXT", help = "Why: the note of what is written without one" } },
    examples = { 'write --actor anna --reason "month end"', "write --actor anna --reason correction --role manager" } },
  { name = "read", summary = "Make the ledger read-only again", examples = { "read" } },
  { name = "dry-run", summary = "Show what a command would do, and write nothing", prefix = true,
    arguments = { { name = "command", kind = "text", required = true, many = true,
      help = "The command with all that it takes" } },
    examples = { "dry-run pay F-00012 50" } },
  { name = "help", summary = "List the commands, or tell of one",
    arguments = { { name = "command", kind = "text", help = "The command" } }, examples = { "help", "help pay" } },
  { name = "history", summary = "List the lines that were typed",
    arguments = { { name = "count", kind = "count", help = "Only so many, the last" } }, examples = { "history 20" } },
  { name = "exit", summary = "Leave; so does Ctrl-D", aliases = { "quit" }, examples = { "exit" } },
}
