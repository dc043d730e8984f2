/** What shared files may ask for where they run in Node; nothing in a browser calls it. */
declare const require: (name: string) => unknown;
