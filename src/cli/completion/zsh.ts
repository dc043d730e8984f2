import { textWidth } from '../width.js';
import type { Shell } from './shell.js';

/** `compadd` quotes what it inserts, and expands nothing in what it shows. */
export const ZSH: Shell = {
  script: `#compdef policy-wrap
# Completion of policy-wrap for zsh: a file named _policy-wrap in a folder of $fpath, or sourced behind compinit.
_policy-wrap() {
  emulate -L zsh
  local line kind
  local -a lines texts shown
  lines=("\${(@f)$(command policy-wrap __complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  kind=\${lines[1]}
  shift lines
  case $kind in
    files) compset -P '--*='; _files; return ;;
    commands) _command_names -e; return ;;
  esac
  for line in "\${lines[@]}"; do
    texts+=("\${line%%$'\\t'*}")
    shown+=("\${line#*$'\\t'}")
  done
  (( $#texts )) && compadd -l -d shown -a texts
}
if [ "\${funcstack[1]}" = _policy-wrap ]; then _policy-wrap "$@"; else compdef _policy-wrap policy-wrap; fi
`,
  read: (words) => ({
    words,
    answer(completion) {
      if (completion.kind !== 'words') return `${completion.kind}\n`;
      const { candidates } = completion;
      const widest = Math.max(0, ...candidates.map(({ text }) => textWidth(text)));
      const lines = candidates.map(({ text, about }) => {
        const shown = about === '' ? text : `${text}${' '.repeat(widest - textWidth(text))}  -- ${about}`;
        return `${text}\t${shown}\n`;
      });
      return `words\n${lines.join('')}`;
    },
  }),
};
