import { PROMPT } from '../policy/sections.js';
import {
  errorLine,
  unknownMethodLine,
  unknownPromptLine,
  unknownResourceLine,
  unknownToolLine,
} from '../wire/answers.js';
import type { JudgedCall } from '../wire/message.js';

/** The answer to a call of what is hidden: as if it did not exist (G6). */
export function hiddenLine(call: JudgedCall): string {
  const { id, era, name, section, args } = call;
  switch (section) {
    case undefined:
      return unknownToolLine(id, name);
    case 'prompts':
      return unknownPromptLine(id, name.slice(PROMPT.length));
    case 'resources':
      return unknownResourceLine(id, era, String(args.values.uri));
    case 'serverRequests':
      // In 2026-07-28 the client waits for an answer to something else.
      return era === 'modern'
        ? errorLine(id, -32603, `The server asked for ${name}, which it may not.`)
        : unknownMethodLine(id);
  }
}
