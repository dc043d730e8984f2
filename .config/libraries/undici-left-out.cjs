// Takes the place of what undici has for HTTP/2 and for bodies of forms: src/upstream/http/http-client.ts asks for
// HTTP/1.1 and sends streams of bytes.
/** @throws always: undici was asked for what the bundle leaves out */
module.exports = () => {
  throw new Error('the bundle has undici without HTTP/2 and without bodies of forms');
};
module.exports.extractBody = module.exports;
