import type { Shell } from './shell.js';

/** fish quotes what it inserts; a tab stands before what it shows beside it. */
export const FISH: Shell = {
  script: `# Completion of policy-wrap for fish 3 or later: ~/.config/fish/completions/policy-wrap.fish
function __policy_wrap_complete
    set -l typed (commandline -opc)
    set -e typed[1]
    set -l current (commandline -ct | string collect --allow-empty)
    set -l lines (command policy-wrap __complete fish -- $typed "$current" 2>/dev/null)
    set -l kind "$lines[1]"
    set -e lines[1]
    switch $kind
        case files
            set -l option (string match -r -- '^--[^=]+=' "$current")
            __fish_complete_path (string replace -r -- '^--[^=]+=' '' "$current") | while read -l line
                printf '%s%s\\n' "$option" "$line"
            end
        case commands
            complete -C "$current"
        case '*'
            printf '%s\\n' $lines
    end
end
complete -c policy-wrap -e
complete -c policy-wrap -f -a '(__policy_wrap_complete)'
`,
  read: (words) => ({
    words,
    answer(completion) {
      if (completion.kind !== 'words') return `${completion.kind}\n`;
      const lines = completion.candidates
        // It leaves a tilde at the beginning to be filled in, whatever is offered.
        .filter(({ text }) => !text.startsWith('~'))
        .map(({ text, about }) => (about === '' ? text : `${text}\t${about}`));
      return `words\n${lines.map((line) => `${line}\n`).join('')}`;
    },
  }),
};
