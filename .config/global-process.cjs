// Takes the place of `node:process` in what every start of a wrapper loads (see build.js): the same object. CommonJS,
// so that packages which `require` it get all of it, and no namespace of a few names.
module.exports = globalThis.process;
