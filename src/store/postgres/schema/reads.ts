/**
 * What people and wrappers look at. A wrapper's login sees counters, pauses and sessions of the team, and of approvals,
 * rows and events its own.
 */
export const READS = /* sql */ `
CREATE FUNCTION policy_wrap.sees_all_v1(v_team text) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM policy_wrap.need_role_v1(v_team, ARRAY['wrapper', 'approver', 'auditor', 'owner']);
  RETURN policy_wrap.has_role_v1(v_team, ARRAY['approver', 'auditor', 'owner']);
END $$;

-- Counters with what they hold; v_starts has the periods of calendars, which are computed by the client: by unit and
-- timezone their start and end.
CREATE FUNCTION policy_wrap.holds_v1(v_row policy_wrap.counters, v_now bigint, v_starts jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_clock constant bigint := greatest(v_now, v_row.clock);
  v_period constant jsonb := v_starts->(v_row.unit || ' ' || v_row.timezone);
  v_cutoff constant bigint := CASE WHEN v_row.unit IS NULL THEN v_clock - v_row.window_ms
    ELSE coalesce((v_period->>0)::bigint, v_clock - v_row.window_ms) - 1 END;
  v_used numeric;
  v_frees bigint;
BEGIN
  SELECT coalesce(sum(amount), 0) INTO v_used FROM policy_wrap.charges WHERE counter = v_row.id AND at > v_cutoff;
  IF v_used >= v_row.max THEN
    IF v_row.unit IS NOT NULL THEN v_frees := (v_period->>1)::bigint;
    ELSE
      SELECT w.at + v_row.window_ms INTO v_frees FROM (
        SELECT at, decision, part, sum(amount) OVER (ORDER BY at, decision, part) AS freed
        FROM policy_wrap.charges WHERE counter = v_row.id AND at > v_cutoff
      ) w WHERE v_used - w.freed < v_row.max ORDER BY w.at, w.decision, w.part LIMIT 1;
    END IF;
  END IF;
  RETURN jsonb_build_object('id', v_row.id, 'name', v_row.name, 'scope', v_row.scope, 'server', v_row.server,
    'grant', v_row.grant_name, 'session', v_row.session, 'split', v_row.split, 'windowMs', v_row.window_ms,
    'unit', v_row.unit, 'timezone', v_row.timezone, 'observe', v_row.observe, 'used', trim_scale(v_used)::text,
    'max', trim_scale(v_row.max)::text, 'freesAt', v_frees, 'aheadMs', v_clock - v_now);
END $$;

CREATE FUNCTION policy_wrap.matches_v1(v_row policy_wrap.counters, v_filter jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (v_filter->>'id' IS NULL OR v_row.id = (v_filter->>'id')::bigint)
    AND (v_filter->>'name' IS NULL OR v_row.name = v_filter->>'name')
    AND (v_filter->>'server' IS NULL OR v_row.server = v_filter->>'server')
    AND (v_filter->>'grant' IS NULL OR v_row.grant_name = v_filter->>'grant')
    AND (v_filter->>'ofServer' IS NULL OR v_row.server IS NULL OR v_row.server = v_filter->>'ofServer')
    AND (v_filter->>'split' IS NULL OR v_row.split = v_filter->>'split')
    AND (v_filter->>'observe' IS NULL OR v_row.observe = (v_filter->>'observe')::boolean)
$$;

-- The engine's time, and which calendars its counters go by.
CREATE FUNCTION policy_wrap.calendars_v1(v_team text) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM policy_wrap.sees_all_v1(v_team);
  RETURN jsonb_build_object('now', policy_wrap.now_v1(), 'calendars', (
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(unit, timezone)), '[]') FROM policy_wrap.counters
    WHERE team = v_team AND unit IS NOT NULL));
END $$;

-- v_order: 'name', or 'fullest' for the fullest first. A split limit may have any number of counters, and what one
-- holds is a sum over its charges: of the fullest it is made for those alone whose row says that they could be among
-- them. A row's used is never less than what is held; nothing is where all of its charges have expired.
CREATE FUNCTION policy_wrap.counters_v1(v_team text, v_filter jsonb, v_starts jsonb, v_order text, v_limit bigint)
RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now constant bigint := policy_wrap.now_v1();
BEGIN
  PERFORM policy_wrap.sees_all_v1(v_team);
  RETURN (
    WITH candidates AS MATERIALIZED (
      SELECT c, count(*) OVER () AS total
      FROM policy_wrap.counters c
      WHERE c.team = v_team AND policy_wrap.matches_v1(c, v_filter)
      ORDER BY
        CASE WHEN v_order = 'fullest' THEN CASE WHEN c.max = 0 THEN -1
          WHEN c.oldest IS NULL OR c.clock <= CASE WHEN c.unit IS NULL THEN v_now - c.window_ms
            ELSE (v_starts->(c.unit || ' ' || c.timezone)->>0)::bigint - 1 END THEN 0
          ELSE -c.used / c.max END END,
        CASE WHEN v_order = 'name' THEN c.name COLLATE "C" END, c.id
      LIMIT CASE WHEN v_order = 'fullest' AND v_limit IS NOT NULL THEN greatest(5 * v_limit, 1000) ELSE v_limit END
    ), added_up AS MATERIALIZED (
      SELECT n.c, n.total, policy_wrap.holds_v1(n.c, v_now, v_starts) AS held FROM candidates n
    )
    SELECT jsonb_build_object('total', coalesce(max(x.total), 0), 'counters', coalesce(
      jsonb_agg(x.held ORDER BY x.place) FILTER (WHERE v_limit IS NULL OR x.place <= v_limit), '[]'))
    FROM (
      SELECT a.total, a.held, row_number() OVER (ORDER BY
        CASE WHEN v_order = 'fullest' THEN CASE WHEN (a.held->>'max')::numeric > 0
          THEN -(a.held->>'used')::numeric / (a.held->>'max')::numeric ELSE -1 END END,
        CASE WHEN v_order = 'name' THEN (a.c).name COLLATE "C" END, (a.c).id) AS place
      FROM added_up a
    ) x);
END $$;

CREATE FUNCTION policy_wrap.counter_names_v1(v_team text, v_limit bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM policy_wrap.sees_all_v1(v_team);
  RETURN (SELECT coalesce(jsonb_agg(n.name), '[]') FROM (SELECT DISTINCT name FROM policy_wrap.counters
    WHERE team = v_team ORDER BY name LIMIT v_limit) n);
END $$;

-- Up to when who follows sees everything: numbers are given out before they can be seen, so that one may come after a
-- higher one. While anybody is writing, what is younger than requests may take waits.
CREATE FUNCTION policy_wrap.complete_v1() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN pg_snapshot_xmin(s) = pg_snapshot_xmax(s) THEN 9223372036854775807 ELSE policy_wrap.now_v1() - 3000 END
  FROM pg_current_snapshot() s
$$;

-- The newest rows, or with afterId the next: each way by the key, since a log may have a million.
CREATE FUNCTION policy_wrap.log_v1(v_team text, v_filter jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_all constant boolean := policy_wrap.sees_all_v1(v_team);
  v_until constant bigint := CASE WHEN (v_filter->>'follows')::boolean THEN policy_wrap.complete_v1() END;
  v_rows jsonb;
BEGIN
  EXECUTE $query$
    SELECT coalesce(jsonb_agg(x.entry ORDER BY x.id), '[]') FROM (
      SELECT d.id, jsonb_build_object('auditId', d.id::text, 'at', d.at, 'tool', d.tool, 'decision', d.decision,
        'code', d.code, 'rule', d.rule, 'arguments', d.arguments, 'requestId', d.request, 'approval', d.approval,
        'outcome', d.outcome, 'latencyMs', d.latency_ms, 'policyHash', d.policy, 'observe', s.observe,
        'server', s.server, 'grant', s.grant_name, 'session', s.uid, 'pid', s.pid, 'clientName', s.client_name,
        'clientVersion', s.client_version, 'who', s.who, 'host', s.host) AS entry
      FROM policy_wrap.decisions d JOIN policy_wrap.sessions s ON s.id = d.session
      WHERE d.team = $1 AND d.id > coalesce(($2->>'afterId')::bigint, 0) AND ($3 OR s.who = session_user)
        AND ($2->>'machine' IS NULL OR s.who = session_user AND s.machine = $2->>'machine')
        AND (NOT coalesce(($2->>'denied')::boolean, false) OR d.decision <> 'allow')
        AND ($2->>'tool' IS NULL OR d.tool = $2->>'tool') AND ($2->>'server' IS NULL OR s.server = $2->>'server')
        AND ($2->>'since' IS NULL OR d.at >= ($2->>'since')::bigint) AND ($4 IS NULL OR d.at <= $4)
      ORDER BY d.id $query$ || CASE WHEN v_filter->>'afterId' IS NULL THEN 'DESC' ELSE 'ASC' END || $query$
      LIMIT ($2->>'limit')::bigint
    ) x $query$ INTO v_rows USING v_team, v_filter, v_all, v_until;
  RETURN v_rows;
END $$;

CREATE FUNCTION policy_wrap.events_v1(v_team text, v_filter jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_all constant boolean := policy_wrap.sees_all_v1(v_team);
  v_until constant bigint := CASE WHEN (v_filter->>'follows')::boolean THEN policy_wrap.complete_v1() END;
  v_rows jsonb;
BEGIN
  EXECUTE $query$
    SELECT coalesce(jsonb_agg(x.entry ORDER BY x.id), '[]') FROM (
      SELECT e.id, jsonb_build_object('id', e.id::text, 'at', e.at, 'who', e.who, 'host', e.host, 'by', e.channel,
        'kind', e.kind, 'detail', e.detail) AS entry
      FROM policy_wrap.events e
      WHERE e.team = $1 AND e.id > coalesce(($2->>'afterId')::bigint, 0) AND ($3 OR e.who = session_user)
        AND ($2->>'since' IS NULL OR e.at >= ($2->>'since')::bigint) AND ($4 IS NULL OR e.at <= $4)
      ORDER BY e.id $query$ || CASE WHEN v_filter->>'afterId' IS NULL THEN 'DESC' ELSE 'ASC' END || $query$
      LIMIT ($2->>'limit')::bigint
    ) x $query$ INTO v_rows USING v_team, v_filter, v_all, v_until;
  RETURN v_rows;
END $$;

CREATE FUNCTION policy_wrap.sessions_v1(v_team text, v_machine text) RETURNS jsonb LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now constant bigint := policy_wrap.now_v1();
BEGIN
  PERFORM policy_wrap.sees_all_v1(v_team);
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', s.uid, 'server', s.server, 'grant', s.grant_name, 'pid', s.pid,
      'observe', s.observe, 'policyHash', s.policy, 'policySource', s.policy_source,
      'policyProblem', s.policy_problem, 'clientName', s.client_name, 'clientVersion', s.client_version,
      'startedAt', s.started_at, 'seenAt', s.seen_at, 'endedAt', s.ended_at,
      'live', s.ended_at IS NULL AND s.seen_at > v_now - 120000, 'who', s.who, 'host', s.host) ORDER BY s.id DESC), '[]')
    -- Those of months, and those that somebody makes up, are more than anybody reads.
    FROM (SELECT * FROM policy_wrap.sessions t
      WHERE t.team = v_team AND (v_machine IS NULL OR t.who = session_user AND t.machine = v_machine)
      ORDER BY t.id DESC LIMIT 5000) s);
END $$;

CREATE FUNCTION policy_wrap.approvals_v1(v_team text, v_filter jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_all constant boolean := policy_wrap.sees_all_v1(v_team);
  v_now constant bigint := policy_wrap.now_v1();
  v_kept constant boolean := coalesce((v_filter->>'all')::boolean, false);
BEGIN
  RETURN jsonb_build_object('now', v_now, 'approvals', (
    SELECT coalesce(jsonb_agg(policy_wrap.approval_v1(a, v_now) ORDER BY a.asked_at, a.id), '[]')
    FROM policy_wrap.approvals a
    WHERE a.team = v_team AND (v_all OR a.who = session_user)
      AND (v_filter->>'id' IS NULL OR a.id = v_filter->>'id')
      AND (v_filter->>'host' IS NULL OR a.who = session_user AND a.host = v_filter->>'host')
      AND (v_kept OR a.state = 'pending' AND a.expires_at > v_now)));
END $$;

CREATE FUNCTION policy_wrap.standing_v1(v_team text) RETURNS jsonb LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_all constant boolean := policy_wrap.sees_all_v1(v_team);
  v_now constant bigint := policy_wrap.now_v1();
BEGIN
  RETURN jsonb_build_object(
    'pauses', (SELECT coalesce(jsonb_agg(jsonb_build_object('server', nullif(server, ''), 'since', since, 'note', note,
      'who', who) ORDER BY server), '[]') FROM policy_wrap.pauses WHERE team = v_team),
    'budgets', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'server', b.server, 'grant', b.grant_name,
        'tool', b.tool, 'policyHash', b.policy, 'callsLeft', b.calls_left, 'expiresAt', b.expires_at,
        'path', b.bound_path, 'max', trim_scale(b.bound_max)::text, 'madeAt', b.made_at, 'madeBy', b.made_by,
        'who', b.who) ORDER BY b.expires_at, b.id), '[]')
      FROM policy_wrap.budgets b WHERE b.team = v_team AND b.calls_left > 0 AND b.expires_at > v_now
        AND (v_all OR b.who = session_user)),
    'members', (SELECT coalesce(jsonb_agg(jsonb_build_object('login', m.login, 'roles', m.roles) ORDER BY m.login), '[]')
      FROM (SELECT login, array_agg(role ORDER BY role) AS roles FROM policy_wrap.members WHERE team = v_team
        GROUP BY login) m));
END $$;
`;
