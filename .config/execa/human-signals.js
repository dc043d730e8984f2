// Takes the place of a package that describes each signal in a sentence, in the making of which every start of a
// wrapper waited 2 ms. execa looks for one here when a signal ended the server, for an error that we do not show.
import { constants } from 'node:os';

export const signalsByName = Object.fromEntries(
  Object.keys(constants.signals).map((name) => [name, { name, description: name }]),
);
