/** One thing that `doctor` says about clients. Codes are stable. */
export interface Finding {
  readonly code:
    | 'UNREADABLE'
    | 'BROKEN_ENTRY'
    | 'NODE_GONE'
    | 'SCRIPT_GONE'
    | 'OTHER_SCRIPT'
    | 'NO_DATABASE'
    | 'MOVING_PLACE'
    | 'MSIX_TWIN'
    | 'UNWRAPPED_TWIN'
    | 'SHARED_NAME'
    | 'SPLIT_NAME'
    | 'TRACKED_SECRET';
  readonly client: string;
  readonly path: string;
  readonly entry: string | undefined;
  readonly message: string;
  /** What to do, in the imperative. */
  readonly fix: string;
}
