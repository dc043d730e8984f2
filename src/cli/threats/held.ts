import type { ServerTools } from '../../catalog/threats/threat.js';
import type { Layers } from '../../policy/evaluate/layers.js';

/** A server with the policy that holds it. */
export interface Held extends ServerTools {
  /** `none`: a wrapper without one, which refuses every call; `unwrapped`: nothing decides. */
  readonly policy: Layers | 'none' | 'unwrapped';
  /** The policy's own file as JSON, without what it extends: what a fragment is pasted into. */
  readonly document?: Readonly<Record<string, unknown>> | undefined;
}
