/** What a server may ask of the client, by the name that a policy has for it. Each has a method of the protocol. */
export const SERVER_REQUESTS = {
  sampling: 'sampling/createMessage',
  elicitation: 'elicitation/create',
  roots: 'roots/list',
} as const;

export type ServerRequestName = keyof typeof SERVER_REQUESTS;

const METHODS: ReadonlySet<string> = new Set(Object.values(SERVER_REQUESTS));

/** @returns whether a server asks the client for something by this method that a policy can judge */
export function isServerRequest(method: string): boolean {
  return METHODS.has(method);
}
