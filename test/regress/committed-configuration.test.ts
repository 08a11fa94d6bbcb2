/**
 * What of a container's configuration `strata commit` puts into the image: its stop signal was not in it, and a volume that was
 * given by its name was, so that each container of the image had one of its own there.
 */
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('the configuration of a commit', needs(...containerNeeds), (t) => {
  const { get, scratch } = makeStrata(t);
  const configOf = (image: string): unknown => JSON.parse(get('inspect', '-f', '{{json .Config}}', image));
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
  t.end();
});
