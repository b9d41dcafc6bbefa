-- workflow.lua - moves documents through the stages of the workflows that a script declares (design.md §7).
local core = require "tallystick.core"
local calendar = require "tallystick.calendar"
local nearest = require "tallystick.config.nearest"

local workflow = {}

-- What is told of moves that did not happen: enough to see what is wrong, few enough to keep.
local REFUSALS_MAX = 100
-- What ends a run, since no other document could fare better.
local ENDING = {
  ["read-only"] = true, busy = true, full = true, ["io-error"] = true, corrupt = true, ["chain-broken"] = true,
  ["out-of-memory"] = true,
}
-- How often `progress` is told.
local PROGRESS_EVERY = 16

---@class tallystick.Workflow
---@field id string
---@field document "consultation"|"invoice"
---@field initial string
---@field stages string[]
---@field settled boolean whether documents with nothing remaining go on too
---@field transitions tallystick.Transition[]

---@class tallystick.Transition
---@field from string
---@field to string
---@field after { count: integer, unit: string }?
---@field by string[]?
---@field manual boolean whether only `move` takes it
---@field has_when boolean
---@field has_action boolean

local function refuse(code, field, message, details)
  details = details or {}
  details.field = field
  return nil, message, code, details
end

---@param ledger tallystick.Ledger
---@return tallystick.Workflow[]
local function declared(ledger)
  local script = core.declared(ledger)
  return script and script.workflows or {}
end

---The workflow that a call is about: the one it names, or the only one for that kind of document.
---@return tallystick.Workflow? found
---@return integer|string index or message
---@return string? code
---@return table? details
local function choose(ledger, kind, name)
  if name ~= nil and type(name) ~= "string" then
    return refuse("field-invalid", "workflow", "workflow: give a workflow's id")
  end
  local names, found, index = {}, nil, nil
  for i, one in ipairs(declared(ledger)) do
    if one.document == kind or not kind then
      names[#names + 1] = one.id
      if one.id == name or not name then found, index = one, i end
    end
  end
  if name and not found then
    local near = nearest(name, names)
    local hint = near and ("; did you mean %q?"):format(near) or ""
    return refuse("field-invalid", "workflow", ("workflow: none is called %q for this document%s"):format(name, hint),
      { value = name, nearest = near })
  end
  if not found then
    return refuse("field-invalid", "workflow", "workflow: the script declares none for this document")
  end
  if not name and #names > 1 then
    return refuse("field-missing", "workflow", "workflow: there are several; name one of " .. table.concat(names, ", "))
  end
  return found, index
end

---Whether one of the roles held is one of those wanted.
local function holds(roles, wanted)
  for _, role in ipairs(roles) do
    for _, name in ipairs(wanted) do
      if role == name then return true end
    end
  end
  return false
end

---@param fields table
---@param others table
---@return table copy of the fields, with others over them
local function with(fields, others)
  local copy = {}
  for name, value in pairs(fields) do copy[name] = value end
  for name, value in pairs(others) do copy[name] = value end
  return copy
end

---Where a document stands: its stage, the first one where it was moved nowhere yet.
---@return { stage: string, seq: integer?, since: string, since_ms: integer, day: string }?
local function stand(ledger, flow, number)
  local here, message, code, details = core.read_stage(ledger, number, flow.id)
  if not here then return nil, message, code, details end
  here.stage = here.stage or flow.initial
  return here
end

---The local day, counted from 1970, and the instant from which a transition may be taken.
---@param one tallystick.Transition
local function due(one, here)
  if not one.after then return calendar.day_of(here.day), here.since_ms end
  if one.after.unit == "h" then return nil, here.since_ms + one.after.count * 3600 * 1000 end
  return calendar.add(calendar.day_of(here.day), one.after), nil
end

---@param now { ms: integer, day: integer }
local function is_due(one, here, now)
  local day, ms = due(one, here)
  if ms and not day then return now.ms >= ms end
  return now.day >= day and now.ms >= here.since_ms
end

-- ---- One move ----

---Makes the charges that an action asked for.
local function charge(tx, number, charges, asked, answers)
  for _, one in ipairs(charges) do
    local charged, message, code, details = tx:charge {
      document = number, amount = one.amount, label = one.label, at = asked.at, actor = asked.actor,
      roles = asked.roles,
    }
    if not charged then return nil, message, code, details end
    if answers then answers[#answers + 1] = charged end
  end
  return true
end

---Adds what hooks after the charges told to the answer of the move: the charges' own answers nobody sees.
local function tell_of_charges(moved, answers)
  for _, answer in ipairs(answers) do
    for _, name in ipairs { "warnings", "log" } do
      for _, item in ipairs(answer[name] or {}) do
        moved[name] = moved[name] or {}
        table.insert(moved[name], item)
      end
    end
  end
  return moved
end

---A transition that a document is to take.
---@class tallystick.Step
---@field flow tallystick.Workflow
---@field index integer of the workflow
---@field place integer of the transition
---@field number string the document's
---@field now { ms: integer, day: integer }

---What the action of a transition asks for; nothing where it has none.
---@param asked { actor: string?, roles: string[]? }
local function ask_action(tx, way, asked)
  if not way.flow.transitions[way.place].has_action then return { charges = {} } end
  local ok, intents, code, details = core.ask(tx, "action", way.index, way.place, way.number, way.now.ms, asked.actor,
    asked.roles)
  if not ok then return nil, intents, code, details end
  return intents
end

---Takes a transition inside a transaction: its action, then the stage.
---@param way tallystick.Step
---@param asked table the fields of the move
---@param apart? { answers: table[], made: string[] } takes the charges' answers; names what the caller did not pass
local function take(tx, way, asked, apart)
  local flow, one = way.flow, way.flow.transitions[way.place]
  local intents, message, code, details = ask_action(tx, way, asked)
  if not intents then return nil, message, code, details end
  local refusal = intents.refusal
  if refusal then return nil, refusal.message, "refused", { rule = flow.id, code = refusal.code } end
  local done
  done, message, code, details = charge(tx, way.number, intents.charges, asked, apart and apart.answers)
  if not done then return nil, message, code, details end
  return core.plain.move(tx, with(asked, {
    document = way.number, workflow = flow.id, from = one.from, to = one.to, note = asked.note or intents.note,
    fields = with(asked.fields or {}, intents.event or {}),
  }), apart and apart.made)
end

---The transition between two stages.
local function find_transition(flow, from, to)
  for place, one in ipairs(flow.transitions) do
    if one.from == from and one.to == to then return place end
  end
  return nil
end

local function known_stage(flow, name)
  for _, stage in ipairs(flow.stages) do
    if stage == name then return true end
  end
  return false
end

local function next_stages(flow, from)
  local names = {}
  for _, one in ipairs(flow.transitions) do
    if one.from == from then names[#names + 1] = one.to end
  end
  return #names > 0 and "from there it goes to " .. table.concat(names, ", ") or "no way leads on from there"
end

---Looks at a manual move before anything is written.
local function check_move(ledger, flow, here, asked)
  if asked.from and asked.from ~= here.stage then
    return nil, ("from: the document stands at %q, not at %q"):format(here.stage, asked.from), "refused",
      { rule = flow.id, code = "moved-meanwhile", stage = here.stage }
  end
  if not known_stage(flow, asked.to) then
    local near = nearest(tostring(asked.to), flow.stages)
    local hint = near and ("did you mean %q?"):format(near) or "it has " .. table.concat(flow.stages, ", ")
    local message = ("to: workflow %s has no stage %q; %s"):format(flow.id, tostring(asked.to), hint)
    return refuse("field-invalid", "to", message, { value = tostring(asked.to), nearest = near })
  end
  local place = find_transition(flow, here.stage, asked.to)
  if not place then
    return nil, ("to: no way leads from %s to %s; %s"):format(here.stage, asked.to, next_stages(flow, here.stage)),
      "refused", { rule = flow.id, code = "no-transition", stage = here.stage }
  end
  local by = flow.transitions[place].by
  if by and not holds(asked.roles or core.roles(ledger), by) then
    return nil, ("roles: moving to %s needs the role %q"):format(asked.to, by[1]), "permission-denied", { role = by[1] }
  end
  return place
end

-- What the core answers of the state of things; a transition's own role is asked before it (design.md §8).
local AFTER_WHO_ASKS = {
  ["document-cancelled"] = true, ["document-invoiced"] = true, ["date-in-future"] = true, ["period-closed"] = true,
  refused = true,
}

---The fields of a move that a script may settle where the caller does not: no part of what a retry is held against.
---What an action hands on stands among the caller's own `fields`.
local function made_of(asked)
  local made = { "fields" }
  for _, name in ipairs { "workflow", "from", "note" } do
    if asked[name] == nil then made[#made + 1] = name end
  end
  return made
end

---Moves inside a transaction, by the script that is in force in it.
---@param answers table[] of the charges: what is told of them is told with the move
local function move(tx, asked, answers)
  local version, refreshed, reason, mistakes = core.refresh(tx)
  if not version then return nil, refreshed, reason, mistakes end
  local document, unread, cause
  if type(asked.document) == "string" then document, unread, cause = tx:document(asked.document) end
  if ENDING[cause] then return nil, unread, cause end
  local flow, index, code, details = choose(tx, document and document.kind, asked.workflow)
  local named = with(asked, { workflow = flow and flow.id or asked.workflow or "-" })
  local made = made_of(asked)
  named.dry_run = nil
  -- The core looks first: at the fields, the key, the document, who asks.
  local looked, message, core_code, core_details = core.probe_move(tx, named, made)
  if looked and looked.replayed then
    looked.dry_run = asked.dry_run
    return looked
  end
  local of_the_state = looked or AFTER_WHO_ASKS[core_code]
  if not of_the_state then return nil, message, core_code, core_details end
  if not flow then return nil, index, code, details end
  local here, place, why
  here, why, code, details = stand(tx, flow, asked.document)
  if not here then return nil, why, code, details end
  place, why, code, details = check_move(tx, flow, here, asked)
  -- What the field says and who asks comes before the state of things.
  if not place and (looked or code ~= "refused") then return nil, why, code, details end
  if not looked then return nil, message, core_code, core_details end
  local ms, day, instant_code, instant_details = core.instant(tx, asked.at)
  if not ms then return nil, day, instant_code, instant_details end
  local way = { flow = flow, index = index, place = place, number = asked.document, now = { ms = ms, day = day } }
  return take(tx, way, named, { answers = answers, made = made })
end

---Moves a document by hand, along a transition of its workflow, whether it is due or not (design.md §7).
---@param ledger tallystick.Ledger
---@param asked table
---@return table? moved
---@return string? message
---@return string? code
---@return table? details
function workflow.move(ledger, asked)
  if type(asked) ~= "table" then return core.plain.move(ledger, asked) end
  if asked.dry_run ~= nil and type(asked.dry_run) ~= "boolean" then
    return core.plain.move(ledger, with({ workflow = "-" }, asked))
  end
  local version, refreshed, reason, mistakes = core.refresh(ledger)
  if not version then return nil, refreshed, reason, mistakes end
  if #declared(ledger) == 0 then
    local looked = asked.key ~= nil
      and core.probe_move(ledger, with(asked, { workflow = asked.workflow or "-" }), made_of(asked))
    if looked and looked.replayed then
      looked.dry_run = asked.dry_run
      return looked
    end
    return core.plain.move(ledger, asked)
  end
  if not asked.dry_run then
    local answers = {}
    local moved, message, code, details = ledger:transaction(function(tx) return move(tx, asked, answers) end)
    -- A transaction around it is poisoned, as by any command that is refused in it.
    if not moved then core.poison(ledger, code) end
    if moved then return tell_of_charges(moved, answers) end
    return nil, message, code, details
  end
  local answer
  local pretended = core.pretend(ledger, true)
  local ran, raised = pcall(ledger.transaction, ledger, function(tx)
    answer = table.pack(move(tx, asked, {}))
    return nil, "a dry run"
  end)
  core.pretend(ledger, pretended)
  if not ran then error(raised, 0) end
  if not answer then return core.plain.move(ledger, asked) end
  if answer[1] then answer[1].dry_run = true end
  return table.unpack(answer, 1, answer.n)
end

-- ---- Where a document stands ----

---Tells at which stage of a workflow a document stands, since when, and where it goes from there.
---@param ledger tallystick.Ledger
---@param number string
---@param name? string the workflow, where there are several
---@return table? stage
---@return string? message
---@return string? code
---@return table? details
function workflow.stage(ledger, number, name)
  local document, message, code, details = ledger:document(number)
  if not document then return nil, message, code, details end
  local flow
  -- A ledger that is only read has not loaded its script.
  flow, message, code, details = core.refresh(ledger)
  if flow then flow, message, code, details = choose(ledger, document.kind, name) end
  if not flow then return nil, message, code, details end
  local here
  here, message, code, details = stand(ledger, flow, number)
  if not here then return nil, message, code, details end
  local onward = {}
  for _, one in ipairs(flow.transitions) do
    if one.from == here.stage then
      local day, ms = due(one, here)
      onward[#onward + 1] = { to = one.to, by = one.by, manual = one.manual, due = day and calendar.text_of(day) or nil,
        due_at = not day and ms // 1000 or nil }
    end
  end
  return {
    document = number, workflow = flow.id, stage = here.stage, since = here.since, day = here.day, seq = here.seq,
    next = onward,
  }
end

-- ---- All that is due ----

local OPTIONS = {
  as_of = true, limit = true, progress = true, workflow = true, actor = true, roles = true, after = true,
}

local function check_options(options)
  for name in pairs(options) do
    if not OPTIONS[name] then
      local names = {}
      for known in pairs(OPTIONS) do names[#names + 1] = known end
      table.sort(names)
      local near = nearest(tostring(name), names)
      local hint = near and ("; did you mean %q?"):format(near) or ""
      return refuse("field-unknown", tostring(name), ("advance has no field %q%s"):format(tostring(name), hint),
        { nearest = near })
    end
  end
  local limit = options.limit
  if limit ~= nil and (math.type(limit) ~= "integer" or limit < 1) then
    return refuse("field-invalid", "limit", "limit: give how many moves at most, a whole number above zero")
  end
  if options.progress ~= nil and type(options.progress) ~= "function" then
    return refuse("field-invalid", "progress", "progress: give a function")
  end
  if options.roles ~= nil and type(options.roles) ~= "table" then
    return refuse("field-invalid", "roles", "roles: give a list of names")
  end
  if options.actor ~= nil and type(options.actor) ~= "string" then
    return refuse("field-invalid", "actor", "actor: give a name")
  end
  return true
end

---@class tallystick.AdvanceOptions
---@field as_of? tallystick.Time the instant by which it is due, now by default; what is written is dated at it
---@field limit? integer how many moves at most
---@field progress? fun(report: tallystick.Advance): boolean? told now and then; false stops
---@field workflow? string only this one
---@field actor? string
---@field roles? string[]
---@field after? string only documents made after this one

---@class tallystick.Advance
---@field looked integer documents looked at
---@field moved integer
---@field refused integer moves that did not happen; see refusals
---@field refusals { document: string, workflow: string, code: string, message: string }[] the first hundred
---@field complete boolean whether nothing that is due was left
---@field after string? where it was stopped: the last document of which nothing was left; `advance{after=}` goes on

---One run of `advance`.
local function new_run(ledger, options)
  local ms, day, at, details = core.instant(ledger, options.as_of)
  if not ms then return nil, day, at, details end
  local present, wrong, wrong_code, wrong_details = core.instant(ledger)
  if not present then return nil, wrong, wrong_code, wrong_details end
  if ms > present then
    return refuse("date-in-future", "as_of", "as_of: is in the future; give an instant up to now")
  end
  local version, message, code
  version, message, code, details = core.refresh(ledger)
  if not version then return nil, message, code, details end
  return {
    ledger = ledger, options = options, now = { ms = ms, day = day, at = at },
    roles = options.roles or core.roles(ledger),
    version = version,
    report = { looked = 0, moved = 0, refused = 0, refusals = {}, complete = true },
  }
end

local function note_refusal(run, flow, number, code, message)
  local report = run.report
  if ENDING[code] then run.ended = { message = message, code = code } end
  report.refused = report.refused + 1
  if #report.refusals < REFUSALS_MAX then
    report.refusals[#report.refusals + 1] = { document = number, workflow = flow.id, code = code, message = message }
  end
end

local REPLACED = "the ledger's script was replaced meanwhile; advance again, by the new one"

--- Looks whether the script in force is still the one that the run began with.
local function same_script(run, ledger)
  local version, message, code = core.refresh(ledger)
  if version == run.version then return true end
  if ENDING[code] then return nil, message, code end
  return nil, REPLACED, "busy"
end

local function passes(run, index, place, one, number)
  if not one.has_when then return true end
  -- What a callback of the host's did may have loaded another script, whose functions stand at other places.
  local same, message, failed = same_script(run, run.ledger)
  if not same then return nil, message, failed end
  local actor, roles = run.options.actor, run.roles
  local ok, answer, code = core.ask(run.ledger, "when", index, place, number, run.now.ms, actor, roles)
  if ok then return answer end
  return nil, answer, code
end

---The transition that a document may take now: its place, nil where it may take none, or nil, message, code where a
---script failed.
local function find_due(run, flow, index, number, here)
  for place, one in ipairs(flow.transitions) do
    local may = one.from == here.stage and not one.manual and is_due(one, here, run.now)
      and (not one.by or holds(run.roles, one.by))
    if may then
      local ready, message, code = passes(run, index, place, one, number)
      if ready then return place end
      if ready == nil then return nil, message, code end
    end
  end
  return nil
end

---Whether a document is one that its workflow looks at.
local function may_go_on(flow, document)
  if not document or document.status == "cancelled" or document.status == "invoiced" then return false end
  return flow.settled or document.remaining.minor > 0
end

---Takes one step, in a transaction of its own in which all is looked at again: another process may have been faster.
local function step(run, flow, index, number)
  local moved, message, code = run.ledger:transaction(function(tx)
    local same, why, reason = same_script(run, tx)
    if not same then return nil, why, reason end
    local document, unread, cause = tx:document(number)
    if ENDING[cause] then return nil, unread, cause end
    if not may_go_on(flow, document) then return "moved meanwhile" end
    local here
    here, why, reason = stand(tx, flow, number)
    if not here then return nil, why, reason end
    local place, failure, failed = find_due(run, flow, index, number, here)
    if failed then return nil, failure, failed end
    if not place then return "moved meanwhile" end
    -- All of a run is dated at one instant, so that no stage is entered after it.
    local asked = { at = run.now.at, actor = run.options.actor, roles = run.roles }
    return take(tx, { flow = flow, index = index, place = place, number = number, now = run.now }, asked)
  end)
  if not moved then
    note_refusal(run, flow, number, code, message)
  elseif moved ~= "moved meanwhile" then
    run.report.moved = run.report.moved + 1
    return true
  end
  return false
end

---Moves a document as far as it may go now; to no stage twice, should they go round.
local function follow_document(run, flow, index, number)
  local visited = {}
  for _ = 1, #flow.stages do
    local here, message, code = stand(run.ledger, flow, number)
    if not here then return note_refusal(run, flow, number, code, message) end
    visited[here.stage] = true
    local place, failure, failed = find_due(run, flow, index, number, here)
    if failed then return note_refusal(run, flow, number, failed, failure) end
    if not place or visited[flow.transitions[place].to] then return end
    if not step(run, flow, index, number) then return end
    if run.options.limit and run.report.moved >= run.options.limit then return end
  end
end

---Whether a run has made as many moves as it may, or met what no other document could pass.
local function is_spent(run)
  local limit = run.options.limit
  return run.ended ~= nil or limit ~= nil and run.report.moved >= limit
end

---The workflows of a run: all, or the one that is named.
local function choose_flows(run)
  local name, flows = run.options.workflow, {}
  for index, flow in ipairs(declared(run.ledger)) do
    if name == nil or name == flow.id then flows[#flows + 1] = { flow = flow, index = index } end
  end
  if name ~= nil and #flows == 0 then return choose(run.ledger, nil, name) end
  return flows
end

---The documents that may have something due, oldest first: those with something remaining where no workflow looks at
---settled ones.
local function documents_of(run, flows)
  local query = { order = "oldest", after = run.options.after, open = true, kind = flows[1].flow.document }
  for _, one in ipairs(flows) do
    if one.flow.settled then query.open = nil end
    if one.flow.document ~= query.kind then query.kind = nil end
  end
  return run.ledger:documents(query)
end

---Moves a document along each of its workflows once. Gives whether it moved; nil where the run was spent, perhaps
---before all was done.
local function go_round(run, flows, document, state)
  local before = run.report.moved
  for _, one in ipairs(flows) do
    local flow = one.flow
    local current = run.report.moved > before and run.ledger:document(document.number) or document
    if flow.document == document.kind and may_go_on(flow, current) then
      if not state.looked then run.report.looked = run.report.looked + 1 end
      state.looked = true
      follow_document(run, flow, one.index, document.number)
      if is_spent(run) then return nil end
    end
  end
  return run.report.moved > before
end

---Moves a document as far as its workflows let it: what one charges may be what another waits for. False where the run
---was spent.
local function advance_document(run, flows, document)
  local state, refused = {}, run.report.refused
  for _ = 1, #flows do
    local moved = go_round(run, flows, document, state)
    if moved == nil then return false end
    if not moved or run.report.refused > refused then break end
    -- Where it cannot be read now, the next step tells why.
    document = run.ledger:document(document.number) or document
  end
  return true
end

---Goes through the documents, oldest first. `after` in the report is the last one of which nothing was left.
local function advance_documents(run, flows)
  local report, progress = run.report, run.options.progress
  local rows, message, code, details = documents_of(run, flows)
  if not rows then return nil, message, code, details end
  report.after, report.complete = run.options.after, false
  for document in rows, message, code, details do
    local before = report.looked
    if not advance_document(run, flows, document) then return true end
    report.after = document.number
    local told = progress and report.looked > before and report.looked % PROGRESS_EVERY == 0
    if told and progress(report) == false then return true end
  end
  report.after, report.complete = nil, true
  return true
end

---Takes every transition that is due, each in a transaction of its own; a second call finds nothing left to do.
---@param ledger tallystick.Ledger
---@param options? tallystick.AdvanceOptions
---@return tallystick.Advance? report
---@return string? message
---@return string? code
---@return table? details
function workflow.advance(ledger, options)
  options = options or {}
  if type(options) ~= "table" then
    error(("bad argument #1 to 'advance' (table expected, got %s)"):format(type(options)), 2)
  end
  local run, message, code, details = check_options(options)
  if not run then return nil, message, code, details end
  run, message, code, details = new_run(ledger, options)
  if not run then return nil, message, code, details end
  local flows, done
  flows, message, code, details = choose_flows(run)
  if not flows then return nil, message, code, details end
  if #flows > 0 then
    done, message, code, details = advance_documents(run, flows)
    if not done then return nil, message, code, details end
  end
  if options.progress then options.progress(run.report) end
  if run.ended then return nil, run.ended.message, run.ended.code, run.report end
  return run.report
end

return workflow
