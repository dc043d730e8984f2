/**
 * The words that flows.ts goes by, in the singular. Names are read first; the first sentence of a description stands in
 * where a name says nothing.
 */

/** Text that strangers write: whoever reads it may read orders to an agent. */
export const FOREIGN_TEXT =
  'web website webpage internet email mail inbox gmail message chat conversation sms dm comment issue pullrequest ' +
  'mergerequest discussion feedback tweet post reddit subreddit rss news article blog ticket transcript attachment ' +
  'correo mensaje comentario';

/** The same, where they stand in a name: in a sentence they may mean something else. */
export const FOREIGN_IN_NAMES =
  'html url link thread channel review feed notification wiki submission invite forum video youtube pastebin note pagina';

/** What a browser shows of a page. */
export const PAGE_PARTS =
  'page dom snapshot screenshot console html text visible accessibility network locator';
export const BROWSERS = 'browser playwright puppeteer selenium webdriver chrome chromium firefox devtools';

/** Verbs that go out for text. */
export const GOES_OUT = 'scrape crawl browse navigate visit goto fetch download clone';

/** Data of the person or the company, which a stranger must not see. */
export const OWN_DATA =
  'file directory folder filesystem document database record email mail inbox gmail message calendar contact customer ' +
  'employee patient invoice payment transaction payroll repository issue pullrequest commit clipboard credential ' +
  'archivo documento correo mensaje cliente factura pago comprobante';

/** The same, where they stand in a name: in a sentence they may mean something else. */
export const OWN_IN_NAMES =
  'doc note drive dropbox table row sql query collection bucket object blob thread chat conversation channel event ' +
  'client user member account balance order subscription charge statement transfer payout tax ticket project task repo ' +
  'code branch diff log audit screen memory entity graph observation workspace environment variable config setting ' +
  'secret key session history profile photo attachment report deal lead opportunity workflow execution spec kv group ' +
  'team organization cuenta saldo pedido usuario contacto kubectl kubernetes pod namespace deployment container';

/** Read where these stand, it is nobody's in particular: prices, maps, manuals. */
export const PUBLIC_DATA =
  'web website internet google bing brave duckduckgo tavily exa serp news weather map place geocode direction route ' +
  'elevation library package npm pypi wikipedia arxiv paper docs documentation reference holiday time timezone currency ' +
  'rate price quote stock crypto coin market exchange play store product trend youtube reddit template catalog learning ' +
  'help tool model color node';

/** What opens other doors. */
export const SECRETS =
  'env dotenv secret credential password passwd passphrase keychain keyring vault cookie apikey privatekey accesstoken ' +
  'otp totp mnemonic seedphrase';

/** Behind a word of secrets these say that it is about them: `secret_types`. */
export const ABOUT_SECRETS =
  'type location scan scanner query policy rule setting template status count resolution';

/** Verbs that give something to others. */
export const GIVES =
  'send post publish upload forward reply respond share invite tweet toot retweet email mail sms notify push broadcast ' +
  'submit emit deliver announce message dm fax export sync comment enviar envia publicar publica compartir subir ' +
  'responder notificar mandar manda';

/** Written, others read it. */
export const SEEN_BY_OTHERS =
  'comment issue pullrequest mergerequest discussion review note message post tweet gist thread reply email mail sms ' +
  'attachment webhook notification invite invitation announcement newsletter campaign reaction story';

/** Arguments that name somebody who gets it. */
export const RECIPIENTS =
  'to cc bcc recipient recipients attendee attendees invitee invitees destinatario destinatarios phone tonumber mailto ' +
  'emailto sendto';

/** Arguments with what is sent along to an address. */
export const BODIES = 'body data payload content json form headers value text';
