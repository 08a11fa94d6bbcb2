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
