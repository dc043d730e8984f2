import type { StreamParser } from '@codemirror/language';

interface State {
  isInBlock: boolean;
}

/** JSON with comments, for its colours alone. */
export const JSONC: StreamParser<State> = {
  name: 'jsonc',
  startState: () => ({ isInBlock: false }),
  token(stream, state) {
    if (state.isInBlock || stream.match('/*')) {
      state.isInBlock = !stream.match(/^.*?\*\//);
      if (state.isInBlock) stream.skipToEnd();
      return 'comment';
    }
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return stream.match(/^\s*:/, false) ? 'propertyName' : 'string';
    if (stream.match(/^-?\d[\d.eE+-]*/)) return 'number';
    if (stream.match(/^(?:true|false|null)\b/)) return 'atom';
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '//', block: { open: '/*', close: '*/' } } },
};
