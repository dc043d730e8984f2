/** What `admit_v1` is made of. Only the schema's owner may execute these; they run inside its transaction. */
export const PARTS = /* sql */ `
CREATE FUNCTION policy_wrap.now_v1() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

CREATE FUNCTION policy_wrap.has_role_v1(v_team text, v_roles text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM policy_wrap.members
    WHERE team = v_team AND login = session_user AND role = ANY (v_roles))
$$;

-- Raises what the client reads as: this login may not do that.
CREATE FUNCTION policy_wrap.need_role_v1(v_team text, v_roles text[]) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT policy_wrap.has_role_v1(v_team, v_roles) THEN
    RAISE EXCEPTION 'login % has no role % in team %', session_user, array_to_string(v_roles, ' or '), v_team
      USING ERRCODE = 'PW403';
  END IF;
END $$;

CREATE FUNCTION policy_wrap.note_v1(v_team text, v_at bigint, v_host text, v_channel text, v_kind text, v_detail jsonb)
RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO policy_wrap.events (team, at, who, host, channel, kind, detail)
  VALUES (v_team, v_at, session_user, v_host, v_channel, v_kind, jsonb_strip_nulls(v_detail))
$$;

-- The instant at which v_left, which holds the live charges of a counter after v_cutoff and what is wanted, is at most
-- v_max; v_open charges of calls in flight count as given back already.
CREATE FUNCTION policy_wrap.fits_at_v1(
  v_team text, v_counter bigint, v_cutoff bigint, v_clock bigint, v_window bigint, v_end bigint,
  v_left numeric, v_max numeric, v_alive bigint
) RETURNS bigint LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_at bigint;
BEGIN
  IF v_left <= v_max THEN RETURN v_clock; END IF;
  IF v_end IS NOT NULL THEN RETURN v_end; END IF;
  IF v_alive IS NULL THEN
    SELECT w.at INTO v_at FROM (
      SELECT c.at, c.decision, c.part, sum(c.amount) OVER (ORDER BY c.at, c.decision, c.part) AS freed
      FROM policy_wrap.charges c WHERE c.counter = v_counter AND c.at > v_cutoff
    ) w WHERE v_left - w.freed <= v_max ORDER BY w.at, w.decision, w.part LIMIT 1;
  ELSE
    SELECT w.at INTO v_at FROM (
      SELECT c.at, c.decision, c.part, sum(c.amount) OVER (ORDER BY c.at, c.decision, c.part) AS freed
      FROM policy_wrap.charges c JOIN policy_wrap.decisions d ON d.team = v_team AND d.id = c.decision
      WHERE c.counter = v_counter AND c.at > v_cutoff AND NOT policy_wrap.in_flight_v1(d.outcome, d.session, v_alive)
    ) w WHERE v_left - w.freed <= v_max ORDER BY w.at, w.decision, w.part LIMIT 1;
  END IF;
  RETURN v_at + v_window;
END $$;

-- A wrapper that gives no sign of life has died, and its calls will never be answered.
CREATE FUNCTION policy_wrap.in_flight_v1(v_outcome text, v_session bigint, v_alive bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT v_outcome IS NULL AND EXISTS (SELECT FROM policy_wrap.sessions s
    WHERE s.id = v_session AND s.ended_at IS NULL AND s.seen_at > v_alive)
$$;

-- When a charge that does not fit will fit. Where calls in flight may give something back, an instant is named only if
-- it is the same whatever becomes of them.
CREATE FUNCTION policy_wrap.freed_v1(
  v_team text, v_counter bigint, v_cutoff bigint, v_clock bigint, v_window bigint, v_end bigint,
  v_live numeric, v_wanted numeric, v_max numeric, v_alive bigint, OUT retry_at bigint, OUT in_flight numeric
) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_early bigint;
BEGIN
  IF v_wanted > v_max THEN RETURN; END IF;
  retry_at := policy_wrap.fits_at_v1(
    v_team, v_counter, v_cutoff, v_clock, v_window, v_end, v_live + v_wanted, v_max, NULL);
  IF v_alive IS NULL THEN RETURN; END IF;
  SELECT coalesce(sum(c.amount), 0) INTO in_flight
  FROM policy_wrap.charges c JOIN policy_wrap.decisions d ON d.team = v_team AND d.id = c.decision
  WHERE c.counter = v_counter AND c.at > v_cutoff AND policy_wrap.in_flight_v1(d.outcome, d.session, v_alive);
  v_early := policy_wrap.fits_at_v1(
    v_team, v_counter, v_cutoff, v_clock, v_window, v_end, v_live + v_wanted - in_flight, v_max, v_alive);
  IF v_early IS NOT DISTINCT FROM retry_at THEN in_flight := NULL; ELSE retry_at := NULL; END IF;
END $$;

-- The newest call that a rule over several tools looks for.
CREATE FUNCTION policy_wrap.earlier_v1(
  v_team text, v_tools bigint[], v_since bigint, v_succeeded boolean, v_scope text,
  v_server text, v_grant text, v_machine text, v_session bigint, OUT server text, OUT tool text, OUT at bigint
) LANGUAGE sql STABLE AS $$
  SELECT t.server, t.name, f.at
  FROM unnest(v_tools) AS sought(id) JOIN policy_wrap.tools t ON t.id = sought.id AND t.team = v_team,
  LATERAL (
    SELECT d.at FROM policy_wrap.decisions d JOIN policy_wrap.sessions s ON s.id = d.session
    WHERE d.called = t.id AND d.at > v_since
      AND CASE WHEN v_succeeded THEN d.outcome = 'ok' ELSE d.outcome IS DISTINCT FROM 'not_sent' END
      AND CASE v_scope WHEN 'team' THEN true WHEN 'machine' THEN s.machine = v_machine
        WHEN 'session' THEN s.id = v_session ELSE s.server = v_server AND s.grant_name = v_grant END
    ORDER BY d.at DESC LIMIT 1
  ) f ORDER BY f.at DESC LIMIT 1
$$;

-- Each demand as it stands: [[is met, until, server, tool, at], ...].
CREATE FUNCTION policy_wrap.demands_v1(
  v_team text, v_demands jsonb, v_now bigint, v_server text, v_grant text, v_machine text, v_session bigint
) RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_demand jsonb;
  v_found record;
  v_held jsonb := '[]';
BEGIN
  FOR v_demand IN SELECT value FROM jsonb_array_elements(v_demands) LOOP
    IF v_demand->>'kind' = 'hours' THEN
      v_held := v_held || jsonb_build_array(jsonb_build_array((v_demand->>'open')::boolean));
      CONTINUE;
    END IF;
    SELECT * INTO v_found FROM policy_wrap.earlier_v1(
      v_team, ARRAY(SELECT jsonb_array_elements_text(v_demand->'tools')::bigint
        UNION SELECT t.id FROM policy_wrap.tools t, jsonb_array_elements_text(v_demand->'named') n
          WHERE t.team = v_team AND t.server = v_server AND t.name = n.value),
      v_now - (v_demand->>'within')::bigint, v_demand->>'kind' = 'before', v_demand->>'scope',
      v_server, v_grant, v_machine, v_session);
    v_held := v_held || jsonb_build_array(jsonb_build_array(
      (v_found.at IS NULL) = (v_demand->>'kind' = 'after'), v_found.at + (v_demand->>'within')::bigint,
      v_found.server, v_found.tool, v_found.at));
  END LOOP;
  RETURN v_held;
END $$;

-- Batches whose answer was lost: from now on they are known, and do nothing if they come later.
-- @returns settlements that give back what those charged that came
CREATE FUNCTION policy_wrap.void_v1(v_team text, v_void jsonb, v_session bigint, v_now bigint) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_ids constant uuid[] := ARRAY(SELECT value::uuid FROM jsonb_array_elements_text(v_void));
BEGIN
  IF v_ids = '{}' THEN RETURN '[]'; END IF;
  INSERT INTO policy_wrap.batches (team, id, at, session) SELECT v_team, id, v_now, v_session FROM unnest(v_ids) AS ids(id)
    ON CONFLICT DO NOTHING;
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_array(b.first, b.last, 'not_sent', NULL)), '[]')
    FROM policy_wrap.batches b
    WHERE b.team = v_team AND b.id = ANY (v_ids) AND b.session = v_session AND b.first IS NOT NULL);
END $$;

-- The charges that settlements give back: those of open rows of the session, by outcome and the limit's refund.
CREATE FUNCTION policy_wrap.refunds_v1(v_team text, v_session bigint, v_settle jsonb)
RETURNS TABLE (decision bigint, counter bigint, at bigint, part smallint) LANGUAGE sql STABLE AS $$
  SELECT d.id, (e.c->>0)::bigint, (e.c->>1)::bigint, (e.part - 1)::smallint
  FROM (
    SELECT (s.value->>0)::bigint AS first, (s.value->>1)::bigint AS last,
      CASE s.value->>2 WHEN 'not_sent' THEN 7 WHEN 'ok' THEN 4 WHEN 'error' THEN 2 WHEN 'tool_error' THEN 2 ELSE 0 END AS mask
    FROM jsonb_array_elements(v_settle) s
  ) s
  JOIN policy_wrap.decisions d ON d.team = v_team AND d.id BETWEEN s.first AND s.last AND d.session = v_session
    AND d.outcome IS NULL AND d.refunds & s.mask <> 0,
  LATERAL jsonb_array_elements(d.charges) WITH ORDINALITY AS e(c, part)
  WHERE (1 << (e.c->>3)::integer) & s.mask <> 0
$$;

-- What a wrapper must know before its calls can be decided: that an hour has begun or ended, or tools that it has not
-- heard of. @returns tools; null where it knows enough
CREATE FUNCTION policy_wrap.news_v1(v_team text, req jsonb, v_now bigint) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_demand jsonb;
  v_is_late boolean := false;
  v_tools jsonb;
BEGIN
  FOR v_demand IN SELECT d FROM jsonb_array_elements(req->'calls') c, jsonb_array_elements(c->'demands') d LOOP
    IF v_demand->>'kind' = 'hours' THEN
      v_is_late := v_is_late OR v_now < (v_demand->>'start')::bigint OR v_now >= (v_demand->>'end')::bigint;
    ELSIF v_tools IS NULL THEN
      SELECT coalesce(jsonb_agg(jsonb_build_array(t.id, t.server, t.name) ORDER BY t.id), '[]') INTO v_tools
        FROM policy_wrap.tools t WHERE t.team = v_team AND t.id > (req->>'tools')::bigint;
    END IF;
  END LOOP;
  IF v_is_late THEN RETURN coalesce(v_tools, '[]'); END IF;
  RETURN nullif(v_tools, '[]');
END $$;

-- The window that a key names, in milliseconds; of a calendar's the longest. Nothing else says how long charges count.
CREATE FUNCTION policy_wrap.window_v1(v_key text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(w) WHEN 'number' THEN greatest((w#>>'{}')::bigint, 1) ELSE
    CASE split_part(w#>>'{}', ' ', 1) WHEN 'second' THEN 1000 WHEN 'minute' THEN 60000 WHEN 'hour' THEN 3600000
      WHEN 'day' THEN 86400000 WHEN 'week' THEN 604800000 ELSE 2678400000 END END::bigint
  FROM (SELECT v_key::jsonb->-2 AS w) x
$$;

-- Whether a key is as wrappers write it: [digest, milliseconds or "unit zone", 0 or 1]. Others read it, and work with it.
CREATE FUNCTION policy_wrap.is_key_v1(v_key text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT length(v_key) <= 300 AND jsonb_typeof(k) = 'array' AND jsonb_array_length(k) = 3
    AND jsonb_typeof(k->0) = 'string' AND (k->-1)::text IN ('0', '1')
    AND CASE jsonb_typeof(k->1) WHEN 'number' THEN (k->>1)::numeric BETWEEN 1 AND 40000000000
      ELSE (k->>1) ~ '^(second|minute|hour|day|week|month) [A-Za-z][A-Za-z0-9_+/-]*$' END
  FROM (SELECT v_key::jsonb AS k) x
$$;

-- Makes the counters of a request that are not there yet, in the order of their keys.
CREATE FUNCTION policy_wrap.make_counters_v1(v_team text, v_counters jsonb, v_observe boolean, v_now bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM jsonb_array_elements(v_counters) c WHERE (c->>'key')::jsonb->-1 <> to_jsonb(v_observe::integer)) THEN
    RAISE EXCEPTION 'a counter that is not of this kind of wrapper' USING ERRCODE = 'PW403';
  END IF;
  IF EXISTS (SELECT FROM jsonb_array_elements(v_counters) c WHERE policy_wrap.is_key_v1(c->>'key') IS NOT TRUE) THEN
    RAISE EXCEPTION 'no key of a counter' USING ERRCODE = 'PW403';
  END IF;
  INSERT INTO policy_wrap.counters (team, key, name, scope, server, grant_name, machine, session, split, window_ms,
      unit, timezone, observe, max, clock)
    SELECT v_team, x.key, x.name, x.scope, x.server, x.grant_name, x.machine, x.session, x.split,
      policy_wrap.window_v1(x.key), split_part(x.calendar, ' ', 1), split_part(x.calendar, ' ', 2), v_observe, x.max, v_now
    FROM (SELECT r.*, CASE jsonb_typeof(r.key::jsonb->-2) WHEN 'string' THEN r.key::jsonb->>-2 END AS calendar
      FROM jsonb_to_recordset(v_counters) AS r(key text, name text, scope text, server text, grant_name text,
        machine text, session text, split text, max numeric)) x
    ORDER BY x.key COLLATE "C"
    ON CONFLICT DO NOTHING;
END $$;

-- Removes charges that have expired, a bounded number at once, and says what those add up to that stay. Where a
-- calendar's period begins is what the client says: nothing is removed that is younger than the window.
CREATE FUNCTION policy_wrap.expire_v1(v_counter bigint, v_cutoff bigint, v_gone bigint, OUT removed numeric,
  OUT kept numeric, OUT oldest bigint)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_count bigint;
BEGIN
  WITH old AS (
    SELECT c.at, c.decision, c.part FROM policy_wrap.charges c
    WHERE c.counter = v_counter AND c.at <= least(v_cutoff, v_gone)
    ORDER BY c.at, c.decision, c.part LIMIT 2000
  ), gone AS (
    DELETE FROM policy_wrap.charges c USING old
    WHERE c.counter = v_counter AND c.at = old.at AND c.decision = old.decision AND c.part = old.part
    RETURNING c.amount
  )
  SELECT coalesce(sum(gone.amount), 0), count(*) INTO removed, v_count FROM gone;
  kept := 0;
  IF v_count = 2000 OR v_gone < v_cutoff THEN
    SELECT coalesce(sum(c.amount), 0) INTO kept FROM policy_wrap.charges c WHERE c.counter = v_counter AND c.at <= v_cutoff;
  END IF;
  SELECT c.at INTO oldest FROM policy_wrap.charges c WHERE c.counter = v_counter ORDER BY c.at LIMIT 1;
END $$;

-- The number of a tool that is forwarded.
CREATE FUNCTION policy_wrap.tool_v1(v_team text, v_server text, v_name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_one text := v_name;
  v_id bigint;
BEGIN
  SELECT id INTO v_id FROM policy_wrap.tools WHERE team = v_team AND server = v_server AND name = v_name;
  IF v_id IS NULL THEN
    -- Numbers become visible in their order, so that a wrapper that knows the highest knows all of them.
    PERFORM pg_advisory_xact_lock(hashtextextended('policy_wrap.tools ' || v_team, 0));
    -- Each wrapper is told of every one. Beyond this it is not told any more which it is, as with a name that was cut,
    -- which may be any (isSought).
    IF (SELECT count(*) FROM policy_wrap.tools WHERE team = v_team) >= 10000 THEN v_one := repeat('?', 512) || '…'; END IF;
    INSERT INTO policy_wrap.tools (team, server, name) VALUES (v_team, v_server, v_one)
      ON CONFLICT DO NOTHING RETURNING id INTO v_id;
  END IF;
  IF v_id IS NULL THEN
    SELECT id INTO v_id FROM policy_wrap.tools WHERE team = v_team AND server = v_server AND name = v_one;
  END IF;
  RETURN v_id;
END $$;

-- Writes down a wrapper, what is new about it, or that it lives.
CREATE FUNCTION policy_wrap.session_v1(v_team text, v_item jsonb, v_machine text, v_host text, v_now bigint)
RETURNS SETOF policy_wrap.sessions LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_info constant jsonb := v_item->'info';
  v_ended constant bigint := CASE WHEN (v_item->>'ended')::boolean THEN v_now END;
BEGIN
  IF v_info IS NULL THEN
    RETURN QUERY UPDATE policy_wrap.sessions SET seen_at = greatest(seen_at, v_now), ended_at = v_ended
      WHERE team = v_team AND uid = v_item->>'uid' AND who = session_user RETURNING *;
    RETURN;
  END IF;
  RETURN QUERY INSERT INTO policy_wrap.sessions AS s (team, uid, who, host, machine, server, grant_name, pid, observe,
      policy, policy_source, policy_problem, client_name, client_version, started_at, seen_at, ended_at)
    VALUES (v_team, v_item->>'uid', session_user, v_host, v_machine, v_info->>'server', v_info->>'grant',
      (v_info->>'pid')::integer, (v_info->>'observe')::boolean, v_info->>'policy', left(v_info->>'source', 20000),
      left(v_info->>'problem', 20000), v_info->>'clientName', v_info->>'clientVersion', v_now, v_now, v_ended)
    ON CONFLICT (team, uid) DO UPDATE SET policy = excluded.policy, policy_source = excluded.policy_source,
      policy_problem = excluded.policy_problem, client_name = excluded.client_name,
      client_version = excluded.client_version, seen_at = greatest(s.seen_at, excluded.seen_at),
      ended_at = excluded.ended_at
      WHERE s.who = session_user AND s.server = excluded.server AND s.grant_name = excluded.grant_name
        AND s.observe = excluded.observe
    RETURNING *;
  IF NOT FOUND THEN RAISE EXCEPTION 'session % is that of another' , v_item->>'uid' USING ERRCODE = 'PW403'; END IF;
END $$;
`;
