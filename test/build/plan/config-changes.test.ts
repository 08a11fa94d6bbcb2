import t from 'tap';
import { UserError } from '../../../src/base/user-error.ts';
import { parseChanges } from '../../../src/build/plan/config-changes.ts';

t.test('instructions change a copy of a configuration', (t) => {
  const before = { Env: ['A=1'], Cmd: ['old'], Entrypoint: ['e'], WorkingDir: '/a' };
  const change = parseChanges([
    'CMD ["x", "$A"]',
    'env B=${A}2 C="two words"',
    'EXPOSE 80',
    'LABEL k=v',
    'USER app\nWORKDIR b',
    'VOLUME /v',
    'ONBUILD RUN true',
  ]);
  t.strictSame(change(before), {
    ...{ Env: ['A=1', 'B=12', 'C=two words'], Cmd: ['x', '$A'], Entrypoint: ['e'], WorkingDir: '/a/b' },
    ...{ ExposedPorts: { '80/tcp': {} }, Labels: { k: 'v' }, User: 'app', Volumes: { '/v': {} } },
    OnBuild: ['RUN true'],
  });
  t.strictSame(before.Env, ['A=1'], 'what was given stays');
  t.strictSame(parseChanges(['ENTRYPOINT ["n"]'])({ Cmd: ['old'] }), { Entrypoint: ['n'] });
  for (const text of ['RUN true', 'FROM x', 'SHELL ["a"]', 'COPY a b', 'WRONG'])
    t.throws(() => parseChanges([text]), UserError, text);
  t.end();
});
