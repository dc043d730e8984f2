/**
 * How a request begins, before any counter is locked, and how it ends, when its locks are let go of. Only the schema's
 * owner may execute `enter_v1`.
 */
export const ENTER = /* sql */ `
-- Who asks, and whether that may be decided at all; notes the batch. o_answer: what there is to say instead.
CREATE FUNCTION policy_wrap.enter_v1(req jsonb, v_team text, v_batch uuid, v_host text, OUT o_answer jsonb,
  OUT o_session bigint, OUT o_server text, OUT o_grant text, OUT o_observe boolean, OUT o_epoch uuid, OUT o_roles text[],
  OUT o_least bigint, OUT o_now bigint)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_item constant jsonb := req->'session';
  v_tidied bigint; v_lost text; v_seen bigint;
BEGIN
  SELECT t.epoch, t.tidied, t.clock, ARRAY(
      SELECT m.role FROM policy_wrap.members m WHERE m.team = v_team AND m.login = session_user ORDER BY m.role)
    INTO o_epoch, v_tidied, o_least, o_roles FROM policy_wrap.teams t WHERE t.team = v_team;
  IF NOT FOUND OR 'wrapper' <> ALL (o_roles) THEN PERFORM policy_wrap.need_role_v1(v_team, ARRAY['wrapper']); END IF;
  -- Others wait for its locks meanwhile. A wrapper sends 64 calls at once.
  IF jsonb_array_length(req->'calls') > 200 OR jsonb_array_length(req->'counters') > 5000
    OR jsonb_array_length(req->'void') > 1000 THEN
    RAISE EXCEPTION 'a request of too many parts' USING ERRCODE = 'PW403';
  END IF;
  v_lost := policy_wrap.lost_v1(v_team, o_epoch, v_tidied, req->'mark');
  o_now := policy_wrap.now_v1();
  IF v_lost IS NOT NULL THEN
    PERFORM policy_wrap.note_loss_v1(v_team, v_host, req->'mark');
    o_answer := jsonb_build_object('status', 'history', 'lost', v_lost, 'now', o_now);
    RETURN;
  END IF;
  SELECT s.id, s.server, s.grant_name, s.observe, s.seen_at INTO o_session, o_server, o_grant, o_observe, v_seen
    FROM policy_wrap.sessions s WHERE s.team = v_team AND s.uid = v_item->>'uid' AND s.who = session_user;
  IF o_session IS NULL OR v_item ? 'info' OR o_now - v_seen >= 15000 OR o_now < v_seen OR v_item ? 'ended' THEN
    IF o_session IS NULL AND NOT v_item ? 'info' THEN
      o_answer := jsonb_build_object('status', 'session', 'now', o_now);
      RETURN;
    END IF;
    SELECT s.id, s.server, s.grant_name, s.observe INTO o_session, o_server, o_grant, o_observe
      FROM policy_wrap.session_v1(v_team, v_item, coalesce(req->>'machine', ''), v_host, o_now) s;
  END IF;
  INSERT INTO policy_wrap.batches (team, id, at, session) VALUES (v_team, v_batch, o_now, o_session)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN o_answer := jsonb_build_object('status', 'seen', 'now', o_now); END IF;
END $$;

CREATE FUNCTION policy_wrap.flush_v1() RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- What comes after in the write-ahead log is safe only when everything before it is.
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM pg_logical_emit_message(true, 'policy-wrap', '');
END $$;
`;
