import type { Source } from './threat.js';

const SAFE = 'https://github.com/safe-agentic-framework/safe-mcp';
const TOP_10 = 'https://owasp.org/www-project-mcp-top-10/';
const MATRIX = 'https://atlas.mitre.org/techniques/';

/** A technique of SAFE-MCP, by id and name. */
export const safeMcp = (id: string, name: string): Source => ({ name: `SAFE-MCP ${id}, ${name}`, url: SAFE });

/** A row of the OWASP MCP Top 10, as of its beta in 2026. */
export const owasp = (id: string, name: string): Source => ({ name: `OWASP ${id}, ${name}`, url: TOP_10 });

export const atlas = (id: string, name: string): Source => ({
  name: `MITRE ATLAS ${id}, ${name}`,
  url: `${MATRIX}${id}`,
});

export const cve = (id: string, what: string): Source => ({
  name: `${id}, ${what}`,
  url: `https://nvd.nist.gov/vuln/detail/${id}`,
});
