/**
 * The schema `policy_wrap` of a shared store: tables, one file; functions beside it, a file for each part. A released
 * step is never edited: a new one is added to `migrations.ts`, and a function that changes gets the next version in its
 * name, so that old and new wrappers live together.
 * Imports nothing. Never here: TypeScript that runs.
 */

/**
 * `team` is in every key. Instants are UTC milliseconds by the engine's clock. No login reads or writes a table: they
 * may only execute functions, which run as their owner and go by `session_user`.
 *
 * What a login says of its own calls is read by others, on terminals and in programs: the checks of each table hold it
 * to what wrappers say, of a length that can be read.
 */
export const TABLES = /* sql */ `
CREATE TABLE policy_wrap.teams (
  team text COLLATE "C" PRIMARY KEY,
  -- Named anew when an owner accepts that history was lost.
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  made_at bigint NOT NULL,
  -- Rows of the log up to this one were removed because they are old.
  tidied bigint NOT NULL DEFAULT 0,
  -- Counters that had nothing left at this time were removed: no call is judged by an earlier one.
  clock bigint NOT NULL DEFAULT 0,
  keeps_ms bigint NOT NULL DEFAULT 90 * 86400000::bigint CHECK (keeps_ms >= 32 * 86400000::bigint)
);

-- Earlier epochs whose end an owner has accepted.
CREATE TABLE policy_wrap.epochs (
  team text COLLATE "C" NOT NULL,
  epoch uuid NOT NULL,
  ended_at bigint NOT NULL,
  who text NOT NULL,
  PRIMARY KEY (team, epoch)
);

-- Machines that were told of calls which are not here: the newest that each knew, as it sends it.
CREATE TABLE policy_wrap.losses (
  team text COLLATE "C" NOT NULL,
  who text COLLATE "C" NOT NULL,
  host text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  mark jsonb NOT NULL,
  PRIMARY KEY (team, who, host)
);

CREATE TABLE policy_wrap.members (
  team text COLLATE "C" NOT NULL,
  login text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL CHECK (role IN ('wrapper', 'approver', 'auditor', 'owner')),
  PRIMARY KEY (team, login, role)
);

CREATE TABLE policy_wrap.sessions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  team text COLLATE "C" NOT NULL,
  uid text COLLATE "C" NOT NULL,
  who text NOT NULL,
  host text NOT NULL,
  machine text NOT NULL,
  server text NOT NULL,
  grant_name text NOT NULL,
  pid integer NOT NULL,
  observe boolean NOT NULL,
  policy text,
  policy_source text,
  policy_problem text,
  client_name text,
  client_version text,
  started_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  ended_at bigint,
  CHECK (octet_length(uid) <= 200 AND octet_length(machine) <= 200 AND octet_length(server) <= 8192
    AND octet_length(grant_name) <= 8192 AND octet_length(policy) <= 200 AND octet_length(client_name) <= 8192
    AND octet_length(client_version) <= 8192),
  UNIQUE (team, uid)
) WITH (fillfactor = 50);

-- Room for new versions of a row beside the old one: a hot counter is written with every call.
CREATE TABLE policy_wrap.counters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  team text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  name text NOT NULL,
  scope text NOT NULL,
  server text,
  grant_name text,
  machine text,
  session text,
  split text NOT NULL,
  window_ms bigint NOT NULL,
  unit text,
  timezone text,
  observe boolean NOT NULL,
  max numeric NOT NULL,
  -- Not less than the time of any charge, and it never runs back.
  clock bigint NOT NULL,
  -- The sum of its rows in charges, those that have expired and are still there included.
  used numeric NOT NULL DEFAULT 0,
  -- Not more than the time of any charge; null without one.
  oldest bigint,
  -- Of a calendar: what charges before this time add up to that are still there.
  period bigint,
  before numeric,
  CHECK (scope IN ('team', 'machine', 'grant', 'session') AND max BETWEEN 0 AND 1e600 AND scale(max) <= 600
    AND octet_length(name) <= 8192 AND octet_length(server) <= 8192 AND octet_length(grant_name) <= 8192
    AND octet_length(split) <= 65536),
  UNIQUE (team, key)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE policy_wrap.charges (
  counter bigint NOT NULL,
  at bigint NOT NULL,
  decision bigint NOT NULL,
  part smallint NOT NULL,
  amount numeric NOT NULL,
  PRIMARY KEY (counter, at, decision, part)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- Tools that were ever forwarded: rules over several tools are compared with these names by the wrappers.
CREATE TABLE policy_wrap.tools (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  team text COLLATE "C" NOT NULL,
  server text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  UNIQUE (team, server, name)
);

CREATE TABLE policy_wrap.decisions (
  team text COLLATE "C" NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  at bigint NOT NULL,
  batch uuid NOT NULL,
  session bigint NOT NULL,
  -- Of a call that was forwarded.
  called bigint,
  tool text NOT NULL,
  decision text NOT NULL,
  code text,
  rule text,
  policy text,
  arguments text NOT NULL,
  request text,
  approval text,
  -- [[counter, at, amount as text, refund], ...]
  charges jsonb,
  -- Which settings of refund stand in charges: 1 never, 2 on_error, 4 on_success.
  refunds smallint NOT NULL DEFAULT 0,
  outcome text,
  latency_ms integer,
  CHECK (decision IN ('allow', 'deny', 'ask', 'hide') AND code ~ '^[A-Z_]{1,40}$'
    AND outcome IN ('ok', 'tool_error', 'error', 'unanswered', 'cancelled', 'not_sent')
    AND octet_length(tool) <= 4096 AND octet_length(rule) <= 16384 AND octet_length(arguments) <= 400000
    AND octet_length(request) <= 4096 AND octet_length(policy) <= 200),
  PRIMARY KEY (team, id)
) WITH (fillfactor = 85);
CREATE INDEX decisions_called ON policy_wrap.decisions (called, at) WHERE called IS NOT NULL;
CREATE INDEX decisions_session ON policy_wrap.decisions (session, id);

-- Requests that were seen: one whose answer was lost is given back once, and refused if it comes later.
CREATE TABLE policy_wrap.batches (
  team text COLLATE "C" NOT NULL,
  id uuid NOT NULL,
  at bigint NOT NULL,
  session bigint NOT NULL,
  first bigint,
  last bigint,
  PRIMARY KEY (team, id)
);
CREATE INDEX batches_at ON policy_wrap.batches (at);

CREATE TABLE policy_wrap.approvals (
  team text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  who text NOT NULL,
  host text NOT NULL,
  server text NOT NULL,
  grant_name text NOT NULL,
  tool text NOT NULL,
  arguments_hash text NOT NULL,
  policy text NOT NULL,
  arguments text NOT NULL,
  rule text NOT NULL,
  reason text NOT NULL,
  severe boolean NOT NULL,
  session text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'consumed', 'expired')),
  asked_at bigint NOT NULL,
  keeps_ms bigint NOT NULL,
  expires_at bigint NOT NULL,
  channels text,
  kept text NOT NULL,
  kept_reason text NOT NULL,
  looked_at text,
  decided_at bigint,
  decided_by text,
  decided_who text,
  note text,
  CHECK (id ~ '^[a-z0-9]{4,40}$' AND keeps_ms BETWEEN 1 AND 2678400000 AND octet_length(rule) <= 16384
    AND octet_length(reason) <= 65536 AND octet_length(kept) <= 400000 AND octet_length(kept_reason) <= 65536
    AND octet_length(looked_at) <= 1000000 AND octet_length(policy) <= 200 AND octet_length(arguments_hash) <= 200
    AND channels IN ('client', 'queue', 'client,queue', 'queue,client')),
  PRIMARY KEY (team, id)
) WITH (fillfactor = 70);
CREATE INDEX approvals_open ON policy_wrap.approvals (team, server, grant_name, arguments_hash)
  WHERE state IN ('pending', 'approved', 'rejected');
-- One question for one call, also where two machines ask at once.
CREATE UNIQUE INDEX approvals_asked ON policy_wrap.approvals
  (team, who, arguments_hash, policy, md5(server || ' ' || grant_name || ' ' || tool)) WHERE state = 'pending';

CREATE TABLE policy_wrap.budgets (
  team text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  who text NOT NULL,
  server text NOT NULL,
  grant_name text NOT NULL,
  tool text NOT NULL,
  policy text NOT NULL,
  calls_left integer NOT NULL,
  expires_at bigint NOT NULL,
  bound_path text,
  bound_max numeric,
  made_at bigint NOT NULL,
  made_by text NOT NULL,
  made_who text NOT NULL,
  PRIMARY KEY (team, id)
);

-- An empty server stands for all of them.
CREATE TABLE policy_wrap.pauses (
  team text COLLATE "C" NOT NULL,
  server text COLLATE "C" NOT NULL,
  since bigint NOT NULL,
  note text,
  who text NOT NULL,
  CHECK (octet_length(server) <= 8192),
  PRIMARY KEY (team, server)
);

CREATE TABLE policy_wrap.events (
  team text COLLATE "C" NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  at bigint NOT NULL,
  who text NOT NULL,
  host text NOT NULL,
  -- cli, client, or wrapper for what no person did.
  channel text NOT NULL,
  kind text NOT NULL,
  detail jsonb NOT NULL,
  PRIMARY KEY (team, id)
);
`;
