// Takes the place of ajv and its formats, which the SDK's client loads and makes a validator of where it is given none.
// Ours is given one (src/upstream/sdk-client.ts), so that a hundred kilobytes stay away.
/** @throws always: a client was made without a validator */
export default class {
  constructor() {
    throw new Error('the bundle has no ajv: make clients by src/upstream/sdk-client.ts');
  }
}
