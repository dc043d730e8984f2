// The floor: a process between client and server that only moves bytes. With `--apart` the server is in a process group
// of its own, as it must be where nothing of it may stay behind; on Linux such calls wait for the scheduler a little more.
const { spawn } = require('node:child_process');

const apart = process.argv[2] === '--apart';
const [command, ...args] = process.argv.slice(apart ? 3 : 2);
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: apart });
process.stdin.pipe(child.stdin);
child.stdout.pipe(process.stdout);
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
