// Takes the place of a package that writes durations for people; for the same log of execa's as figures.js.
export default (ms) => `${Math.round(ms)}ms`;
