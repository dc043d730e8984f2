import { LIVE } from './api/live.js';
import { POLICY } from './api/policy.js';
import { SHELL } from './api/shell.js';
import { TOOL } from './api/tool.js';
import { TOOLS } from './api/tools.js';
import { TRYING } from './api/trying.js';
import { WAITING } from './api/waiting.js';
import type { Route } from './route.js';

/** Every route of the page, by area: a new area is a file in `api/` and a line here. */
export const ROUTES: readonly Route[] = [
  ...SHELL,
  ...WAITING,
  ...TOOLS,
  ...TOOL,
  ...LIVE,
  ...POLICY,
  ...TRYING,
];
