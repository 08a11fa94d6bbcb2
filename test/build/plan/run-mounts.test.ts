import t from 'tap';
import { parseRunMounts } from '../../../src/build/plan/run-mounts.ts';

const parseAll = (...texts: string[]) =>
  parseRunMounts(texts, (word) => word.replaceAll('$V', 'v').replaceAll(/'/g, ''), '/work');
const parse = (text: string) => parseAll(text)[0];
const access = { mode: 0o755, uid: 0, gid: 0 };

t.test('every type, with its defaults', async (t) => {
  const table: readonly (readonly [string, unknown])[] = [
    ['target=/x', { type: 'bind', target: '/x', source: '/', from: undefined, writable: false }],
    [
      'type=bind,source=a,dst=b',
      { type: 'bind', target: '/work/b', source: 'a', from: undefined, writable: false },
    ],
    [
      'type=bind,"src=a,b",target=/x,from=s,rw',
      { type: 'bind', target: '/x', source: 'a,b', from: 's', writable: true },
    ],
    [
      '"type=bind","src=a,""b",Target=\'/x\',"From=s"',
      { type: 'bind', target: '/x', source: 'a,"b', from: 's', writable: false },
    ],
    ['src=c', { type: 'bind', target: '/work', source: 'c', from: undefined, writable: false }],
    [
      'type=Bind,target=/x,readwrite=0,id=i,ro=F',
      { type: 'bind', target: '/x', source: '/', from: undefined, writable: true },
    ],
    ['target=/x,rw,ro', { type: 'bind', target: '/x', source: '/', from: undefined, writable: false }],
    [
      'type=bind,target=/$V,rw=false',
      { type: 'bind', target: '/v', source: '/', from: undefined, writable: false },
    ],
    [
      'type=cache,target=/c',
      {
        type: 'cache',
        target: '/c',
        id: '/c',
        source: '/',
        from: undefined,
        writable: true,
        sharing: 'shared',
        ...access,
      },
    ],
    [
      'type=cache,target=/c,id=i,sharing=locked,ro,mode=0700,uid=1,gid=2',
      {
        ...{
          type: 'cache',
          target: '/c',
          id: 'i',
          source: '/',
          from: undefined,
          writable: false,
          sharing: 'locked',
        },
        ...{ mode: 0o700, uid: 1, gid: 2 },
      },
    ],
    [
      'type=CACHE,target=c/./d/,sharing=Locked,mode=00750',
      {
        ...{ type: 'cache', target: '/work/c/d', id: 'c/d', source: '/', from: undefined, writable: true },
        ...{ sharing: 'locked', mode: 0o750, uid: 0, gid: 0 },
      },
    ],
    ['type=tmpfs,target=/t', { type: 'tmpfs', target: '/t', size: undefined, writable: true }],
    ['type=tmpfs,target=/t,size=64m', { type: 'tmpfs', target: '/t', size: 67108864, writable: true }],
    [
      'type=tmpfs,target=/t,size=1.5GiB,ro',
      { type: 'tmpfs', target: '/t', size: 1610612736, writable: false },
    ],
    [
      'type=secret,id=s',
      {
        type: 'secret',
        id: 's',
        target: '/run/secrets/s',
        env: undefined,
        required: false,
        ...access,
        mode: 0o400,
      },
    ],
    [
      'type=secret,id=s,env=E,required',
      { type: 'secret', id: 's', target: undefined, env: 'E', required: true, ...access, mode: 0o400 },
    ],
    [
      'type=secret,source=a/s,required=0,ro',
      {
        ...{ type: 'secret', id: 'a/s', target: '/run/secrets/s', env: undefined, required: false },
        ...{ mode: 0o400, uid: 0, gid: 0 },
      },
    ],
    [
      'type=Secret,src=s,env=,required=T',
      {
        ...{ type: 'secret', id: 's', target: '/run/secrets/s', env: undefined, required: true },
        ...{ mode: 0o400, uid: 0, gid: 0 },
      },
    ],
    [
      'type=secret,target=/d/name',
      {
        type: 'secret',
        id: 'name',
        target: '/d/name',
        env: undefined,
        required: false,
        ...access,
        mode: 0o400,
      },
    ],
  ];
  for (const [text, expected] of table) t.strictSame(parse(text), expected, text);
});

t.test('in the root a mount needs a target, but for secrets and agents', async (t) => {
  const inRoot = (text: string) => parseRunMounts([text], (word) => word, '/')[0];
  t.match(inRoot('type=secret,id=s'), { target: '/run/secrets/s' });
  t.match(inRoot('type=secret,id=s,env=E'), { target: undefined });
  t.match(inRoot('type=ssh'), { target: '/run/buildkit/ssh_agent.0' });
  t.match(inRoot('target=x'), { target: '/x' });
  for (const text of ['type=bind', 'target=.', 'type=secret,id=s,target=/']) {
    t.throws(() => inRoot(text), { code: 'bad-mount', line: /directory/ }, text);
  }
});

t.test('agents of ssh, counted', async (t) => {
  const own = { mode: 0o600, uid: 0, gid: 0 };
  t.strictSame(
    parseAll(
      'type=ssh',
      'type=tmpfs,target=/t',
      'type=ssh,id=a,target=sock,required',
      'type=ssh,id=b,mode=0666,uid=1,gid=2,required=true',
    ).filter(({ type }) => type === 'ssh'),
    [
      { type: 'ssh', id: 'default', target: '/run/buildkit/ssh_agent.0', required: false, ...own },
      { type: 'ssh', id: 'a', target: '/work/sock', required: true, ...own },
      {
        ...{ type: 'ssh', id: 'b', target: '/run/buildkit/ssh_agent.2', required: true },
        ...{ mode: 0o666, uid: 1, gid: 2 },
      },
    ],
  );
});

t.test('what cannot be says what to write', async (t) => {
  for (const [text, line] of [
    ['type=ssh,source=a', /id, target/],
    ['type=secret,from=a', /id, target/],
    ['type=secret,id=a,source=b', /both name/],
    ['type=secret,id=a,required=yes', /required=true/],
    ['type=secret,id', /id=VALUE/],
    ['target=/x,size=1', /there are/],
    ['target=.,rw=', /readwrite=true/],
    ['type=bond,target=/x', /bind, cache/],
    ['type=tmpfs,target=/x,sharing=shared', /there are/],
    ['type=cache,target=/', /directory/],
    ['type=cache,target=/x,sharing=none', /shared, private, locked/],
    ['type=cache,traget=/x', /write target/],
    ['type=tmpfs,target=/x,size=big', /size=64m/],
    ['type=secret', /id=NAME/],
    ['type=secret,id=a,mode=rw', /mode=0600/],
    ['type=secret,id=a,uid=root', /uid=1000/],
    ['target=/x,from=$V', /FROM \$V AS NAME/],
  ] as const) {
    t.throws(() => parse(text), { code: 'bad-mount', line }, text);
  }
});
