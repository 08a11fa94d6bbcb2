/**
 * What lists many things stopped at one damaged file of an image, a container or a volume, and a container whose definition was damaged stopped
 * every command.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

const hint =
  'strata system check tells what else is, and strata system check --repair mends what can be mended';

t.test('a damaged container', needs(...containerNeeds), async (t) => {
  const { run, get, root } = makeStrata(t);
  const hurt = get('run', '-d', '--name', 'hurt', '-v', '/anonymous', 'base', 'sleep', '1000');
  get('run', '--name', 'sound', '-v', 'data:/v', 'base', 'true');
  const file = `${root}/containers/${hurt}/container.json`;
  const told = { status: 1, stderr: `strata: ${file} is damaged (it is not JSON): ${hint}\n` };
  const volumes = (): number => readdirSync(`${root}/volumes`).length;
  writeFileSync(file, '{');
  const listed = run('ps', '-a');
  t.match(listed, told);
  t.match(listed.stdout, / sound\n$/);
  t.match(run('system', 'df', '-v'), {
    ...told,
    stdout: /base +latest[^]* sound\n[^]*Local Volumes[^]*data +1 /,
  });
  t.match(run('volume', 'ls', '-q'), { ...told, stdout: /^data$/m });
  t.match(run('volume', 'inspect', 'data'), { ...told, stdout: /"Name": "data"/ });
  t.equal(volumes(), 2);
  t.match(run('volume', 'prune', '-f', '-a'), told);
  t.equal(volumes(), 2, 'what it has nobody can tell');
  t.match(run('images'), { status: 0, stderr: '' });
  t.match(run('system', 'df'), { status: 0, stderr: '' });
  t.match(run('run', '--rm', '-v', 'data:/v', 'base', 'echo', 'runs'), {
    status: 0,
    stdout: 'runs\n',
    stderr: '',
  });
  t.match(run('start', '-a', 'sound'), { status: 0, stderr: '' });
  t.match(run('inspect', hurt.slice(0, 8)), told);
  const found = run('system', 'check');
  t.match(found, {
    status: 2,
    stdout: new RegExp(`^container-file: ${file}: .* strata rm ${hurt.slice(0, 12)} removes`),
  });
  t.match(run('container', 'prune', '-f'), { ...told, stdout: /^Deleted container/ });
  t.match(run('rm', hurt.slice(0, 12)), { status: 1, stderr: /is damaged, and may run: strata rm -f/ });
  get('rm', '-f', hurt.slice(0, 12));
  t.match(run('ps', '-a'), { status: 0, stderr: '', stdout: /^[^\n]*\n$/ });
  t.equal(run('system', 'check').status, 0);
  get('rmi', 'base');
});

t.test('a damaged run', needs(...containerNeeds), async (t) => {
  const { run, get, root } = makeStrata(t);
  const id = get('create', '--name', 'hurt', 'base', 'true');
  get('run', '--name', 'sound', 'base', 'true');
  const file = `${root}/containers/${id}/run.json`;
  writeFileSync(file, '');
  t.match(run('ps', '-a', '--format', '{{.Names}}'), {
    status: 1,
    stdout: 'sound\n',
    stderr: /run\.json is damaged/,
  });
  t.match(run('system', 'check'), { status: 2, stdout: /^container-run: .*\(--repair mends it\)$/m });
  t.equal(run('system', 'check', '--repair').status, 0);
  t.notOk(existsSync(file));
  t.equal(run('start', '-a', 'hurt').status, 0);
});

t.test('a damaged volume', needs(...containerNeeds), async (t) => {
  const { run, get, root } = makeStrata(t);
  get('volume', 'create', 'sound');
  get('run', '-d', '--name', 'user', '-v', 'hurt:/v', 'base', 'sleep', '1000');
  get('create', '--name', 'sleeper', '-v', 'hurt:/v', 'base', 'true');
  const file = `${root}/volumes/hurt/opts.json`;
  writeFileSync(file, '');
  const told = {
    status: 1,
    stderr: `strata: ${file} is damaged (it is not JSON): without that file the volume is one of no options and no labels; strata volume rm hurt removes it with its content\n`,
  };
  t.match(run('volume', 'ls', '-q'), { ...told, stdout: 'sound\n' });
  t.match(run('system', 'df', '-v'), { ...told, stdout: /Local Volumes[^]*sound +0 / });
  t.match(run('ps', '-a'), { status: 0, stderr: '', stdout: / user\n/ });
  t.match(run('volume', 'inspect', 'hurt', 'sound'), { ...told, stdout: /"Name": "sound"/ });
  t.match(run('inspect', '-f', '{{(index .Mounts 0).Source}}', 'user'), {
    status: 0,
    stdout: `${root}/volumes/hurt/_data\n`,
  });
  t.match(run('inspect', 'hurt'), told);
  t.match(run('start', 'sleeper'), told);
  t.match(run('create', '-v', 'hurt:/v', 'base', 'true'), { ...told, status: 125 });
  t.match(run('system', 'check'), {
    status: 2,
    stdout: new RegExp(`^volume-file: ${file}: .*strata volume rm hurt removes`),
  });
  t.match(run('volume', 'prune', '-a', '-f'), { ...told, stdout: 'sound\n' });
  t.match(run('volume', 'rm', '-f', 'hurt'), { status: 1, stderr: /in use - \[.*user/ });
  get('rm', '-f', 'user', 'sleeper');
  t.match(run('volume', 'rm', '-f', 'hurt'), { status: 0, stdout: 'hurt\n', stderr: '' });
  t.notOk(existsSync(`${root}/volumes/hurt`));
  t.equal(run('system', 'check').status, 0);
});

t.test('damaged images and layers', needs(...containerNeeds), async (t) => {
  const { run, get, root } = makeStrata(t);
  get('run', '--name', 'one', 'base', 'sh', '-c', 'echo 12345 > /f');
  get('commit', 'one', 'other');
  const list = JSON.parse(get('layers', '--json', 'other')) as { chainId: string; size: number }[];
  const [below, above] = list.map(
    ({ chainId }) => `${root}/image/overlay2/layerdb/sha256/${chainId.slice(7)}/size`,
  );
  const id = get('images', '-q', '--no-trunc', 'other');
  const config = `${root}/image/overlay2/imagedb/content/sha256/${id.slice(7)}`;
  const rowsOf = (json: string): Record<string, { size: number; reclaimable: number }> =>
    Object.fromEntries(
      (JSON.parse(json) as { what: string; size: number; reclaimable: number }[]).map((row) => [
        row.what,
        row,
      ]),
    );
  const whole = rowsOf(get('system', 'df', '--json'));
  const damaged = (path: string | undefined, why: string): { status: number; stderr: string } => ({
    ...{ status: 1, stderr: `strata: ${path ?? ''} is damaged (${why}): ${hint}\n` },
  });
  const harm = (path: string | undefined, act: () => void): void => {
    const text = readFileSync(path ?? '', 'utf8');
    writeFileSync(path ?? '', 'x');
    act();
    writeFileSync(path ?? '', text);
  };

  harm(above, () => {
    const told = damaged(above, 'it holds no number');
    const { stdout, ...rest } = run('layers', '--json');
    t.match(rest, told);
    t.strictSame(
      (JSON.parse(stdout) as { chainId: string }[]).map(({ chainId }) => chainId),
      [list[0]?.chainId],
      'the other one',
    );
    t.match(run('layers', '--files', 'other'), { ...told, stdout: /A \/bin\/bash/ });
    t.match(run('images'), { ...told, stdout: /other +latest .* unknown\n/ });
    t.match(run('system', 'df', '-v'), {
      ...told,
      stdout: /other +latest .* unknown +unknown +unknown +0\n/,
    });
    const df = run('system', 'df', '--json');
    t.match(df, told);
    const rows = rowsOf(df.stdout);
    t.notOk('left over' in rows);
    t.match(rows, { unknown: { reclaimable: 0 }, images: { reclaimable: 0 } });
    t.ok((rows.unknown?.size ?? 0) > 0);
    const sum = (parts: typeof rows): number =>
      Object.values(parts).reduce((bytes, { size }) => bytes + size, 0);
    t.equal(sum(rows), sum(whole), 'all is counted');
  });
  harm(below, () => {
    t.match(run('layers', '--json'), { ...damaged(below, 'it holds no number'), stdout: /"size": 6/ });
    t.match(run('ps', '-as'), { status: 1, stdout: / one +unknown\n/, stderr: /size is damaged/ });
  });
  harm(config, () => {
    const told = damaged(config, 'its digest is another one than its name');
    t.match(run('layers'), { ...told, stdout: /base:latest/ });
    t.match(run('system', 'df'), { ...told, stdout: /unknown/ });
    t.match(run('system', 'df', '-v'), { ...told, stdout: /base +latest/ });
  });
  t.match(run('system', 'df'), { status: 0, stderr: '', stdout: /left over/ });
});
