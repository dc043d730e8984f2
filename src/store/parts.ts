import { ApprovalClock } from './approval-clock.js';
import { Approvals } from './approvals.js';
import { Budgets } from './budgets.js';
import { CallHistory } from './call-history.js';
import { Counters } from './counters/counters.js';
import { Forgotten } from './counters/forgotten.js';
import { PendingCharges } from './counters/pending-charges.js';
import { DecisionLog } from './decision-log.js';
import { Events } from './events.js';
import { Pauses } from './pauses.js';
import { Pins } from './pins.js';
import { Sessions } from './sessions.js';
import type { StateFile } from './sqlite/file.js';
import { Unsent } from './unsent.js';
import { Warnings } from './warnings.js';

/** What the store is made of, each made once for a file. All methods of all of them run inside a transaction of it. */
export class Parts {
  readonly file: StateFile;
  readonly sessions;
  readonly pending;
  readonly forgotten;
  readonly counters;
  readonly log;
  readonly events;
  readonly approvals;
  readonly approvalClock;
  readonly budgets;
  readonly pins;
  readonly pauses;
  readonly warnings;
  readonly calls;
  readonly unsent;

  constructor(file: StateFile) {
    const { db } = file;
    this.file = file;
    this.sessions = new Sessions(file);
    this.pending = new PendingCharges(file);
    this.forgotten = new Forgotten(file);
    this.counters = new Counters(file, this.pending, this.forgotten);
    this.log = new DecisionLog(file, this.pending);
    this.events = new Events(db);
    this.approvals = new Approvals(db, this.events);
    this.approvalClock = new ApprovalClock(db, this.events);
    this.budgets = new Budgets(db, this.events);
    this.pins = new Pins(db, this.events);
    this.pauses = new Pauses(file, this.events);
    this.warnings = new Warnings(file, this.events);
    this.calls = new CallHistory(file);
    this.unsent = new Unsent(db);
  }
}
