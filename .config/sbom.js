// `npm run sbom`: what a published package consists of, as CycloneDX: npm's own list, without the tools that build and
// test it, and with what the bundles hold. To npm those are all needed for development alone.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { BUNDLED } from './notices.js';

const npm = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
  encoding: 'utf8',
  maxBuffer: 64 << 20,
  shell: process.platform === 'win32',
});
if (npm.status !== 0) {
  process.stderr.write(npm.stderr);
  process.exit(1);
}
const sbom = JSON.parse(npm.stdout);
const bundled = new Set(
  JSON.parse(readFileSync(BUNDLED, 'utf8')).map(({ name, version }) => `${name}@${version}`),
);

const FOR_DEVELOPMENT = 'cdx:npm:package:development';
const isBundled = ({ 'bom-ref': ref }) => bundled.has(ref.replace(/\|.*/, ''));
const isInstalled = ({ properties = [] }) => !properties.some(({ name }) => name === FOR_DEVELOPMENT);

// npm takes the folder's name.
Object.assign(sbom.metadata.component, { name: 'policy-wrap', type: 'application' });
sbom.components = sbom.components
  .filter((component) => isBundled(component) || isInstalled(component))
  .map((component) =>
    isBundled(component)
      ? {
          ...component,
          scope: 'required',
          properties: component.properties?.filter(({ name }) => name !== FOR_DEVELOPMENT),
        }
      : component,
  );
const refs = new Set([sbom.metadata.component, ...sbom.components].map((each) => each['bom-ref']));
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }));
process.stdout.write(`${JSON.stringify(sbom, null, 2)}\n`);
