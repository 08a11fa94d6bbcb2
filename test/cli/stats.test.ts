import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const strata = fileURLToPath(new URL('../../bin/strata', import.meta.url));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(strata, args, { encoding: 'utf8' });
}

t.test('a mount tells what it has done', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => scratch.directory(name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(`${lower}/file`, 'lower');
  const at = scratch.directory('a "mount" of\nours');
  await scratch.mount({ lower: [lower], upper, work, at });
  // Another process, as no process should wait for a mount whose server it has started.
  spawnSync('sh', ['-c', 'echo more >> "$1/file"', 'sh', at]);

  const json = run('stats', '--json', at);
  const stats = JSON.parse(json.stdout) as Record<string, unknown>;
  t.match(stats, { copyUps: 1, copiedBytes: 5, requests: { INIT: 1, LOOKUP: Number } });

  const metrics = run('stats', '--prometheus', at).stdout.split('\n');
  const label = String.raw`mountpoint="${at.replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`)}"`;
  t.ok(metrics.includes(`strata_copied_bytes_total{${label}} 5`));
  t.ok(metrics.includes('# TYPE strata_copied_bytes_total counter'));
  t.ok(metrics.includes('# TYPE strata_nodes gauge'));
  t.ok(metrics.includes(`strata_requests_total{${label},opcode="INIT"} 1`));

  t.match(run('stats', at).stdout, /^ +5 +Bytes of data read and written for copy-ups$/m);
});

t.test('what is no mount of ours is an error that says what to do', async (t) => {
  const scratch = makeScratch(t);
  const plain = scratch.directory('plain');
  writeFileSync(`${plain}/file`, '');
  for (const place of [plain, `${plain}/file`, `${plain}/absent`]) {
    const { status, stdout, stderr } = run('stats', place);
    t.equal(status, 1);
    t.equal(stdout, '');
    t.match(stderr, /^strata: .*: .*\n$/, place);
  }
});

t.test('what is not a command names the help', async (t) => {
  const { status, stderr } = run('statistics');
  t.equal(status, 1);
  t.match(stderr, /unknown command 'statistics'/);
  t.match(stderr, /strata --help/);
});
