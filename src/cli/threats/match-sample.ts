/**
 * A short text that a regular expression of a policy matches, so that an attack can show the policy what it looks for.
 * It goes by the pattern's own letters; what it does not understand it leaves out, so that callers try the result.
 *
 * @param pattern RE2, as policies have it
 */
export function matchSample(pattern: string): string {
  return new Reader(pattern.slice(0, MAX_PATTERN)).alternatives(0);
}

const MAX_PATTERN = 2000;
const MAX_DEPTH = 20;
const CLASSES: Readonly<Record<string, string>> = {
  d: '1',
  D: 'a',
  w: 'a',
  W: ' ',
  s: ' ',
  S: 'a',
  n: '\n',
  t: '\t',
};
/** Tried for a class that says what it is not. */
const TRIED = 'a1 .-_/@x';

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first of several, to the end of the group. */
  alternatives(depth: number): string {
    let first: string | undefined;
    for (;;) {
      const branch = this.#branch(depth);
      first ??= branch;
      if (this.#peek() !== '|') return first;
      this.#at += 1;
    }
  }

  #branch(depth: number): string {
    let text = '';
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const atom = this.#atom(depth);
      text += atom.repeat(this.#least());
    }
    return text;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #atom(depth: number): string {
    const letter = this.#peek();
    this.#at += 1;
    switch (letter) {
      case '^':
      case '$':
        return '';
      case '.':
        return 'a';
      case '\\':
        return this.#escaped();
      case '[':
        return this.#class();
      case '(': {
        if (depth > MAX_DEPTH) return '';
        const flags = /^\?(?:P?<\w+>|[a-zA-Z-]*:)/.exec(this.#text.slice(this.#at))?.[0];
        const whole = /^\?[a-zA-Z-]+\)/.exec(this.#text.slice(this.#at))?.[0];
        this.#at += (whole ?? flags ?? '').length;
        if (whole !== undefined) return '';
        const inner = this.alternatives(depth + 1);
        if (this.#peek() === ')') this.#at += 1;
        return inner;
      }
      default:
        return letter;
    }
  }

  #escaped(): string {
    const letter = this.#peek();
    this.#at += 1;
    if (/[bBAzZ]/.test(letter)) return '';
    return CLASSES[letter] ?? letter;
  }

  #class(): string {
    const end = /^\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += end.length;
    const inner = end.slice(0, -1);
    if (!inner.startsWith('^')) {
      if (inner.startsWith('[:')) return 'a';
      return inner.startsWith('\\') ? (CLASSES[inner[1] ?? ''] ?? inner[1] ?? '') : (inner[0] ?? '');
    }
    return [...TRIED].find((letter) => !inner.includes(letter) && !/a-z|\\w/.test(inner)) ?? '\n';
  }

  /** How often at least what stands before it comes. */
  #least(): number {
    const found = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})[?+]?/.exec(this.#text.slice(this.#at));
    if (!found) return 1;
    this.#at += found[0].length;
    if (found[1] !== undefined) return Math.min(50, Number(found[1]));
    return found[0].startsWith('+') ? 1 : 0;
  }
}
