import type { Source } from './threat.js';

const SAFE = 'https://github.com/safe-agentic-framework/safe-mcp/blob/main';
const TOP_10 = 'https://owasp.org/www-project-mcp-top-10';
const MATRIX = 'https://atlas.mitre.org/techniques/';

/** A technique of SAFE-MCP that has a page of its own there, by id and name. */
export const safeMcp = (id: string, name: string): Source => ({
  name: `SAFE-MCP ${id}, ${name}`,
  url: `${SAFE}/techniques/${id}/README.md`,
});

/** One that is a row of its table alone, as of May 2026. */
export const safeMcpRow = (id: string, name: string): Source => ({
  name: `SAFE-MCP ${id}, ${name} (in the table of techniques)`,
  url: `${SAFE}/README.md`,
});

/** The pages of the OWASP MCP Top 10, 2025, by id; in version 0.1, MCP06 was "Prompt Injection via Contextual Payloads". */
const OWASP = {
  MCP01: ['Token Mismanagement & Secret Exposure', 'MCP01-2025-Token-Mismanagement-and-Secret-Exposure'],
  MCP03: ['Tool Poisoning', 'MCP03-2025–Tool-Poisoning'],
  MCP04: [
    'Software Supply Chain Attacks & Dependency Tampering',
    'MCP04-2025–Software-Supply-Chain-Attacks&Dependency-Tampering',
  ],
  MCP05: ['Command Injection & Execution', 'MCP05-2025–Command-Injection&Execution'],
  MCP06: ['Intent Flow Subversion', 'MCP06-2025–Intent-Flow-Subversion'],
} as const;

export const owasp = (id: keyof typeof OWASP, part = ''): Source => {
  const [name, page] = OWASP[id];
  return { name: `OWASP ${id}:2025, ${name}${part}`, url: `${TOP_10}/2025/${encodeURI(page)}` };
};

export const atlas = (id: string, name: string): Source => ({
  name: `MITRE ATLAS ${id}, ${name}`,
  url: `${MATRIX}${id}`,
});

export const cve = (id: string, what: string): Source => ({
  name: `${id}, ${what}`,
  url: `https://nvd.nist.gov/vuln/detail/${id}`,
});
