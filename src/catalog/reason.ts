/** Why a tool is taken for what it is: a code with its facts, of which each language makes words. */
export type Reason =
  /** A word of the name, or of the description, with the one that gives it this meaning. */
  | {
      readonly code: 'word';
      readonly from: 'name' | 'description';
      readonly word: string;
      readonly of?: string;
    }
  | { readonly code: 'program'; readonly word: string }
  | { readonly code: 'argument' | 'argument_run'; readonly name: string }
  | { readonly code: 'argument_value'; readonly name: string; readonly value: string }
  | { readonly code: 'any_request' | 'nothing' }
  | { readonly code: 'with_argument'; readonly basis: Reason; readonly name: string }
  /** What the server says of it: `is` tells whether nothing else is known, or that it says no. */
  | {
      readonly code: 'annotation';
      readonly name: 'readOnlyHint' | 'destructiveHint';
      readonly is: 'alone' | 'yes' | 'no';
    }
  | { readonly code: 'secrets'; readonly basis: Reason; readonly word: string };

/** In English: `name: "create" of "invoice"`. */
export function reasonText(reason: Reason): string {
  switch (reason.code) {
    case 'word':
      return `${reason.from}: "${reason.word}"${reason.of === undefined ? '' : ` of "${reason.of}"`}`;
    case 'program':
      return `name: "${reason.word}", a program`;
    case 'argument':
      return `argument "${reason.name}"`;
    case 'argument_run':
      return `argument "${reason.name}" is run`;
    case 'argument_value':
      return `argument "${reason.name}" may be "${reason.value}"`;
    case 'any_request':
      return 'argument "method" of a request to any address';
    case 'nothing':
      return 'nothing known in name, description or arguments';
    case 'with_argument':
      return `${reasonText(reason.basis)} with argument "${reason.name}"`;
    case 'annotation': {
      const rest = { alone: ', and nothing else is known', yes: '', no: ' is false' }[reason.is];
      return `annotation ${reason.name}${rest}`;
    }
    case 'secrets':
      return `${reasonText(reason.basis)}, and it gives out secrets: "${reason.word}"`;
  }
}
