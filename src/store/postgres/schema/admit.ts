/**
 * The one function that decides. Its steps stand in docs/architecture.md, "A store that a team shares"; what it gets and
 * gives is in `request.ts` and `answer.ts`.
 *
 * Two batches never wait for each other in a circle: missing counters are made in the order of their keys before any is
 * locked, all are locked in that order, and everything else comes after.
 */
export const ADMIT = /* sql */ `
CREATE FUNCTION policy_wrap.admit_v1(req jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  v_team constant text := req->>'team';
  v_batch constant uuid := (req->>'batch')::uuid;
  v_host constant text := left(coalesce(req->>'host', ''), 1200);
  v_machine constant text := coalesce(req->>'machine', '');
  v_uid constant text := req->'session'->>'uid';
  v_session bigint; v_server text; v_grant text; v_observe boolean;
  v_epoch uuid; v_roles text[]; v_least bigint; v_now bigint;
  v_keys text[] := ARRAY(SELECT c->>'key' FROM jsonb_array_elements(req->'counters') WITH ORDINALITY AS e(c, n) ORDER BY n);
  v_size constant integer := cardinality(v_keys);
  -- By the place of a counter in the request, then those that only get something back.
  k_id bigint[] := array_fill(NULL::bigint, ARRAY[v_size]);
  k_clock bigint[] := k_id; k_cutoff bigint[] := k_id; k_oldest bigint[] := k_id; k_window bigint[] := k_id;
  k_period bigint[] := k_id;
  k_used numeric[] := array_fill(NULL::numeric, ARRAY[v_size]);
  k_live numeric[] := k_used; k_max numeric[] := k_used; k_before numeric[] := k_used;
  k_added numeric[] := array_fill(0::numeric, ARRAY[v_size]);
  k_dirty boolean[] := array_fill(false, ARRAY[v_size]);
  v_settle jsonb := coalesce(req->'settle', '[]');
  r_counter bigint[] := '{}'; r_at bigint[] := '{}'; r_decision bigint[] := '{}'; r_part smallint[] := '{}';
  v_one record; v_item jsonb; v_call jsonb; v_charge jsonb; v_entry jsonb;
  v_i integer; v_n integer; v_part integer; v_touched integer[];
  v_known integer := 0; v_work integer := 0; v_clocks jsonb := '{}'; v_news jsonb;
  v_pause jsonb;
  v_amount numeric; v_sum numeric; v_end bigint;
  v_checks jsonb; v_held jsonb; v_free record; v_fits boolean;
  v_denied boolean; v_asked_limit integer; v_unmet integer; v_asks integer;
  v_decision text; v_code text; v_rule text; v_approval text; v_records jsonb; v_refunds integer; v_kind text;
  v_more jsonb; v_standing jsonb; v_why jsonb; v_terms jsonb; v_called bigint; v_row bigint; v_filled jsonb;
  v_first bigint; v_last bigint; v_calls jsonb := '[]';
BEGIN
  -- The answer is acknowledged by flush_v1, which follows in the same message and waits until all of this is safe: so
  -- the counters' locks are held for the decision alone, and not for the disk.
  PERFORM set_config('synchronous_commit', CASE WHEN (req->>'flushes')::boolean THEN 'off' ELSE 'on' END, true),
    set_config('lock_timeout', '2000', true);

  SELECT * INTO v_one FROM policy_wrap.enter_v1(req, v_team, v_batch, v_host);
  IF v_one.o_answer IS NOT NULL THEN RETURN v_one.o_answer; END IF;
  v_session := v_one.o_session; v_server := v_one.o_server; v_grant := v_one.o_grant; v_observe := v_one.o_observe;
  v_least := v_one.o_least; v_epoch := v_one.o_epoch; v_roles := v_one.o_roles; v_now := v_one.o_now;

  v_settle := v_settle || policy_wrap.void_v1(v_team, req->'void', v_session, v_now);
  IF v_settle <> '[]' THEN
    SELECT coalesce(array_agg(r.counter), '{}'), coalesce(array_agg(r.at), '{}'), coalesce(array_agg(r.decision), '{}'),
      coalesce(array_agg(r.part), '{}') INTO r_counter, r_at, r_decision, r_part
      FROM policy_wrap.refunds_v1(v_team, v_session, v_settle) r;
  END IF;

  IF v_size > (SELECT count(*) FROM policy_wrap.counters c WHERE c.team = v_team AND c.key = ANY (v_keys)) THEN
    PERFORM policy_wrap.make_counters_v1(v_team, req->'counters', v_observe, v_now);
  END IF;
  IF v_size > 0 OR r_counter <> '{}' THEN
    FOR v_one IN SELECT c.id, c.key, c.clock, c.used, c.oldest, c.max, c.period, c.before FROM policy_wrap.counters c
      WHERE c.team = v_team AND (c.key = ANY (v_keys) OR c.id = ANY (r_counter)) ORDER BY c.key FOR NO KEY UPDATE
    LOOP
      v_i := coalesce(array_position(v_keys, v_one.key), cardinality(k_id) + 1);
      k_id[v_i] := v_one.id; k_clock[v_i] := v_one.clock; k_used[v_i] := v_one.used;
      k_oldest[v_i] := v_one.oldest; k_max[v_i] := v_one.max; k_period[v_i] := v_one.period;
      k_before[v_i] := v_one.before; k_dirty[v_i] := false;
      IF v_i <= v_size THEN v_known := v_known + 1; END IF;
    END LOOP;
    IF v_known < v_size THEN RAISE EXCEPTION 'a counter was removed' USING ERRCODE = '40001'; END IF;
  END IF;

  -- Only now: whoever waited for a lock must not be judged by the time before.
  v_now := greatest(policy_wrap.now_v1(), v_least);
  IF v_now > (req->>'deadline')::bigint THEN RETURN jsonb_build_object('status', 'late', 'now', v_now); END IF;
  FOR v_item, v_i IN SELECT e.c, e.n FROM jsonb_array_elements(req->'counters') WITH ORDINALITY AS e(c, n) LOOP
    k_clock[v_i] := greatest(k_clock[v_i], v_now);
    k_window[v_i] := policy_wrap.window_v1(v_item->>'key');
    IF jsonb_typeof((v_item->>'key')::jsonb->-2) = 'string' THEN
      k_cutoff[v_i] := (v_item->>'start')::bigint - 1;
      IF k_clock[v_i] <= k_cutoff[v_i] OR k_clock[v_i] >= (v_item->>'end')::bigint THEN
        v_clocks := v_clocks || jsonb_build_object(v_item->>'key', k_clock[v_i]);
      END IF;
    ELSE
      k_cutoff[v_i] := k_clock[v_i] - k_window[v_i];
    END IF;
  END LOOP;
  v_news := policy_wrap.news_v1(v_team, req, v_now);
  IF v_news IS NOT NULL OR v_clocks <> '{}' THEN
    -- Nothing was changed but that the counters are there: the same comes again under another id.
    RETURN jsonb_build_object('status', 'recompute', 'now', v_now, 'clocks', v_clocks, 'tools', coalesce(v_news, '[]'));
  END IF;

  FOR v_item IN SELECT value FROM jsonb_array_elements(v_settle) LOOP
    UPDATE policy_wrap.decisions SET outcome = v_item->>2, latency_ms = (v_item->>3)::integer
      WHERE team = v_team AND id BETWEEN (v_item->>0)::bigint AND (v_item->>1)::bigint AND session = v_session
        AND outcome IS NULL;
  END LOOP;
  FOR v_n IN 1 .. cardinality(r_counter) LOOP
    v_i := array_position(k_id, r_counter[v_n]);
    DELETE FROM policy_wrap.charges WHERE counter = r_counter[v_n] AND at = r_at[v_n] AND decision = r_decision[v_n]
      AND part = r_part[v_n] RETURNING amount INTO v_amount;
    CONTINUE WHEN NOT FOUND;
    k_used[v_i] := k_used[v_i] - v_amount; k_period[v_i] := NULL; k_dirty[v_i] := true;
  END LOOP;

  SELECT jsonb_build_object('who', who, 'note', note) INTO v_pause FROM policy_wrap.pauses
    WHERE team = v_team AND server IN ('', v_server) ORDER BY server LIMIT 1;
  FOR v_i IN 1 .. v_size LOOP
    k_live[v_i] := k_used[v_i];
    IF k_period[v_i] = k_cutoff[v_i] THEN
      -- A period that was looked at before is not added up again.
      k_live[v_i] := k_used[v_i] - k_before[v_i];
      v_end := least(k_cutoff[v_i], k_clock[v_i] - k_window[v_i]);
      IF k_oldest[v_i] <= v_end THEN
        SELECT * INTO v_one FROM policy_wrap.expire_v1(k_id[v_i], v_end, v_end);
        k_used[v_i] := k_used[v_i] - v_one.removed; k_before[v_i] := k_before[v_i] - v_one.removed;
        k_oldest[v_i] := v_one.oldest; k_dirty[v_i] := true;
      END IF;
    ELSIF k_oldest[v_i] <= k_cutoff[v_i] THEN
      SELECT * INTO v_one FROM policy_wrap.expire_v1(k_id[v_i], k_cutoff[v_i], k_clock[v_i] - k_window[v_i]);
      k_used[v_i] := k_used[v_i] - v_one.removed; k_oldest[v_i] := v_one.oldest; k_dirty[v_i] := true;
      k_live[v_i] := k_used[v_i] - v_one.kept;
      k_before[v_i] := v_one.kept; k_period[v_i] := k_cutoff[v_i];
    END IF;
  END LOOP;

  FOR v_call IN SELECT value FROM jsonb_array_elements(req->'calls') LOOP
    -- Calls are decided in their order: those after one that comes again wait for it.
    IF v_kind = 'word' OR v_kind = 'wait' THEN
      v_kind := 'wait'; v_calls := v_calls || '[{"kind": "wait"}]';
      CONTINUE;
    END IF;
    v_decision := 'deny'; v_code := NULL; v_rule := NULL; v_approval := NULL; v_records := NULL; v_refunds := 0;
    v_more := '{}'; v_filled := NULL; v_checks := NULL; v_held := NULL; v_kind := 'refused'; v_called := NULL; v_row := NULL;
    v_entry := v_call->'early';
    IF v_entry IS NULL THEN
      IF v_pause IS NULL THEN v_entry := v_call->'late';
      ELSE v_entry := '["deny", "PAUSED", "(paused)"]'; v_more := jsonb_build_object('pause', v_pause);
      END IF;
    END IF;
    IF v_entry IS NOT NULL THEN
      v_decision := v_entry->>0; v_code := v_entry->>1; v_rule := v_entry->>2;
    ELSE
      v_checks := '[]'; v_denied := false; v_asked_limit := NULL; v_part := 0;
      FOR v_charge IN SELECT value FROM jsonb_array_elements(v_call->'charges') LOOP
        v_i := (v_charge->>0)::integer + 1; v_amount := (v_charge->>1)::numeric; v_sum := (v_charge->>2)::numeric;
        v_work := v_work + 1;
        -- Neither may be what compares as it likes, make room for others, or leave them more digits than they can read;
        -- and a place that is far away would take the engine's memory.
        IF (v_amount BETWEEN 0 AND 1e600 AND v_sum BETWEEN 0 AND 1e600 AND scale(v_amount) <= 600 AND scale(v_sum) <= 600)
          IS NOT TRUE THEN
          RAISE EXCEPTION 'a charge of % at a max of %', left(v_charge->>1, 40), left(v_charge->>2, 40) USING ERRCODE = 'PW403';
        END IF;
        IF (v_i BETWEEN 1 AND v_size AND v_part < 1000 AND v_work <= 20000) IS NOT TRUE THEN
          RAISE EXCEPTION 'charges that no wrapper makes' USING ERRCODE = 'PW403';
        END IF;
        k_added[v_i] := k_added[v_i] + v_amount;
        v_fits := k_live[v_i] + k_added[v_i] <= v_sum;
        IF v_fits THEN
          v_checks := v_checks || jsonb_build_array(jsonb_build_array(k_live[v_i]::text, true));
        ELSE
          v_item := req->'counters'->(v_i - 1);
          SELECT * INTO v_free FROM policy_wrap.freed_v1(v_team, k_id[v_i], k_cutoff[v_i], k_clock[v_i],
            k_window[v_i], (v_item->>'end')::bigint, k_live[v_i], k_added[v_i], v_sum,
            CASE WHEN (v_charge->>4)::integer = 2 THEN v_now - 120000 END);
          v_checks := v_checks || jsonb_build_array(jsonb_build_array(
            k_live[v_i]::text, false, v_free.retry_at, v_free.in_flight::text, k_clock[v_i]));
          IF v_charge->>3 = 'deny' THEN
            IF NOT v_denied THEN v_rule := v_charge->>5; END IF;
            v_denied := true;
          ELSIF v_asked_limit IS NULL THEN v_asked_limit := v_part;
          END IF;
        END IF;
        v_part := v_part + 1;
      END LOOP;
      v_unmet := NULL; v_asks := NULL;
      IF v_call ? 'demands' THEN
        v_held := policy_wrap.demands_v1(v_team, v_call->'demands', v_now, v_server, v_grant, v_machine, v_session);
        FOR v_n IN 0 .. jsonb_array_length(v_held) - 1 LOOP
          CONTINUE WHEN (v_held->v_n->>0)::boolean;
          IF v_call->'demands'->v_n->>'otherwise' = 'deny' THEN v_unmet := coalesce(v_unmet, v_n);
          ELSE v_asks := coalesce(v_asks, v_n);
          END IF;
        END LOOP;
      END IF;
      v_terms := CASE WHEN NOT v_observe AND v_call ? 'policy' THEN v_call->'approval' END;
      IF v_terms ? 'id' THEN
        v_terms := policy_wrap.unspent_v1(v_team, v_server, v_grant, v_call->>'tool', v_call->>'policy', v_terms);
      END IF;
      IF v_unmet IS NOT NULL THEN
        v_kind := 'unmet'; v_code := v_call->'demands'->v_unmet->>'code'; v_rule := v_call->'demands'->v_unmet->>'rule';
      ELSIF v_denied THEN
        v_kind := 'exceeded'; v_code := 'LIMIT';
      ELSE
        IF v_call ? 'ask' OR v_asks IS NOT NULL THEN v_asked_limit := NULL; END IF;
        v_rule := coalesce(v_call->'ask'->>'rule', v_call->'demands'->v_asks->>'rule',
          v_call->'charges'->v_asked_limit->>5);
        v_kind := 'allowed';
        IF v_terms IS NOT NULL THEN
          IF v_rule IS NOT NULL OR v_terms->>'id' IS NOT NULL THEN
            v_why := CASE WHEN v_call ? 'ask' THEN v_call->'ask'
              WHEN v_rule IS NULL THEN '{"rule": "", "reason": "", "kept": ""}'
              WHEN v_call->'why'->>'rule' = v_rule THEN v_call->'why' END;
            v_standing := policy_wrap.consent_v1(v_team, v_server, v_grant, v_call->>'tool', v_call->>'policy', v_terms,
              v_why, v_now, v_host, v_uid);
            v_kind := v_standing->>'kind'; v_approval := v_standing->>'id';
          ELSE
            PERFORM policy_wrap.withdraw_v1(v_team, v_server, v_grant, v_call->>'tool', v_terms->>'hash',
              v_call->>'policy', v_now, v_host);
          END IF;
          CASE v_kind
            WHEN 'allowed', 'approved' THEN v_kind := 'allowed';
            WHEN 'pending' THEN
              v_kind := 'asked'; v_decision := 'ask'; v_code := 'APPROVAL_REQUIRED';
              v_more := v_standing - 'kind' - 'id';
            WHEN 'rejected', 'expired' THEN
              v_code := CASE v_kind WHEN 'rejected' THEN 'APPROVAL_REJECTED' ELSE 'APPROVAL_EXPIRED' END;
              v_kind := 'refused'; v_more := v_standing - 'kind' - 'id';
            WHEN 'impossible' THEN v_kind := 'refused'; v_code := 'APPROVAL_REQUIRED';
            -- The question must be worded by what was found here: nothing is decided, and the call comes again.
            ELSE v_kind := 'word';
          END CASE;
        ELSIF v_rule IS NOT NULL THEN
          -- Nobody can be asked, or nobody is because nothing is enforced.
          IF v_asked_limit IS NOT NULL AND NOT v_observe THEN v_kind := 'exceeded'; v_code := 'LIMIT';
          ELSE v_kind := 'refused'; v_decision := 'ask'; v_code := 'APPROVAL_REQUIRED';
          END IF;
        END IF;
      END IF;
      IF v_kind = 'allowed' THEN v_decision := 'allow'; v_rule := NULL; END IF;
    END IF;

    IF v_kind <> 'word' THEN
      IF v_decision = 'allow' OR v_observe AND coalesce(v_code, '') NOT IN ('MALFORMED', 'PAUSED') THEN
        v_called := policy_wrap.tool_v1(v_team, v_server, v_call->>'tool');
      END IF;
      IF v_kind = 'allowed' AND v_call ? 'charges' THEN
        v_records := '[]'; v_part := 0; v_touched := '{}';
        FOR v_charge IN SELECT value FROM jsonb_array_elements(v_call->'charges') LOOP
          v_i := (v_charge->>0)::integer + 1;
          v_records := v_records || jsonb_build_array(
            jsonb_build_array(k_id[v_i], k_clock[v_i], v_charge->>1, (v_charge->>4)::integer));
          v_refunds := v_refunds | (1 << (v_charge->>4)::integer);
          IF v_charge->>6 IS NOT NULL AND v_i <> ALL (v_touched) AND k_live[v_i] < (v_charge->>6)::numeric
            AND k_live[v_i] + k_added[v_i] >= (v_charge->>6)::numeric THEN
            v_touched := v_touched || v_i;
            v_filled := coalesce(v_filled, '[]') || jsonb_build_array(
              jsonb_build_array(v_part, (k_live[v_i] + k_added[v_i])::text));
            PERFORM policy_wrap.note_v1(v_team, v_now, v_host, 'wrapper', 'limit.filling', jsonb_build_object(
              'name', left(req->'counters'->(v_i - 1)->>'name', 1000), 'server', v_server, 'tool', v_call->>'tool',
              'rule', v_charge->>5, 'used', (k_live[v_i] + k_added[v_i])::text, 'max', v_charge->>2));
          END IF;
          v_part := v_part + 1;
        END LOOP;
      END IF;
      INSERT INTO policy_wrap.decisions (team, at, batch, session, called, tool, decision, code, rule, policy, arguments,
          request, approval, charges, refunds)
        VALUES (v_team, v_now, v_batch, v_session, v_called, v_call->>'tool', v_decision, v_code, v_rule,
          v_call->>'policy', v_call->>'arguments', v_call->>'request', v_approval, v_records, v_refunds)
        RETURNING id INTO v_row;
      v_first := coalesce(v_first, v_row); v_last := v_row;
      IF v_records IS NOT NULL THEN
        INSERT INTO policy_wrap.charges (counter, at, decision, part, amount)
          SELECT (e.c->>0)::bigint, (e.c->>1)::bigint, v_row, e.n - 1, (e.c->>2)::numeric
          FROM jsonb_array_elements(v_records) WITH ORDINALITY AS e(c, n);
      END IF;
    END IF;
    v_touched := '{}';
    FOR v_charge IN SELECT value FROM jsonb_array_elements(CASE WHEN v_checks IS NOT NULL THEN v_call->'charges' END) LOOP
      v_i := (v_charge->>0)::integer + 1;
      IF v_kind = 'allowed' THEN
        v_amount := (v_charge->>1)::numeric;
        k_live[v_i] := k_live[v_i] + v_amount; k_used[v_i] := k_used[v_i] + v_amount;
        k_oldest[v_i] := least(k_oldest[v_i], k_clock[v_i]);
        k_dirty[v_i] := true;
        IF v_i <> ALL (v_touched) THEN k_max[v_i] := (v_charge->>2)::numeric; END IF;
        v_touched := v_touched || v_i;
      END IF;
      k_added[v_i] := 0;
    END LOOP;
    v_calls := v_calls || jsonb_build_array(v_more || jsonb_build_object('kind', v_kind, 'row', v_row, 'code', v_code)
      || CASE WHEN v_kind IN ('allowed', 'refused') AND v_filled IS NULL AND v_held IS NULL AND NOT req ? 'peek' THEN '{}'
        ELSE jsonb_build_object('checks', v_checks, 'demands', v_held, 'filled', v_filled) END);
  END LOOP;

  FOR v_i IN 1 .. cardinality(k_id) LOOP
    CONTINUE WHEN NOT k_dirty[v_i];
    UPDATE policy_wrap.counters SET used = k_used[v_i], clock = greatest(clock, k_clock[v_i]), oldest = k_oldest[v_i],
      max = k_max[v_i], period = k_period[v_i], before = k_before[v_i] WHERE id = k_id[v_i];
  END LOOP;
  IF v_first IS NOT NULL THEN
    UPDATE policy_wrap.batches SET first = v_first, last = v_last WHERE team = v_team AND id = v_batch;
  END IF;
  RETURN jsonb_build_object('status', 'ok', 'now', v_now, 'epoch', v_epoch, 'roles', v_roles, 'calls', v_calls);
END $$;
`;
