/**
 * What a shell is told to complete `strata` with. All of them ask the program itself (`strata complete -- WORD...`), which
 * answers with a line that says what the shell is to add (`words` for nothing, `files`, `directories`), and a word and a
 * description on each further line, with a tab between.
 */

/** The colons in names of images end words for bash, so that what stands before one must not be repeated. */
const bash = `# bash completion of strata: eval "$(strata completion bash)"
_strata() {
  local line=\${COMP_LINE:0:COMP_POINT} before
  local -a words answer
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local current=\${words[-1]}
  mapfile -t answer < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  local one
  for one in "\${answer[@]:1}"; do
    one=\${one%%$'\\t'*}
    [[ $one == "$current"* ]] && COMPREPLY+=("$one")
  done
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    before=\${current%"\${current##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
  case \${answer[0]} in
    files) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current") ;;
    directories) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current") ;;
  esac
}
complete -F _strata strata
`;

const zsh = `#compdef strata
# zsh completion of strata: eval "$(strata completion zsh)", or a file _strata in a directory of $fpath
_strata() {
  local -a answer described
  local one
  answer=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  for one in "\${(@)answer[2,-1]}"; do
    described+=("\${\${one%%$'\\t'*}//:/\\\\:}:\${one#*$'\\t'}")
  done
  (( \${#described} )) && _describe strata described
  case \${answer[1]} in
    files) _files ;;
    directories) _files -/ ;;
  esac
}
if [[ \${funcstack[1]} == _strata ]]; then _strata "$@"; else compdef _strata strata; fi
`;

const fish = `# fish completion of strata: strata completion fish | source
function __strata_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
    printf '%s\\n' $answer[2..-1]
    switch "$answer[1]"
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current"
    end
end
complete -c strata -f -a '(__strata_complete)'
`;

export const completionScripts = { bash, zsh, fish } as const satisfies Record<string, string>;
