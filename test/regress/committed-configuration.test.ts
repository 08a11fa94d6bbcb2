/**
 * What of a container's configuration `strata commit` puts into the image: its stop signal was not in it, and a volume that was
 * given by its name was, so that each container of the image had one of its own there. The triggers of ONBUILD, and SHELL, were in
 * it as well, which are for builds over the image alone.
 */
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('the configuration of a commit', needs(...containerNeeds), (t) => {
  const strata = makeStrata(t);
  const { get, scratch } = strata;
  /** Without the fields of which the image says nothing. */
  const configOf = (image: string): unknown =>
    JSON.parse(get('inspect', '-f', '{{json .Config}}', image), (_, value: unknown) => value ?? undefined);
  get(
    'create',
    '--name',
    'first',
    '--stop-signal',
    'SIGINT',
    '-v',
    'kept:/kept',
    '-v',
    '/own',
    'base',
    'true',
  );
  get('commit', 'first', 'one');
  t.has(configOf('one'), { StopSignal: 'SIGINT', Volumes: { '/own': {} } });
  t.notHas(configOf('one'), { Volumes: { '/kept': {} } });
  get('create', '--name', 'second', '-v', `${scratch.path}:/own`, 'one', 'true');
  get('commit', 'second', 'two');
  t.has(configOf('two'), { StopSignal: 'SIGINT', Volumes: { '/own': {} } }, 'what the image says stays');
  get('create', '--name', 'plain', 'base', 'true');
  get('commit', 'plain', 'three');
  t.notMatch(JSON.stringify(configOf('three')), /StopSignal|Volumes/);

  const lines = ['FROM base', 'SHELL ["/bin/sh", "-ec"]', 'ONBUILD RUN exit 7', 'EXPOSE 80'];
  const Dockerfile = [...lines, 'HEALTHCHECK CMD ["true"]'].join('\n');
  t.equal(strata.feed(Dockerfile, 'build', '-t', 'triggering', '-').status, 0);
  t.match(configOf('triggering'), { Shell: ['/bin/sh', '-ec'], OnBuild: ['RUN exit 7'] });
  get('create', '--name', 'fourth', 'triggering', 'true');
  get('commit', 'fourth', 'four');
  t.notMatch(JSON.stringify(configOf('four')), /OnBuild|Shell/);
  t.match(configOf('four'), { ExposedPorts: { '80/tcp': {} }, Healthcheck: { Test: ['CMD', 'true'] } });
  t.equal(strata.feed('FROM four', 'build', '-').status, 0);
  get('commit', '-c', 'ONBUILD RUN true', 'fourth', 'five');
  t.match(configOf('five'), { OnBuild: ['RUN true'] }, 'what is asked for is there');
  t.end();
});
