/** What was done to a text so that it is a policy. */
export type PasteNote =
  /** It stood in a code block of Markdown. */
  | { readonly kind: 'fence' }
  /** This member was missing, and has this value now. */
  | { readonly kind: 'added'; readonly key: 'version' | 'default'; readonly value: string }
  /** Rules by the names of tools, which stand under `tools` now. */
  | { readonly kind: 'tools' }
  /** Lines of the predecessor's YAML: what could not be carried over, or means something else here. */
  | { readonly kind: 'import'; readonly text: string };

/** Something that a policy leaves to those it extends, or that they hold stricter than it does. */
export type Tightened =
  /** A setting: what this policy says by itself, and what holds. */
  | { readonly kind: 'setting'; readonly name: string; readonly own: string; readonly holds: string }
  /** A limit over all tools of an extended policy. */
  | { readonly kind: 'limit'; readonly layer: string; readonly text: string }
  /** Another rule over all tools. */
  | { readonly kind: 'rules'; readonly layer: string; readonly count: number }
  /** What stands there of a tool or pattern: `hides`, or an entry that judges its calls too. */
  | { readonly kind: 'hides' | 'judges'; readonly layer: string; readonly name: string }
  /** A tool of which no call can pass because of a layer, though this policy by itself would let some. */
  | { readonly kind: 'stops'; readonly layer: string; readonly name: string };
