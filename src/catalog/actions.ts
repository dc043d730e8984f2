/** What the `action` of an entry may be, from the mildest on. */
const ACTIONS: readonly unknown[] = [undefined, 'allow', 'approve', 'deny', 'hide'];

export const isStricterAction = (action: unknown, than: unknown): boolean =>
  ACTIONS.indexOf(action) > ACTIONS.indexOf(than);
