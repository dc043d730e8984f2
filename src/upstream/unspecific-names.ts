/** Names that do not say which server it is. */

/** Images that hold a runtime and no server, by the last part of their name. */
export const RUNTIME_IMAGES: ReadonlySet<string> = new Set(
  (
    'node python bun deno uv ruby php golang go rust openjdk eclipse-temurin java dotnet sdk runtime alpine debian ' +
    'ubuntu busybox fedora archlinux amazonlinux playwright miniconda3 micromamba nodejs'
  ).split(' '),
);

/** Programs that connect to a server elsewhere: what tells two of them apart is its host. */
export const BRIDGES: ReadonlySet<string> = new Set(['mcp-remote', 'mcp-proxy', 'supergateway']);
