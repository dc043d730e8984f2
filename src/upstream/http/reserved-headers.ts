/** Headers that carry the protocol or belong to the connection: ours alone. */
const RESERVED = new Set([
  ...['host', 'connection', 'content-length', 'content-type', 'transfer-encoding', 'upgrade', 'keep-alive'],
  ...['accept', 'accept-encoding', 'expect', 'te', 'trailer', 'last-event-id'],
  ...['mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name'],
]);

/** Whether a header cannot be set by a person, in any spelling. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name.toLowerCase());
}
