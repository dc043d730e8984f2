type Crypto = typeof import('node:crypto');

let loaded: Crypto | undefined;

/**
 * `node:crypto`, loaded when it is first asked for: that takes longer than all that is done before a server is started,
 * and is not needed before it has booted.
 */
export function crypto(): Crypto {
  loaded ??= process.getBuiltinModule('node:crypto');
  return loaded;
}

/** @returns the SHA-256 of a text's UTF-8 bytes */
export function sha256(text: string, encoding: 'hex' | 'base64url' = 'hex'): string {
  return crypto().createHash('sha256').update(text).digest(encoding);
}
