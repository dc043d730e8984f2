import { stack } from '../policy/evaluate/layers.js';
import { couldPass, resolveEntry } from '../policy/evaluate/resolve.js';
import type { Policy } from '../policy/model.js';
import type { Tightened } from './told.js';

/** Names that are listed for each layer at most. */
const MOST = 200;

/**
 * What a policy's layers make stricter.
 *
 * @param tools names of tools of the server, as far as they are known
 */
export function tightenedBy(
  own: Policy,
  extended: readonly Policy[],
  tools: readonly string[],
): readonly Tightened[] {
  const found: Tightened[] = [];
  const alone = settingsOf(own, []);
  const together = settingsOf(own, extended);
  for (const [name, holds] of Object.entries(together))
    if (alone[name] !== holds) found.push({ kind: 'setting', name, own: alone[name] ?? '', holds });
  for (const policy of extended) {
    const layer = policy.source;
    const { limits, require, denyIf, approveIf, demands, declared } = policy.allTools;
    for (const { max, windowText, counter } of limits)
      found.push({ kind: 'limit', layer, text: `${max} per ${windowText} (${counter})` });
    const count =
      require.length + denyIf.length + approveIf.length + (demands?.length ?? 0) + (declared ? 1 : 0);
    if (count > 0) found.push({ kind: 'rules', layer, count });
    for (const { text } of policy.hide.slice(0, MOST)) found.push({ kind: 'hides', layer, name: text });
    const entries = [...policy.tools.values(), ...policy.patterns].slice(0, MOST);
    for (const { name, hidden } of entries)
      found.push({ kind: hidden ? 'hides' : 'judges', layer, name: name.text });
    const stopped = [...new Set(tools)].filter(
      (tool) => couldPass(own, resolveEntry(own, tool)) && !couldPass(policy, resolveEntry(policy, tool)),
    );
    for (const name of stopped.slice(0, MOST)) found.push({ kind: 'stops', layer, name });
  }
  return found;
}

/** The settings of which the strictest layer's holds (docs/policy.md, "Layers"), as the file would say them. */
function settingsOf(own: Policy, extended: readonly Policy[]): Readonly<Record<string, string>> {
  const { pin, newTools, onSuspicious, auditArguments, approvals, all } = stack(own, extended);
  return {
    pin,
    new_tools: newTools,
    on_suspicious: onSuspicious,
    list: all.some(({ list }) => list === 'callable') ? 'callable' : 'all',
    'audit.arguments': auditArguments,
    'approvals.wait': `${approvals.waitMs / 1000}s`,
    'approvals.expires': `${approvals.expiresMs / 1000}s`,
    'approvals.channels': approvals.channels.join(', '),
    'approvals.except': approvals.except.map(({ text }) => text).join(', '),
  };
}
