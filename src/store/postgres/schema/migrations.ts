import { ADMIT } from './admit.js';
import { CHANGES } from './changes.js';
import { CONSENT } from './consent.js';
import { ENTER } from './enter.js';
import { HISTORY } from './history.js';
import { MEMBERS, RIGHTS } from './members.js';
import { PARTS } from './parts.js';
import { READS } from './reads.js';
import { TABLES } from './tables.js';

const META = /* sql */ `
CREATE SCHEMA policy_wrap;
CREATE TABLE policy_wrap.meta (version integer NOT NULL);
INSERT INTO policy_wrap.meta VALUES (0);
`;

/** Each is one version of the schema. */
export const MIGRATIONS: readonly string[] = [
  [META, TABLES, PARTS, HISTORY, CONSENT, ENTER, ADMIT, MEMBERS, READS, CHANGES].join('\n'),
];

/** Anew after every step: what a role may execute, and nothing for anybody else. */
export const CLOSED = /* sql */ `
REVOKE ALL ON SCHEMA policy_wrap FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA policy_wrap FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA policy_wrap FROM PUBLIC;
DELETE FROM policy_wrap.rights;
INSERT INTO policy_wrap.rights (role, signature) VALUES
${Object.entries(RIGHTS)
  .flatMap(([signature, roles]) => roles.map((role) => `  ('${role}', '${signature}')`))
  .join(',\n')};
SELECT policy_wrap.execute_v1(login) FROM policy_wrap.members GROUP BY login;
`;
