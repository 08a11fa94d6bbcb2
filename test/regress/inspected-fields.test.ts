/**
 * Templates that Docker's users have for `inspect` failed: there was no field of the network, nor of the restart policy, and the
 * start and the end of what never started were no times.
 */
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('fields that Docker has', needs(...containerNeeds), (t) => {
  const { get } = makeStrata(t);
  const show = (format: string): string => get('inspect', '-f', format, 'box');
  get('create', '--network', 'none', '--name', 'box', 'base', 'true');
  const times = '{{.State.StartedAt}} {{.State.FinishedAt}}';
  t.equal(show(times), '0001-01-01T00:00:00Z 0001-01-01T00:00:00Z');
  t.equal(show('{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}'), 'no:0');
  t.equal(show('[{{.NetworkSettings.IPAddress}}]'), '[]');
  t.equal(
    show('{{range $name, $to := .NetworkSettings.Networks}}{{$name}}[{{$to.IPAddress}}]{{end}}'),
    'none[]',
  );
  t.equal(
    show('{{range $port, $to := .NetworkSettings.Ports}}{{$port}}{{end}}{{json .NetworkSettings.Ports}}'),
    '{}',
  );
  get('start', '-a', 'box');
  t.notMatch(show(times), /0001/);
  t.end();
});

t.test('fields of which nothing is there', needs(...containerNeeds), (t) => {
  const { run, get } = makeStrata(t);
  get('create', '--name', 'box', 'base', 'true');
  const image = (format: string): string => get('image', 'inspect', '-f', format, 'base');
  const box = (format: string): string => get('inspect', '-f', format, 'box');
  get('volume', 'create', 'data');
  get('commit', '-c', 'EXPOSE 80', 'box', 'web');
  get('create', '--name', 'server', 'web', 'true');
  const exposing = (format: string): string => get('inspect', '-f', format, 'server');
  const images = (format: string): string => get('images', '--format', format, 'base');
  const volumes = (format: string): string => get('volume', 'ls', '--format', format);
  // What Docker 20.10 prints of an imported image, and of a container of it.
  for (const [show, format, text] of [
    [image, '{{.Config.Entrypoint}} {{.Config.Cmd}} {{.Config.Env}}', '[] [] []'],
    [image, '{{.Config.Labels}} {{.Config.Volumes}} {{.Config.ExposedPorts}}', 'map[] map[] map[]'],
    [
      image,
      '{{json .Config.Labels}} {{json .Config.Cmd}} {{.Config.User}}|{{.Parent}}|{{.Comment}}',
      'null null ||',
    ],
    [
      image,
      '{{if .Config.Healthcheck}}y{{else}}n{{end}}{{range $k, $v := .Config.Labels}}{{$k}}{{end}}',
      'n',
    ],
    [box, '{{.Config.Entrypoint}} {{.HostConfig.Binds}} {{.Config.Volumes}}', '[] [] map[]'],
    [
      box,
      '{{json .Config.Entrypoint}} {{json .HostConfig.Binds}} {{json .Config.Volumes}}',
      'null null null',
    ],
    [
      box,
      '{{if .State.Health}}y{{end}}{{.HostConfig.PortBindings}} {{.Platform}} {{len .ExecIDs}}',
      'map[] linux 0',
    ],
    [box, '{{json .Config.ExposedPorts}}{{.Config.ExposedPorts}}{{.Config.Domainname}}', 'nullmap[]'],
    [box, '{{if .Config.Healthcheck}}y{{else}}n{{end}}', 'n'],
    [exposing, '{{range $port, $to := .Config.ExposedPorts}}{{$port}}{{end}}', '80/tcp'],
    [images, '{{.Containers}} {{.SharedSize}} {{.UniqueSize}} {{slice .VirtualSize 0 0}}', 'N/A N/A N/A'],
    [volumes, '{{.Links}} {{.Size}} {{.Availability}} {{.Group}} {{.Status}}', 'N/A N/A N/A N/A N/A'],
    [box, '{{if .SizeRw}}y{{else}}n{{end}}{{if .Driver}}y{{end}}', 'ny'],
  ] as const)
    t.equal(show(format), text, format);
  const header = (...words: readonly string[]): string => get(...words).split('\n')[0] ?? '';
  for (const words of [
    ['images'],
    ['images', '--digests'],
    ['volume', 'ls'],
    ['ps', '-a'],
    ['history', 'web'],
    ['system', 'df'],
  ]) {
    const [row = '{}'] = get(...words, '--format', 'json').split('\n');
    for (const field of Object.keys(JSON.parse(row) as object))
      t.match(header(...words, '--format', `table {{.${field}}}`), /^[A-Z]/, `${words.join(' ')} ${field}`);
  }
  t.notMatch(box('{{json .}}'), /"(Health|SizeRw|SizeRootFs|ExposedPorts|Healthcheck)"/);
  t.notMatch(image('{{json .}}'), /"(Healthcheck|StopSignal|Shell|ExposedPorts)"/);
  t.match(run('inspect', 'neither').stderr, /there is no container, image or volume neither/);
  t.match(run('image', 'inspect', 'neither').stderr, /there is no image neither/);
  t.match(run('ps', '-f', 'status=bogus').stderr, /'status=bogus': it is one of created, /);
  t.end();
});
