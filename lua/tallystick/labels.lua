-- labels.lua - the words that people read, by language: of statuses, kinds of entries, payment types, and receipts.

local labels = {}

---The languages that have words here.
---@type string[]
labels.languages = { "de", "en", "fr", "it" }

local FALLBACK = "en"

local words = {}
for _, language in ipairs(labels.languages) do words[language] = require("tallystick.labels." .. language) end

---@alias tallystick.LabelGroup
---| "status" # the statuses
---| "mark" # what the mark of a status looks like
---| "kind" # the kinds of entries
---| "effect" # the effects of payment types
---| "type" # the payment types of the preset
---| "document" # the kinds of documents
---| "fact" # the sums of a document
---| "receipt" # the words of receipts and statements
---| "report" # the words of reports

---Gives the language that has words for a code: "fr" for "fr" and for "fr-CH".
---@param code any
---@return string? language nil where there are none
function labels.language(code)
  local language = type(code) == "string" and (code:match "^(%l%l)%-%u%u$" or code)
  return words[language] and language or nil
end

---Gives a word, in English where the language is not known, and the name itself where there is no such word.
---@param lang string? a language code
---@param group tallystick.LabelGroup
---@param name string
---@return string
function labels.get(lang, group, name)
  local in_language = words[labels.language(lang) or FALLBACK][group]
  return in_language and in_language[name] or name
end

---Gives what people call a payment type: by its own label in that language, by its one label for all languages, by the
---preset's word where the preset has such a type, by its own English label, else by its id.
---@param payment_type { id: string, label?: string|table<string, string> }
---@param lang string? a language code
---@return string
function labels.type(payment_type, lang)
  local id, own = payment_type.id, payment_type.label
  if type(own) == "string" then return own end
  own = own or {}
  local language = labels.language(lang) or FALLBACK
  local preset = words[language].type[id]
  return own[lang or ""] or own[language] or own[""] or preset or own[FALLBACK] or id
end

return labels
