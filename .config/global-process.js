// Takes the place of `node:process` in what every start of a wrapper loads (see build.js): the same object.
export default globalThis.process;
export const { env, execArgv, execPath, hrtime, platform } = globalThis.process;
