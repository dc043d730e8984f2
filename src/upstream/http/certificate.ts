import { connect } from 'node:tls';
import { guardedLookup, hostOf } from './address.js';
import { networkReason } from './http-client.js';

/** What a server shows of itself before anything is asked of it. */
export interface Certificate {
  /** UTC milliseconds. */
  readonly validTo: number;
  readonly issuer: string;
  /** Milliseconds to connect, TLS included. */
  readonly connectMs: number;
}

/** Milliseconds to connect. */
const TIMEOUT = 10_000;

/**
 * Connects to an https server, and takes its certificate only if a wrapper would: the name fits, it is valid now, and
 * whoever signed it is trusted here.
 *
 * @throws Error in words for people
 */
export function certificateOf(url: URL, allowPrivate: boolean): Promise<Certificate> {
  const host = hostOf(url);
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(host === url.hostname && !/^[\d.]+$/.test(host) && { servername: host }),
      lookup: guardedLookup(allowPrivate),
      timeout: TIMEOUT,
      ALPNProtocols: ['http/1.1'],
    });
    const fail = (error: unknown) => {
      socket.destroy();
      reject(new Error(networkReason(error, url.host), { cause: error }));
    };
    socket
      .once('error', fail)
      .once('timeout', () => fail(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
      .once('secureConnect', () => {
        const { valid_to: validTo, issuer } = socket.getPeerCertificate();
        socket.destroy();
        const signer = issuer?.O ?? issuer?.CN ?? 'nobody named';
        resolve({
          validTo: Date.parse(validTo),
          issuer: String(signer),
          connectMs: performance.now() - began,
        });
      });
  });
}
