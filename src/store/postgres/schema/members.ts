/**
 * Teams and who may do what: a role is a row, and the right to execute that role's functions, so that a login of another
 * role is stopped by the engine before ours is asked.
 */
export const MEMBERS = /* sql */ `
-- Which functions a role may execute; later versions add theirs.
CREATE TABLE policy_wrap.rights (
  role text COLLATE "C" NOT NULL,
  signature text NOT NULL,
  PRIMARY KEY (role, signature)
);

-- Gives a login the right to execute what its roles need.
CREATE FUNCTION policy_wrap.execute_v1(v_login text) RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_one record;
BEGIN
  -- What owns the functions may execute them anyhow, and must.
  IF v_login = current_user THEN RETURN; END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA policy_wrap TO %I', v_login);
  FOR v_one IN SELECT r.signature, bool_or(m.login IS NOT NULL) AS may FROM policy_wrap.rights r
    LEFT JOIN policy_wrap.members m ON m.role = r.role AND m.login = v_login GROUP BY r.signature
  LOOP
    IF v_one.may THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION policy_wrap.%s TO %I', v_one.signature, v_login);
    ELSE
      EXECUTE format('REVOKE EXECUTE ON FUNCTION policy_wrap.%s FROM %I', v_one.signature, v_login);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION policy_wrap.grant_v1(v_team text, v_login text, v_role text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM policy_wrap.need_role_v1(v_team, ARRAY['owner']);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_login) THEN
    RAISE EXCEPTION 'there is no login %', v_login USING ERRCODE = 'PW404';
  END IF;
  INSERT INTO policy_wrap.members (team, login, role) VALUES (v_team, v_login, v_role) ON CONFLICT DO NOTHING;
  PERFORM policy_wrap.execute_v1(v_login);
  PERFORM policy_wrap.note_v1(v_team, policy_wrap.now_v1(), '', 'cli', 'member.granted',
    jsonb_build_object('login', v_login, 'role', v_role));
END $$;

CREATE FUNCTION policy_wrap.revoke_v1(v_team text, v_login text, v_role text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM policy_wrap.need_role_v1(v_team, ARRAY['owner']);
  DELETE FROM policy_wrap.members WHERE team = v_team AND login = v_login AND role = v_role;
  IF NOT FOUND THEN RETURN; END IF;
  IF NOT EXISTS (SELECT FROM policy_wrap.members WHERE team = v_team AND role = 'owner') THEN
    RAISE EXCEPTION 'team % would have no owner', v_team USING ERRCODE = 'PW409';
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = v_login) THEN PERFORM policy_wrap.execute_v1(v_login); END IF;
  PERFORM policy_wrap.note_v1(v_team, policy_wrap.now_v1(), '', 'cli', 'member.revoked',
    jsonb_build_object('login', v_login, 'role', v_role));
END $$;

-- Makes a team, or finds it. Only who owns the schema may execute this.
CREATE FUNCTION policy_wrap.team_v1(v_team text) RETURNS void LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO policy_wrap.teams (team, made_at) VALUES (v_team, policy_wrap.now_v1()) ON CONFLICT DO NOTHING;
  INSERT INTO policy_wrap.members (team, login, role)
    SELECT v_team, session_user, 'owner'
    WHERE NOT EXISTS (SELECT FROM policy_wrap.members WHERE team = v_team AND role = 'owner');
  PERFORM policy_wrap.execute_v1(login) FROM policy_wrap.members WHERE team = v_team GROUP BY login;
END $$;

-- What a client needs to know before its first request.
CREATE FUNCTION policy_wrap.hello_v1(v_team text) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_epoch uuid;
BEGIN
  PERFORM policy_wrap.need_role_v1(v_team, ARRAY['wrapper', 'approver', 'auditor', 'owner']);
  SELECT epoch INTO v_epoch FROM policy_wrap.teams WHERE team = v_team;
  RETURN jsonb_build_object('now', policy_wrap.now_v1(), 'epoch', v_epoch,
    'roles', ARRAY(SELECT role FROM policy_wrap.members WHERE team = v_team AND login = session_user ORDER BY role));
END $$;
`;

const ALL = ['wrapper', 'approver', 'auditor', 'owner'] as const;

/** Which roles may execute what, by signature. What is not here only the schema's owner may execute. */
export const RIGHTS: Readonly<Record<string, readonly (typeof ALL)[number][]>> = {
  'hello_v1(text)': ALL,
  'admit_v1(jsonb)': ['wrapper'],
  'flush_v1()': ['wrapper'],
  'grant_v1(text, text, text)': ['owner'],
  'revoke_v1(text, text, text)': ['owner'],
  'history_v1(text, jsonb)': ALL,
  'calendars_v1(text)': ALL,
  'counters_v1(text, jsonb, jsonb, text, bigint)': ALL,
  'counter_names_v1(text, bigint)': ALL,
  'log_v1(text, jsonb)': ALL,
  'events_v1(text, jsonb)': ALL,
  'sessions_v1(text, text)': ALL,
  'approvals_v1(text, jsonb)': ALL,
  'standing_v1(text)': ALL,
  'decide_v1(text, text, text, text, text, jsonb, text)': ['approver', 'wrapper'],
  'revoke_budget_v1(text, text, text, text)': ['approver', 'owner'],
  'pause_v1(text, text, text, text, text)': ['wrapper', 'approver', 'owner'],
  'resume_v1(text, text, text, text)': ['approver', 'owner'],
  'reset_v1(text, jsonb, jsonb, bigint, text, text)': ['owner'],
  'import_v1(text, jsonb, text, text)': ['owner'],
  'offline_v1(text, jsonb, text, text, jsonb)': ['wrapper'],
  'accept_v1(text, text, text, jsonb)': ['owner'],
  'tidy_v1(text)': ['wrapper', 'owner'],
};
