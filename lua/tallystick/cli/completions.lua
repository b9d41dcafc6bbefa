-- The completion files of shells. They know nothing themselves: each asks the command what fits, so that none is ever
-- older than the command. What comes back is data to them, never run and never expanded.
return {
  bash = [==[
# bash completion for tallystick
_tallystick() {
  local -a answer
  COMPREPLY=()
  mapfile -t answer < <("$1" complete --shell bash -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
  case ${answer[0]-} in
    path) compopt -o default ;;
    open) compopt -o nospace ;;
  esac
  COMPREPLY=("${answer[@]:1}")
}
complete -F _tallystick tallystick
]==],
  zsh = [==[
#compdef tallystick
# zsh completion for tallystick
_tallystick() {
  local -a answer names shown suffix
  local row widest=0
  answer=("${(@f)$("$words[1]" complete --shell zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  case $answer[1] in
    path) _files; return ;;
    open) suffix=(-S '') ;;
  esac
  names=("${(@)${(@)answer[2,-1]}%%$'\t'*}")
  for row in "${(@)names}"; do (( ${#row} > widest )) && widest=${#row}; done
  for row in "${(@)answer[2,-1]}"; do shown+=("${(r:widest:)${row%%$'\t'*}}  ${row#*$'\t'}"); done
  compadd -l -d shown "${suffix[@]}" -a -- names
}
if [ "$funcstack[1]" = "_tallystick" ]; then _tallystick "$@"; else compdef _tallystick tallystick; fi
]==],
  fish = [==[
# fish completion for tallystick
function __tallystick
    set -l words (commandline -opc)
    set -l partial (string unescape -- (commandline -ct | string replace -r '^["\']' ''))
    set -l answer ($words[1] complete --shell fish -- $words[2..-1] "$partial" 2>/dev/null)
    if test "$answer[1]" = path
        __fish_complete_path "$partial"
    else
        printf '%s\n' $answer[2..-1]
    end
end
complete -c tallystick -f -a '(__tallystick)'
]==],
}
