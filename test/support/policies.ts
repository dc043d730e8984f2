/** A policy of PolicyLayer, pasted as it is. */
export const PASTED = {
  version: '1',
  default: 'deny',
  tools: {
    track_logout: { limits: [{ counter: 'track_logout_rate', window: 'minute', max: 30, scope: 'grant' }] },
  },
};

export const ALLOW_ALL = { version: '1', default: 'allow' };
