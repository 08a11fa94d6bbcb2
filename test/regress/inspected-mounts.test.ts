/**
 * Templates of `inspect` over fields that Docker always has: elements of `.Mounts` had `Name` and `Driver` only where there was
 * one, so that a template over all kinds of mounts failed; HostConfig told nothing of mounts; a tmpfs that cannot be written
 * was said to be.
 */
import { mkdirSync } from 'node:fs';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('mounts of a container in templates and in JSON', needs(...mountNeeds), async (t) => {
  const { get, scratch } = makeStrata(t);
  const host = `${scratch.path}/host`;
  mkdirSync(host);
  const create = (name: string, ...options: string[]): string =>
    get('create', '--name', name, ...options, 'base', 'true');
  const show = (template: string, name = 'all'): string => get('inspect', '-f', template, name);
  const json = (path: string, name = 'all'): unknown => JSON.parse(show(`{{json ${path}}}`, name));
  create(
    'all',
    ...['-v', `${host}:/bind:ro,rslave`, '-v', 'data:/data', '-v', '/own', '--tmpfs', '/fast:size=1m'],
    ...['--mount', 'type=tmpfs,target=/fixed,readonly,tmpfs-size=1m,tmpfs-mode=1770'],
    ...['--mount', `type=bind,source=${host},target=/other,readonly`],
    ...['--mount', 'source=more,target=/more,volume-nocopy,volume-label=a=b'],
    '--read-only',
  );
  create('plain');
  create('heir', '--volumes-from', 'all:ro');

  const line =
    '{{range .Mounts}}{{.Destination}}: {{.Type}} {{.Name | printf "%.4s"}} {{.Driver}} {{.RW}} {{.Propagation}};{{end}}';
  const own = show('{{range .Mounts}}{{if eq .Destination "/own"}}{{.Name}}{{end}}{{end}}');
  t.strictSame(show(line).split(';').sort().slice(1), [
    '/bind: bind   false rslave',
    '/data: volume data local true ',
    '/fast: tmpfs   true ',
    '/fixed: tmpfs   false ',
    '/more: volume more local true ',
    '/other: bind   false rprivate',
    `/own: volume ${own.slice(0, 4)} local true `,
  ]);
  const [first] = json('.Mounts') as object[];
  t.strictSame(Object.keys(first ?? {}), ['Type', 'Source', 'Destination', 'Mode', 'RW', 'Propagation']);

  t.strictSame(json('.HostConfig.Binds'), [`${host}:/bind:ro,rslave`, 'data:/data']);
  t.strictSame(json('.HostConfig.Tmpfs'), { '/fast': 'noexec,nosuid,nodev,size=1m' });
  t.strictSame(json('.HostConfig.Mounts'), [
    {
      Type: 'tmpfs',
      Target: '/fixed',
      ReadOnly: true,
      TmpfsOptions: { SizeBytes: 1024 * 1024, Mode: 0o1770 },
    },
    {
      Type: 'bind',
      Source: host,
      Target: '/other',
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate' },
    },
    { Type: 'volume', Source: 'more', Target: '/more', VolumeOptions: { NoCopy: true, Labels: { a: 'b' } } },
  ]);
  t.strictSame(json('.Config.Volumes'), { '/own': {} });
  t.equal(show('{{.HostConfig.ReadonlyRootfs}} {{.RestartCount}}'), 'true 0');

  const empty = '{{.HostConfig.Binds}} {{.HostConfig.Mounts}} {{.HostConfig.Tmpfs}} {{.Config.Volumes}}';
  t.equal(show(empty, 'plain'), '[] [] map[] map[]');
  t.notMatch(show('{{json .HostConfig}}', 'plain'), /"(Mounts|Tmpfs)"/, 'as Docker leaves them out');
  t.equal(json('.HostConfig.VolumesFrom', 'plain'), null);

  t.strictSame(json('.HostConfig.VolumesFrom', 'heir'), ['all:ro']);
  t.equal(json('.HostConfig.Binds', 'heir'), null, 'another container has asked for them');
  t.match(show(line, 'heir'), /\/bind: bind .*\/data: volume data local false/);
  t.equal(json('.Config.Volumes', 'heir'), null);

  get('commit', 'all', 'volatile');
  get('create', '--name', 'of-image', '-v', 'data:/own', 'volatile', 'true');
  t.strictSame(json('.Config.Volumes', 'of-image'), { '/own': {} }, 'those of the image');
});
