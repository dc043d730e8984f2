/** The class alone: the package's main file also loads a pool, and another driver if a variable says so. */
declare module 'pg/lib/client.js' {
  import { Client } from 'pg';

  // biome-ignore lint/style/noDefaultExport: it is what the package has.
  export default Client;
}
