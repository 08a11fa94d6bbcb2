import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata, programPath } from './fixtures/strata.ts';

t.test('prune', needs(...containerNeeds, 'program:script'), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const lines = (...args: string[]): string[] =>
    get(...args)
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  const containers = (): string[] =>
    (JSON.parse(get('ps', '-a', '--json')) as { name: string }[]).map(({ name }) => name).sort();

  get('run', '-d', '--name', 'runs', '-v', '/runs', 'base', 'sleep', '1000');
  get('run', '--name', 'ended', '-v', '/gone', '-v', 'named:/named', 'base', 'sh', '-c', 'echo 12345 > /new');
  get('create', '--name', 'never', 'base', 'true');
  get('commit', 'ended', 'one');
  get('commit', 'never', 'one');

  await t.test('without a terminal it says what would go, and nothing goes', async (t) => {
    const { status, stderr } = run('system', 'prune', '--volumes');
    t.equal(status, 1);
    t.match(stderr, /containers that do not run.*volumes that nobody named.*images without a name/);
    t.strictSame(containers(), ['ended', 'never', 'runs']);
  });

  await t.test('on a terminal it asks', async (t) => {
    for (const [answer, status] of [
      ['n\n', 1],
      // Ctrl-D, Ctrl-C.
      ['\x04', 1],
      ['\x03', 1],
      ['y\n', 0],
    ] as const) {
      // script(1) gives it a terminal.
      const child = spawn('script', ['-qec', `${programPath} container prune`, '/dev/null'], {
        env: { ...process.env, STRATA_ROOT: strata.root },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let shown = '';
      child.stdout.on('data', (chunk: Buffer) => {
        if (!shown.includes('[y/N]') && (shown + chunk.toString()).includes('[y/N]'))
          child.stdin.write(answer);
        shown += chunk.toString();
      });
      const [code] = (await once(child, 'close')) as [number];
      t.equal(code, status, shown);
      t.match(shown, / {2}- all containers that do not run/);
      t.equal(shown.includes('nothing was removed'), status === 1);
      t.notMatch(shown, /^ +at /m);
      t.strictSame(containers(), status === 1 ? ['ended', 'never', 'runs'] : ['runs']);
    }
  });

  await t.test('volumes and images', async (t) => {
    t.equal(lines('volume', 'ls', '-q').length, 3, 'a container takes none along');
    t.equal(lines('images', '-q').length, 3);
    get('create', '--name', 'never', 'one', 'true');
    t.match(get('system', 'prune', '-f'), /^Deleted container: [0-9a-f]{64}$.*^Deleted: sha256:/ms);
    t.strictSame(containers(), ['runs']);
    t.equal(lines('volume', 'ls', '-q').length, 3, 'not without --volumes');
    t.equal(lines('images', '-q').length, 2, 'the one that lost its name');
    t.match(get('system', 'prune', '-f', '--volumes'), /^Deleted volume: [0-9a-f]{64}$/m);
    t.equal(lines('volume', 'ls', '-q').length, 2);
    t.ok(lines('volume', 'ls', '-q').includes('named'));
    t.match(get('prune', '-af'), /^Untagged: one:latest$/m);
    t.equal(get('exec', 'runs', 'echo', 'on'), 'on');
  });
});
