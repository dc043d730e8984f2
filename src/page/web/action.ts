import { useState } from 'preact/hooks';
import { type ApiError, errorOf } from './api.js';
import { toast } from './components/toast.js';

/** What a button does. */
export interface Action {
  readonly isBusy: boolean;
  /** Why it could not be done, until it is tried again. */
  readonly error: ApiError | undefined;
  /** @returns whether it was done */
  readonly run: (work: () => Promise<void>) => Promise<boolean>;
}

/** @param onError is told in the place of `error` */
export function useAction(onError?: (error: ApiError) => void): Action {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = async (work: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      return true;
    } catch (thrown) {
      (onError ?? setError)(errorOf(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, run };
}

/** Where there is no place for an error on the screen. */
export const inPassing = ({ message }: ApiError): void => toast(message, 'bad');
