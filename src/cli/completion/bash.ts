import type { Shell } from './shell.js';

/**
 * The line is taken apart here and not by the script: Bash cuts words at `=` and `:` too, leaves quotes in them, and
 * takes what it is given for text that stands on the command line as it is.
 */
export const BASH: Shell = {
  script: `# Completion of policy-wrap for Bash 3.2 or later: source <(policy-wrap completions bash)
_policy_wrap() {
  COMPREPLY=()
  local kind='' line
  while IFS= read -r line; do
    if [ -z "$kind" ]; then kind=$line; else COMPREPLY[\${#COMPREPLY[@]}]=$line; fi
  done < <(command policy-wrap __complete bash -- "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  if type compopt >/dev/null 2>&1; then
    case $kind in
      files) compopt -o default ;;
      commands)
        compopt -o default
        while IFS= read -r line; do
          # What Bash would have to quote is left to it.
          case $line in *[!A-Za-z0-9_.+-]*) ;; *) COMPREPLY[\${#COMPREPLY[@]}]=$line ;; esac
        done < <(compgen -c -- "$2")
        ;;
    esac
  fi
}
if type compopt >/dev/null 2>&1; then
  complete -F _policy_wrap policy-wrap
else
  complete -o default -F _policy_wrap policy-wrap
fi
`,
  read([line = '', breaks = '']) {
    const { words, tail } = lexed(line, breaks);
    // What is set for this command alone stands in front of it.
    const name = words.findIndex((word) => !/^\w+=/.test(word));
    return {
      words: words.slice(name + 1),
      answer(completion) {
        if (completion.kind !== 'words') return `${completion.kind}\n`;
        const typed = words.at(-1) ?? '';
        const lines = completion.candidates
          .filter(({ text }) => text.startsWith(typed))
          .flatMap(({ text }) => inserted(text.slice(tail.before.length), tail.quote) ?? []);
        return `words\n${lines.map((each) => `${each}\n`).join('')}`;
      },
    };
  },
};

interface Tail {
  /** What of the last word stands before the part that Bash replaces, without quotes. */
  readonly before: string;
  /** The quote that is open at the cursor. */
  readonly quote: '' | '"' | "'";
}

/** Cuts a line into words as a POSIX shell does, expanding nothing. @param breaks where Bash begins a new part of a word */
function lexed(line: string, breaks: string): { readonly words: string[]; readonly tail: Tail } {
  const words: string[] = [];
  let word: string | undefined;
  let before = '';
  let quote: Tail['quote'] = '';
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (quote === "'") {
      if (character === "'") {
        quote = '';
        before = word ?? '';
      } else word += character;
    } else if (character === '\\' && at + 1 < line.length) {
      at += 1;
      const next = line.charAt(at);
      // Between double quotes it stands for itself before most characters.
      word = `${word ?? ''}${quote === '"' && !'$`"\\'.includes(next) ? character : ''}${next}`;
    } else if (quote === '"') {
      if (character === '"') {
        quote = '';
        before = word ?? '';
      } else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
      before = word;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      before = '';
    } else {
      word = `${word ?? ''}${character}`;
      if (breaks.includes(character)) before = word;
    }
  }
  words.push(word ?? '');
  return { words, tail: { before, quote } };
}

/** @returns a text as it has to stand on the command line; undefined where no quoting keeps it from being expanded */
function inserted(text: string, quote: Tail['quote']): string | undefined {
  if (quote === "'") return text.replaceAll("'", String.raw`'\''`);
  // An exclamation mark between double quotes is a line of the history, with a backslash too.
  if (quote === '"') return text.includes('!') ? undefined : text.replace(/[$`"\\]/g, '\\$&');
  return text.replace(/[^\w./:=@%+,\-\u0080-\u{10ffff}]/gu, '\\$&');
}
