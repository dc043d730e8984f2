/** Approvals and budgets inside `admit_v1`. Only the schema's owner may execute these. */
export const CONSENT = /* sql */ `
-- An approval as it stands: one that has expired says so, and keeps no values of the call.
CREATE FUNCTION policy_wrap.approval_v1(v_row policy_wrap.approvals, v_now bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', v_row.id, 'who', v_row.who, 'host', v_row.host, 'server', v_row.server, 'grant', v_row.grant_name,
    'tool', v_row.tool, 'arguments', CASE WHEN o.over THEN v_row.kept ELSE v_row.arguments END,
    'argumentsHash', v_row.arguments_hash, 'policyHash', v_row.policy, 'rule', v_row.rule,
    'reason', CASE WHEN o.over THEN v_row.kept_reason ELSE v_row.reason END, 'severe', v_row.severe,
    'lookedAt', v_row.looked_at, 'channels', v_row.channels, 'session', v_row.session,
    'state', CASE WHEN o.over THEN 'expired' ELSE v_row.state END, 'askedAt', v_row.asked_at,
    'expiresAt', v_row.expires_at, 'decidedAt', v_row.decided_at, 'decidedBy', v_row.decided_by,
    'decidedWho', v_row.decided_who, 'note', v_row.note)
  FROM (SELECT v_row.state IN ('pending', 'approved') AND v_row.expires_at <= v_now AS over) o
$$;

-- Closes what is open for a call that passed without it, so that nobody approves the call a second time.
CREATE FUNCTION policy_wrap.withdraw_v1(
  v_team text, v_server text, v_grant text, v_tool text, v_hash text, v_policy text, v_now bigint, v_host text
) RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_id text;
  v_note constant text := 'the call needed no approval any more';
BEGIN
  FOR v_id IN UPDATE policy_wrap.approvals
    SET state = 'expired', note = v_note, decided_by = coalesce(decided_by, 'wrapper'),
      arguments = kept, reason = kept_reason
    WHERE team = v_team AND server = v_server AND grant_name = v_grant AND arguments_hash = v_hash
      AND tool = v_tool AND policy = v_policy AND who = session_user AND state IN ('pending', 'approved')
    RETURNING id
  LOOP
    PERFORM policy_wrap.note_v1(v_team, v_now, v_host, 'wrapper', 'approval.expired',
      jsonb_build_object('approval', v_id, 'note', v_note));
  END LOOP;
END $$;

-- An equal call was faster with the approval that this one was held for: it needs one of its own.
CREATE FUNCTION policy_wrap.unspent_v1(v_team text, v_server text, v_grant text, v_tool text, v_policy text, v_terms jsonb)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN EXISTS (
    SELECT FROM policy_wrap.approvals WHERE team = v_team AND id = v_terms->>'id' AND server = v_server
      AND grant_name = v_grant AND tool = v_tool AND who = session_user AND arguments_hash = v_terms->>'hash'
      AND policy = v_policy AND state = 'consumed'
  ) THEN v_terms - 'id' ELSE v_terms END
$$;

-- A budget that the call fits in.
CREATE FUNCTION policy_wrap.budget_v1(
  v_team text, v_server text, v_grant text, v_tool text, v_policy text, v_terms jsonb, v_now bigint
) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT b.id FROM policy_wrap.budgets b
  WHERE b.team = v_team AND b.who = session_user AND b.server = v_server AND b.grant_name = v_grant
    AND b.tool = v_tool AND b.policy = v_policy AND b.calls_left > 0 AND b.expires_at > v_now
    AND (b.bound_path IS NULL OR (
      v_terms->'numbers' ? b.bound_path AND jsonb_typeof(v_terms->'amounts') = 'array'
      AND (v_terms->'numbers'->>b.bound_path)::numeric BETWEEN 0 AND b.bound_max
      AND NOT EXISTS (SELECT FROM jsonb_array_elements_text(v_terms->'amounts') a
        WHERE a.value::numeric NOT BETWEEN 0 AND b.bound_max)))
  ORDER BY b.expires_at, b.id LIMIT 1
$$;

-- Where a call that needs a person stands: {"kind": "approved" | "pending" | "rejected" | "expired" | "impossible",
-- "id", "approval", "isNew"}; "unknown" where the question must be worded first. What is approved is used up here.
CREATE FUNCTION policy_wrap.consent_v1(
  v_team text, v_server text, v_grant text, v_tool text, v_policy text, v_terms jsonb, v_why jsonb, v_now bigint,
  v_host text, v_session text
) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_hash constant text := v_terms->>'hash';
  v_row policy_wrap.approvals;
  v_found jsonb;
  v_budget text;
BEGIN
  IF v_terms->>'id' IS NOT NULL THEN
    SELECT * INTO v_row FROM policy_wrap.approvals WHERE team = v_team AND id = v_terms->>'id' FOR UPDATE;
  ELSE
    SELECT * INTO v_row FROM policy_wrap.approvals
    WHERE team = v_team AND server = v_server AND grant_name = v_grant AND arguments_hash = v_hash
      AND tool = v_tool AND policy = v_policy AND who = session_user
      AND state IN ('pending', 'approved', 'rejected') AND expires_at > v_now
    ORDER BY CASE state WHEN 'approved' THEN 0 WHEN 'pending' THEN 1 ELSE 2 END, asked_at, id LIMIT 1 FOR UPDATE;
  END IF;
  IF v_row.id IS NULL THEN
    IF v_terms->>'id' IS NOT NULL THEN RETURN '{"kind": "impossible"}'; END IF;
  ELSE
    IF v_row.server <> v_server OR v_row.grant_name <> v_grant OR v_row.tool <> v_tool OR v_row.who <> session_user
      OR v_row.arguments_hash <> v_hash OR v_row.policy <> v_policy THEN
      RETURN '{"kind": "impossible"}';
    END IF;
    v_found := policy_wrap.approval_v1(v_row, v_now);
    IF v_found->>'state' = 'consumed' THEN RETURN '{"kind": "impossible"}'; END IF;
    IF v_found->>'state' = 'approved' THEN
      UPDATE policy_wrap.approvals SET state = 'consumed', arguments = kept, reason = kept_reason
      WHERE team = v_team AND id = v_row.id AND state = 'approved' AND expires_at > v_now;
      IF NOT FOUND THEN RAISE EXCEPTION 'approval % cannot be consumed', v_row.id; END IF;
      PERFORM policy_wrap.note_v1(v_team, v_now, v_host, 'wrapper', 'approval.consumed',
        jsonb_build_object('approval', v_row.id));
      RETURN jsonb_build_object('kind', 'approved', 'id', v_row.id);
    END IF;
    IF v_found->>'state' <> 'pending' OR v_terms->>'id' IS NOT NULL THEN
      RETURN jsonb_build_object('kind', v_found->>'state', 'id', v_row.id, 'approval', v_found, 'isNew', false);
    END IF;
  END IF;
  v_budget := policy_wrap.budget_v1(v_team, v_server, v_grant, v_tool, v_policy, v_terms, v_now);
  IF v_budget IS NOT NULL THEN
    UPDATE policy_wrap.budgets SET calls_left = calls_left - 1
    WHERE team = v_team AND id = v_budget AND calls_left > 0 AND expires_at > v_now;
    IF FOUND THEN
      PERFORM policy_wrap.note_v1(v_team, v_now, v_host, 'wrapper', 'budget.used',
        jsonb_build_object('budget', v_budget));
      PERFORM policy_wrap.withdraw_v1(v_team, v_server, v_grant, v_tool, v_hash, v_policy, v_now, v_host);
      RETURN jsonb_build_object('kind', 'approved', 'id', v_budget);
    END IF;
  END IF;
  IF v_found IS NOT NULL THEN
    RETURN jsonb_build_object('kind', 'pending', 'id', v_row.id, 'approval', v_found, 'isNew', false);
  END IF;
  IF v_why IS NULL THEN RETURN '{"kind": "unknown"}'; END IF;
  -- A flood of prompts must not bury the one that matters, also under names of servers that are made up, and what cannot
  -- be shown whole cannot be approved.
  IF char_length(v_terms->>'text') > 262144 OR json_typeof((v_terms->>'text')::json) <> 'object' OR (
    SELECT count(*) FILTER (WHERE server = v_server AND grant_name = v_grant) >= 50 OR count(*) >= 500
    FROM policy_wrap.approvals WHERE team = v_team AND who = session_user AND state = 'pending' AND expires_at > v_now
  ) THEN
    RETURN '{"kind": "impossible"}';
  END IF;
  UPDATE policy_wrap.approvals
  SET state = 'expired', decided_by = coalesce(decided_by, 'wrapper'), arguments = kept, reason = kept_reason
  WHERE team = v_team AND server = v_server AND grant_name = v_grant AND arguments_hash = v_hash AND tool = v_tool
    AND policy = v_policy AND who = session_user AND state = 'pending' AND expires_at <= v_now;
  INSERT INTO policy_wrap.approvals (team, id, who, host, server, grant_name, tool, arguments_hash, policy, arguments,
    rule, reason, severe, session, state, asked_at, keeps_ms, expires_at, channels, kept, kept_reason, looked_at)
  VALUES (v_team, v_terms->>'newId', session_user, v_host, v_server, v_grant, v_tool, v_hash, v_policy,
    v_terms->>'text', v_why->>'rule', v_why->>'reason', coalesce((v_terms->>'severe')::boolean, false), v_session,
    'pending', v_now, (v_terms->>'expires')::bigint, v_now + (v_terms->>'expires')::bigint, v_terms->>'channels',
    v_terms->>'kept', v_why->>'kept', v_terms->>'lookedAt')
  ON CONFLICT DO NOTHING RETURNING * INTO v_row;
  -- The id is taken, or another machine asks the same at this moment: the client comes again with another.
  IF v_row.id IS NULL THEN RETURN '{"kind": "unknown"}'; END IF;
  PERFORM policy_wrap.note_v1(v_team, v_now, v_host, 'wrapper', 'approval.asked',
    jsonb_build_object('approval', v_row.id, 'server', v_server, 'grant', v_grant, 'tool', v_tool));
  RETURN jsonb_build_object('kind', 'pending', 'id', v_row.id, 'approval', policy_wrap.approval_v1(v_row, v_now),
    'isNew', true);
END $$;
`;
