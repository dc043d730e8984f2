/** What people change. Each checks the role, writes down who did it, and waits until it is safe on the disk. */
export const CHANGES = /* sql */ `
CREATE FUNCTION policy_wrap.safely_v1() RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM set_config('lock_timeout', '2000', true);
END $$;

-- A person's answer, once, while the approval is pending; what was approved and not used yet can be rejected. A
-- wrapper's login may only take back what it asked itself.
CREATE FUNCTION policy_wrap.decide_v1(v_team text, v_id text, v_state text, v_by text, v_note text, v_budget jsonb,
  v_host text) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_approver constant boolean := policy_wrap.has_role_v1(v_team, ARRAY['approver']);
  v_row policy_wrap.approvals;
  v_now bigint;
  v_max numeric;
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['approver', 'wrapper']);
  IF (v_state IN ('approved', 'rejected', 'expired')) IS NOT TRUE THEN
    RAISE EXCEPTION 'no answer: %', left(v_state, 40) USING ERRCODE = 'PW403';
  END IF;
  SELECT * INTO v_row FROM policy_wrap.approvals
    WHERE team = v_team AND id = v_id AND (v_approver OR who = session_user) FOR UPDATE;
  v_now := policy_wrap.now_v1();
  IF v_row.id IS NULL THEN RETURN '{"kind": "unknown"}'; END IF;
  IF v_state = 'approved' AND NOT v_approver THEN
    IF v_by = 'client' THEN
      RETURN jsonb_build_object('kind', 'not_here', 'approval', policy_wrap.approval_v1(v_row, v_now));
    END IF;
    PERFORM policy_wrap.need_role_v1(v_team, ARRAY['approver']);
  END IF;
  IF (v_row.expires_at <= v_now OR v_row.state <> 'pending')
    AND NOT (v_row.expires_at > v_now AND v_state = 'rejected' AND v_row.state = 'approved' AND v_by <> 'client') THEN
    RETURN jsonb_build_object('kind', 'not_pending', 'approval', policy_wrap.approval_v1(v_row, v_now));
  END IF;
  IF v_state = 'approved' AND NOT coalesce(
    CASE v_by WHEN 'client' THEN 'client' ELSE 'queue' END = ANY (string_to_array(v_row.channels, ',')), true) THEN
    RETURN jsonb_build_object('kind', 'not_here', 'approval', policy_wrap.approval_v1(v_row, v_now));
  END IF;
  UPDATE policy_wrap.approvals SET state = v_state, decided_at = v_now, decided_by = v_by, decided_who = session_user,
    note = left(v_note, 2000),
    arguments = CASE v_state WHEN 'approved' THEN arguments ELSE kept END,
    reason = CASE v_state WHEN 'approved' THEN reason ELSE kept_reason END,
    expires_at = CASE v_state WHEN 'approved' THEN v_now + keeps_ms ELSE expires_at END
    WHERE team = v_team AND id = v_row.id AND state = v_row.state RETURNING * INTO v_row;
  PERFORM policy_wrap.note_v1(v_team, v_now, v_host, v_by, 'approval.' || v_state,
    jsonb_build_object('approval', v_row.id, 'tool', v_row.tool, 'note', left(v_note, 2000)));
  IF v_state = 'approved' AND v_budget IS NOT NULL THEN
    IF (v_budget->>'calls')::numeric NOT BETWEEN 1 AND 1000000 THEN RAISE EXCEPTION 'a budget of % calls', v_budget->>'calls'; END IF;
    v_max := (v_budget->>'max')::numeric;
    INSERT INTO policy_wrap.budgets (team, id, who, server, grant_name, tool, policy, calls_left, expires_at, bound_path,
        bound_max, made_at, made_by, made_who)
      VALUES (v_team, v_budget->>'id', v_row.who, v_row.server, v_row.grant_name, v_row.tool, v_row.policy,
        (v_budget->>'calls')::integer, v_now + (v_budget->>'forMs')::bigint, v_budget->>'path', v_max, v_now, v_by,
        session_user);
    PERFORM policy_wrap.note_v1(v_team, v_now, v_host, v_by, 'budget.made', v_budget - 'id'
      || jsonb_build_object('budget', v_budget->>'id', 'approval', v_row.id, 'tool', v_row.tool));
  END IF;
  RETURN jsonb_build_object('kind', 'done', 'approval', policy_wrap.approval_v1(v_row, v_now));
END $$;

CREATE FUNCTION policy_wrap.revoke_budget_v1(v_team text, v_id text, v_by text, v_host text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['approver', 'owner']);
  DELETE FROM policy_wrap.budgets WHERE team = v_team AND id = v_id;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM policy_wrap.note_v1(v_team, policy_wrap.now_v1(), v_host, v_by, 'budget.revoked',
    jsonb_build_object('budget', v_id));
  RETURN true;
END $$;

-- Whoever sees something wrong may stop it.
CREATE FUNCTION policy_wrap.pause_v1(v_team text, v_server text, v_note text, v_by text, v_host text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now constant bigint := policy_wrap.now_v1();
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['wrapper', 'approver', 'owner']);
  INSERT INTO policy_wrap.pauses (team, server, since, note, who)
    VALUES (v_team, coalesce(v_server, ''), v_now, left(v_note, 2000), session_user) ON CONFLICT DO NOTHING;
  PERFORM policy_wrap.note_v1(v_team, v_now, v_host, v_by, 'pause.begun',
    jsonb_build_object('server', v_server, 'note', left(v_note, 2000)));
END $$;

CREATE FUNCTION policy_wrap.resume_v1(v_team text, v_server text, v_by text, v_host text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_count bigint;
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['approver', 'owner']);
  DELETE FROM policy_wrap.pauses WHERE team = v_team AND (v_server IS NULL OR server = v_server);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count > 0 THEN
    PERFORM policy_wrap.note_v1(v_team, policy_wrap.now_v1(), v_host, v_by, 'pause.lifted',
      jsonb_build_object('server', v_server));
  END IF;
  RETURN v_count;
END $$;

-- Empties counters; their rows stay, so that a late refund finds nothing of another's. @returns what they held
CREATE FUNCTION policy_wrap.reset_v1(v_team text, v_filter jsonb, v_starts jsonb, v_limit bigint, v_by text, v_host text)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_row policy_wrap.counters;
  v_held jsonb;
  v_all jsonb := '[]';
  v_now bigint;
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['owner']);
  v_now := policy_wrap.now_v1();
  FOR v_row IN SELECT * FROM policy_wrap.counters c WHERE c.team = v_team AND (c.oldest IS NOT NULL OR c.clock > v_now)
    AND policy_wrap.matches_v1(c, v_filter) ORDER BY c.key LIMIT v_limit FOR NO KEY UPDATE
  LOOP
    v_now := policy_wrap.now_v1();
    v_held := policy_wrap.holds_v1(v_row, v_now, v_starts);
    DELETE FROM policy_wrap.charges WHERE counter = v_row.id;
    -- It holds nothing: where the clock was set forward once and back again, it need not wait for that time.
    UPDATE policy_wrap.counters SET used = 0, oldest = NULL, period = NULL, clock = v_now WHERE id = v_row.id;
    v_all := v_all || jsonb_build_array(v_held);
    PERFORM policy_wrap.note_v1(v_team, v_now, v_host, v_by, 'counter.reset', jsonb_build_object(
      'name', v_row.name, 'server', v_row.server, 'grant', v_row.grant_name, 'split', v_row.split,
      'used', v_held->'used', 'max', v_held->'max', 'observe', v_row.observe));
  END LOOP;
  RETURN v_all;
END $$;

-- Takes over live charges of a machine's own counters, with their times. What was taken over before is not again.
CREATE FUNCTION policy_wrap.import_v1(v_team text, v_counters jsonb, v_by text, v_host text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now constant bigint := policy_wrap.now_v1();
  v_count bigint := 0;
  v_item jsonb;
  v_id bigint;
  v_sum numeric;
  v_new bigint;
  v_first bigint;
  v_last bigint;
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['owner']);
  FOR v_item IN SELECT value FROM jsonb_array_elements(v_counters) ORDER BY value->>'key' COLLATE "C" LOOP
    PERFORM policy_wrap.make_counters_v1(v_team, jsonb_build_array(v_item), (v_item->>'observe')::boolean, v_now);
    SELECT id INTO v_id FROM policy_wrap.counters WHERE team = v_team AND key = v_item->>'key' FOR NO KEY UPDATE;
    -- A charge of the future would never be before the counter's clock. Row 0 is no decision's.
    WITH one AS (
      INSERT INTO policy_wrap.charges (counter, at, decision, part, amount)
      SELECT v_id, least((c.value->>0)::bigint, v_now), -(v_item->>'source')::bigint,
        row_number() OVER (PARTITION BY c.value->>0 ORDER BY c.n), (c.value->>1)::numeric
      FROM jsonb_array_elements(v_item->'charges') WITH ORDINALITY AS c(value, n)
      ON CONFLICT DO NOTHING RETURNING at, amount
    )
    SELECT count(*), coalesce(sum(amount), 0), min(at), max(at) INTO v_new, v_sum, v_first, v_last FROM one;
    UPDATE policy_wrap.counters SET used = used + v_sum, oldest = least(oldest, v_first), clock = greatest(clock, v_last),
        period = NULL
      WHERE id = v_id AND v_new > 0;
    v_count := v_count + v_new;
  END LOOP;
  PERFORM policy_wrap.note_v1(v_team, v_now, v_host, v_by, 'store.imported', jsonb_build_object('charges', v_count));
  RETURN v_count;
END $$;

-- Calls that passed while the machine could not reach this: each once, without charges.
CREATE FUNCTION policy_wrap.offline_v1(v_team text, v_item jsonb, v_machine text, v_host text, v_rows jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now constant bigint := policy_wrap.now_v1();
  v_count bigint := 0;
  v_session bigint;
  v_server text;
  v_row jsonb;
  v_id uuid;
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['wrapper']);
  SELECT id, server INTO v_session, v_server FROM policy_wrap.session_v1(v_team, v_item, v_machine, v_host, v_now);
  FOR v_row IN SELECT value FROM jsonb_array_elements(v_rows) LOOP
    -- With its time: a machine whose own log was removed counts from one again.
    v_id := md5(jsonb_build_array('offline', session_user, v_machine, v_row->'id', v_row->'at')::text)::uuid;
    INSERT INTO policy_wrap.batches (team, id, at, session) VALUES (v_team, v_id, v_now, v_session) ON CONFLICT DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    INSERT INTO policy_wrap.decisions (team, at, batch, session, called, tool, decision, code, rule, policy, arguments,
        outcome, latency_ms)
      VALUES (v_team, least((v_row->>'at')::bigint, v_now), v_id, v_session,
        policy_wrap.tool_v1(v_team, v_server, v_row->>'tool'), v_row->>'tool', 'allow', 'UNCOUNTED', v_row->>'rule',
        v_row->>'policy', v_row->>'arguments', v_row->>'outcome', (v_row->>'latencyMs')::integer);
    v_count := v_count + 1;
  END LOOP;
  IF v_count > 0 THEN
    PERFORM policy_wrap.note_v1(v_team, v_now, v_host, 'wrapper', 'store.offline', jsonb_build_object('calls', v_count));
  END IF;
  RETURN v_count;
END $$;

-- Removes what is too old, a bounded number at once, where no other machine does so now. @returns whether there may be more
CREATE FUNCTION policy_wrap.tidy_v1(v_team text) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now constant bigint := policy_wrap.now_v1();
  v_before bigint;
  v_last bigint;
  v_most constant integer := 500;
  v_count bigint;
  v_more boolean := false;
BEGIN
  PERFORM policy_wrap.need_role_v1(v_team, ARRAY['wrapper', 'owner']);
  IF NOT pg_try_advisory_xact_lock(hashtextextended('policy_wrap.tidy ' || v_team, 0)) THEN RETURN false; END IF;
  SELECT v_now - keeps_ms INTO v_before FROM policy_wrap.teams WHERE team = v_team;
  -- The newest row stays, whatever its age: nothing before it can be given its number.
  SELECT max(x.id) INTO v_last FROM (
    SELECT id, at FROM policy_wrap.decisions WHERE team = v_team
      AND id < (SELECT max(id) FROM policy_wrap.decisions WHERE team = v_team) ORDER BY id LIMIT v_most) x
    WHERE x.at < v_before;
  IF v_last IS NOT NULL THEN
    DELETE FROM policy_wrap.decisions WHERE team = v_team AND id <= v_last AND at < v_before;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_more := v_count >= v_most;
    UPDATE policy_wrap.teams SET tidied = greatest(tidied, v_last) WHERE team = v_team;
  END IF;
  DELETE FROM policy_wrap.batches WHERE team = v_team AND id IN (SELECT id FROM policy_wrap.batches
    WHERE team = v_team AND at < v_now - 86400000 ORDER BY at LIMIT v_most);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  v_more := v_more OR v_count >= v_most;
  UPDATE policy_wrap.approvals SET state = 'expired', decided_by = coalesce(decided_by, 'wrapper'),
      arguments = kept, reason = kept_reason
    WHERE team = v_team AND state IN ('pending', 'approved') AND expires_at <= v_now;
  DELETE FROM policy_wrap.approvals WHERE team = v_team AND state IN ('rejected', 'consumed', 'expired')
    AND asked_at < v_before AND expires_at <= v_now;
  DELETE FROM policy_wrap.budgets WHERE team = v_team AND (calls_left <= 0 OR expires_at <= v_now);
  UPDATE policy_wrap.sessions SET ended_at = seen_at
    WHERE team = v_team AND ended_at IS NULL AND seen_at < v_now - 86400000;
  DELETE FROM policy_wrap.sessions s WHERE s.team = v_team AND s.ended_at IS NOT NULL AND s.seen_at < v_before - 60000
    AND NOT EXISTS (SELECT FROM policy_wrap.decisions d WHERE d.session = s.id);
  -- Counters that have been empty for a day. Should the engine's clock be set back, none is judged by a time before this.
  WITH idle AS (
    SELECT c.id FROM policy_wrap.counters c WHERE c.team = v_team AND c.clock + c.window_ms < v_now - 86400000
    ORDER BY c.key LIMIT v_most FOR UPDATE SKIP LOCKED
  ), gone AS (DELETE FROM policy_wrap.charges c USING idle WHERE c.counter = idle.id)
  DELETE FROM policy_wrap.counters c USING idle WHERE c.id = idle.id;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  v_more := v_more OR v_count >= v_most;
  IF v_count > 0 THEN UPDATE policy_wrap.teams SET clock = greatest(clock, v_now) WHERE team = v_team; END IF;
  DELETE FROM policy_wrap.events WHERE team = v_team AND id IN (SELECT id FROM policy_wrap.events
    WHERE team = v_team AND at < v_before ORDER BY id LIMIT v_most);
  RETURN v_more;
END $$;
`;
