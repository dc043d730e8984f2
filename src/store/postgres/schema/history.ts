/**
 * Whether the engine still has what machines were told of. After a restored backup, or a failover that lost some, it has
 * not: nothing is decided until an owner goes on with it as it is.
 */
export const HISTORY = /* sql */ `
-- Whether history that a machine has seen is still there: 'epoch' or 'row' where it is not.
CREATE FUNCTION policy_wrap.lost_v1(v_team text, v_epoch uuid, v_tidied bigint, v_mark jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_row bigint := (v_mark->>'row')::bigint;
BEGIN
  IF v_mark IS NULL OR jsonb_typeof(v_mark) = 'null' THEN RETURN NULL; END IF;
  IF (v_mark->>'epoch')::uuid <> v_epoch THEN
    -- An owner has accepted what came after that epoch, or has accepted a history since this machine heard last: a copy
    -- that is older than an epoch does not know of it.
    IF EXISTS (
      SELECT FROM policy_wrap.epochs
      WHERE team = v_team AND (epoch = (v_mark->>'epoch')::uuid OR ended_at > (v_mark->>'at')::bigint)
    ) THEN
      RETURN NULL;
    END IF;
    RETURN 'epoch';
  END IF;
  -- The number alone would not tell: others may have gone on from an older copy.
  IF v_row IS NULL OR v_row <= v_tidied OR EXISTS (
    SELECT FROM policy_wrap.decisions WHERE team = v_team AND id = v_row AND batch = (v_mark->>'batch')::uuid
  ) THEN
    RETURN NULL;
  END IF;
  RETURN 'row';
END $$;

-- Writes down that a machine misses what it was told of: the owner may sit at another one, which misses nothing.
CREATE FUNCTION policy_wrap.note_loss_v1(v_team text, v_host text, v_mark jsonb) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO policy_wrap.losses AS l (team, who, host, at, mark)
  SELECT v_team, session_user, left(v_host, 200), policy_wrap.now_v1(), jsonb_build_object(
    'epoch', (v_mark->>'epoch')::uuid, 'row', (v_mark->>'row')::bigint, 'batch', (v_mark->>'batch')::uuid,
    'at', (v_mark->>'at')::bigint)
  -- A login may invent hosts.
  WHERE (SELECT count(*) FROM policy_wrap.losses WHERE team = v_team AND who = session_user) < 100
  ON CONFLICT (team, who, host) DO UPDATE SET at = excluded.at, mark = excluded.mark WHERE l.at < excluded.at - 15000
$$;

-- Machines that miss something now: {who, host, at, knew}.
CREATE FUNCTION policy_wrap.losses_v1(v_team text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('who', l.who, 'host', l.host, 'at', l.at, 'knew', l.mark->'at')
    ORDER BY l.at), '[]')
  FROM policy_wrap.losses l JOIN policy_wrap.teams t ON t.team = l.team
  WHERE l.team = v_team AND policy_wrap.lost_v1(v_team, t.epoch, t.tidied, l.mark) IS NOT NULL
$$;

-- What of its history is missing, by what the asking machine remembers and by what others have said.
CREATE FUNCTION policy_wrap.history_v1(v_team text, v_mark jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM policy_wrap.need_role_v1(v_team, ARRAY['wrapper', 'approver', 'auditor', 'owner']);
  RETURN (
    SELECT jsonb_build_object('lost', policy_wrap.lost_v1(v_team, t.epoch, t.tidied, v_mark),
      'newest', (SELECT d.at FROM policy_wrap.decisions d WHERE d.team = v_team ORDER BY d.id DESC LIMIT 1),
      'others', policy_wrap.losses_v1(v_team))
    FROM policy_wrap.teams t WHERE t.team = v_team);
END $$;

-- Goes on with the history as it is: machines that remember more take the new epoch. @returns false, and nothing is
-- changed, where no machine misses anything
CREATE FUNCTION policy_wrap.accept_v1(v_team text, v_by text, v_host text, v_mark jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_now constant bigint := policy_wrap.now_v1();
  v_is_lost boolean;
BEGIN
  PERFORM policy_wrap.safely_v1(), policy_wrap.need_role_v1(v_team, ARRAY['owner']);
  SELECT policy_wrap.lost_v1(v_team, t.epoch, t.tidied, v_mark) IS NOT NULL OR policy_wrap.losses_v1(v_team) <> '[]'
    INTO v_is_lost FROM policy_wrap.teams t WHERE t.team = v_team FOR UPDATE;
  IF NOT v_is_lost THEN RETURN false; END IF;
  INSERT INTO policy_wrap.epochs (team, epoch, ended_at, who)
    SELECT v_team, x.epoch, v_now, session_user FROM (
      SELECT epoch FROM policy_wrap.teams WHERE team = v_team
      UNION SELECT (v_mark->>'epoch')::uuid
      UNION SELECT (l.mark->>'epoch')::uuid FROM policy_wrap.losses l WHERE l.team = v_team
    ) x WHERE x.epoch IS NOT NULL
    ON CONFLICT DO NOTHING;
  UPDATE policy_wrap.teams SET epoch = gen_random_uuid() WHERE team = v_team;
  DELETE FROM policy_wrap.losses WHERE team = v_team;
  PERFORM policy_wrap.note_v1(v_team, v_now, v_host, v_by, 'history.accepted', '{}');
  RETURN true;
END $$;
`;
