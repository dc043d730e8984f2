/** Where a value stands in the arguments: `args.items[3].price`. Made into text only for a fault. */
export interface Place {
  readonly parent: Place | undefined;
  readonly step: string | number;
}

/** Longest key that is shown, in UTF-16 units. */
const LONGEST_KEY = 80;

export function shownKey(key: string): string {
  return JSON.stringify(key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key);
}

export function placeText(at: Place): string {
  const steps: string[] = [];
  for (let place: Place | undefined = at; place; place = place.parent) {
    const { step, parent } = place;
    if (!parent) steps.unshift(String(step));
    else if (typeof step === 'number') steps.unshift(`[${step}]`);
    else steps.unshift(/^[A-Za-z_][\w-]{0,60}$/.test(step) ? `.${step}` : `[${shownKey(step)}]`);
  }
  return steps.join('');
}
