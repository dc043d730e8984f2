/** What `help` says besides what each command is for. */
export const TOPICS = ['exit-codes'] as const;
