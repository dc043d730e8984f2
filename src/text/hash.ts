type Crypto = typeof import('node:crypto');

let loaded: Crypto | undefined;

/**
 * `node:crypto`, loaded when it is first asked for: loading takes longer than everything else that happens before the
 * server is started.
 */
export function crypto(): Crypto {
  loaded ??= process.getBuiltinModule('node:crypto');
  return loaded;
}

/** @returns the SHA-256 of a text's UTF-8 bytes */
export function sha256(text: string, encoding: 'hex' | 'base64url' = 'hex'): string {
  return crypto().createHash('sha256').update(text).digest(encoding);
}
