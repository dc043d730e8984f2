/** What is asked about; the answer belongs to it until something is changed. */
export interface Question {
  readonly server: string;
  readonly tool: string;
  readonly args: string;
  readonly env: Readonly<Record<string, string>>;
}
