import t from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import { orderMounts, type MountRequest } from '../../src/run/mount-request.ts';
import { findCorrectedLine, parseMountFlag } from '../../src/run/parse-mount-flag.ts';
import { parseTmpfsFlag } from '../../src/run/parse-tmpfs-flag.ts';
import { parseVolumeFlag } from '../../src/run/parse-volume-flag.ts';

const bind = { type: 'bind', readOnly: false, propagation: 'rprivate', createSource: true, recursive: true };
const volume = { type: 'volume', readOnly: false, noCopy: false };
const mountBind = { ...bind, createSource: false };

/** What each spelling means; an error is told by a part of what is said. */
const table: readonly {
  readonly of: (text: string) => MountRequest;
  readonly rows: readonly (readonly [text: string, expected: object | string])[];
}[] = [
  {
    of: (text) => parseVolumeFlag(text, '/here'),
    rows: [
      ['/a:/b', { ...bind, source: '/a', target: '/b' }],
      ['/a:/b:ro', { ...bind, source: '/a', target: '/b', readOnly: true }],
      ['/a:/b:ro,z', { ...bind, source: '/a', target: '/b', readOnly: true }],
      ['/a:/b:Z,rslave', { ...bind, source: '/a', target: '/b', propagation: 'rslave' }],
      ['/a/:/b/', { ...bind, source: '/a', target: '/b' }],
      ['./a:/b', { ...bind, source: '/here/a', target: '/b' }],
      ['.:/b', { ...bind, source: '/here', target: '/b' }],
      ['../a:/b', { ...bind, source: '/a', target: '/b' }],
      ['data:/var/lib', { ...volume, source: 'data', target: '/var/lib' }],
      [
        'data:/var/lib:ro,nocopy',
        { ...volume, source: 'data', target: '/var/lib', readOnly: true, noCopy: true },
      ],
      ['/anonymous', { ...volume, source: undefined, target: '/anonymous' }],
      [
        'relative',
        "invalid volume specification: 'relative': invalid mount path: 'relative' mount path must be absolute",
      ],
      ['/a:b', "invalid mount path: 'b' mount path must be absolute"],
      ['/a:/', "invalid specification: destination can't be '/'"],
      ['/a:/..', "destination can't be '/'"],
      [':/b', "invalid volume specification: ':/b'"],
      ['/a::ro', "invalid volume specification: '/a::ro'"],
      ['/a:ro', "invalid volume specification: '/a:ro'"],
      ['/a:rslave', "invalid volume specification: '/a:rslave'"],
      ['/a:/b:ro:rw', 'invalid volume specification'],
      ['', 'invalid volume specification'],
      ['/a:/b:wrong', 'invalid mode: wrong'],
      ['/a:/b:ro,rw', 'invalid mode: ro,rw'],
      ['/a:/b:nocopy', 'invalid volume specification'],
      ['data:/b:shared', 'invalid mode: shared'],
      ['x:/b', 'volume name is too short'],
      ['da/ta:/b', '"da/ta" includes invalid characters for a local volume name'],
    ],
  },
  {
    of: (text) => parseMountFlag(text, '/here'),
    rows: [
      ['type=bind,source=/a,target=/b', { ...mountBind, source: '/a', target: '/b' }],
      ['type=bind,src=/a,dst=/b,ro', { ...mountBind, source: '/a', target: '/b', readOnly: true }],
      ['type=bind,src=/a,destination=/b,readonly=false', { ...mountBind, source: '/a', target: '/b' }],
      ['type=bind,source=./a,target=/b', { ...mountBind, source: '/here/a', target: '/b' }],
      [
        'type=bind,source=/a,target=/b,bind-propagation=shared',
        { ...mountBind, source: '/a', target: '/b', propagation: 'shared' },
      ],
      [
        'type=bind,source=/a,target=/b,bind-nonrecursive',
        { ...mountBind, source: '/a', target: '/b', recursive: false },
      ],
      [
        'type=bind,source=/a,target=/b,bind-recursive=disabled',
        { ...mountBind, source: '/a', target: '/b', recursive: false },
      ],
      [
        'type=bind,source=/a,target=/b,readonly,bind-recursive=enabled',
        { ...mountBind, source: '/a', target: '/b', readOnly: true },
      ],
      [
        'type=bind,source=/a,target=/b,readonly,bind-recursive=writable',
        { ...mountBind, source: '/a', target: '/b', readOnly: true, below: 'writable' },
      ],
      [
        'type=bind,source=/a,target=/b,readonly,bind-recursive=readonly',
        { ...mountBind, source: '/a', target: '/b', readOnly: true, below: 'readonly' },
      ],
      ['type=bind,source=/a,target=/b,bind-recursive=x', 'invalid value for bind-recursive: x'],
      ['type=bind,source=/a,target=/b,bind-recursive=writable', "requires 'readonly'"],
      [
        'type=bind,source=/a,target=/b,ro,bind-recursive=readonly,bind-propagation=rslave',
        "requires 'bind-propagation=rprivate'",
      ],
      [
        'type=bind,source=/a,target=/b,bind-create-src',
        { ...mountBind, source: '/a', target: '/b', createSource: true },
      ],
      ['type=bind,source=/a,target=/b,bind-create-src=false', { ...mountBind, source: '/a', target: '/b' }],
      ['type=bind,source=.a,target=/b', { ...mountBind, source: '/here/.a', target: '/b' }],
      [
        'type=BIND,source=/a,target=/b,bind-propagation=Shared',
        { ...mountBind, source: '/a', target: '/b', propagation: 'shared' },
      ],
      ['type=bind,"source=/a,b",target=/b', { ...mountBind, source: '/a,b', target: '/b' }],
      ['TYPE=bind,Source=/a,TARGET=/b', { ...mountBind, source: '/a', target: '/b' }],
      ['source=data,target=/b', { ...volume, source: 'data', target: '/b' }],
      ['type=volume,target=/b', { ...volume, source: undefined, target: '/b' }],
      [
        'type=volume,source=data,target=/b,volume-subpath=x/y,volume-nocopy',
        { ...volume, source: 'data', target: '/b', subpath: 'x/y', noCopy: true },
      ],
      [
        'source=data,target=/b,volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr=1,rw",volume-label=a=b',
        {
          ...volume,
          source: 'data',
          target: '/b',
          driver: 'local',
          driverOptions: { type: 'nfs', o: 'addr=1,rw' },
          labels: { a: 'b' },
        },
      ],
      [
        'type=tmpfs,target=/b,tmpfs-size=64m,tmpfs-mode=1770',
        { type: 'tmpfs', target: '/b', options: ['noexec', 'nosuid', 'nodev', 'size=67108864', 'mode=1770'] },
      ],
      [
        'type=tmpfs,target=/b,tmpfs-mode=01777',
        { type: 'tmpfs', target: '/b', options: ['noexec', 'nosuid', 'nodev', 'mode=1777'] },
      ],
      [
        'type=tmpfs,target=/b',
        { type: 'tmpfs', target: '/b', options: ['noexec', 'nosuid', 'nodev', 'mode=1777'] },
      ],
      ['type=bind,source=/a', 'target is required'],
      ['type=bind,target=/b', 'field Source must not be empty'],
      ['type=bind,source=a,target=/b', "invalid mount path: 'a' mount path must be absolute"],
      ['type=wrong,target=/b', 'mount type unknown: "wrong"'],
      ['type=bind,source=/a,target=/b,wrong=1', "unexpected key 'wrong' in 'wrong=1'"],
      ['type=bind,source=/a,target=/b,wrong', "invalid field 'wrong' must be a key=value pair"],
      ['type=bind,source', "invalid field 'source' must be a key=value pair"],
      ['type=bind,source=/a,target=/b,readonly=maybe', 'invalid value for readonly: maybe'],
      ['type=bind,source=/a,target=/b,volume-nocopy', "cannot mix 'volume-*' options with mount type 'bind'"],
      [
        'type=volume,target=/b,bind-propagation=shared',
        "cannot mix 'bind-*' options with mount type 'volume'",
      ],
      ['type=bind,source=/a,target=/b,tmpfs-size=1', "cannot mix 'tmpfs-*' options with mount type 'bind'"],
      ['type=bind,source=/a,target=/b,bind-propagation=x', 'invalid propagation mode: x'],
      ['type=tmpfs,source=/a,target=/b', 'field Source must not be specified'],
      ['source=data,target=/b,volume-subpath=../x', 'subpath must be a relative path'],
      ['source=data,target=/b,volume-subpath=/x', 'subpath must be a relative path'],
      ['type=tmpfs,target=/b,tmpfs-size=big', 'invalid value for tmpfs-size: big'],
      ['type=tmpfs,target=/b,tmpfs-mode=9', 'invalid value for tmpfs-mode: 9'],
      ['type=bind, source=/a,target=/b', "invalid option 'source' in ' source=/a'"],
      ['type=bind,source= /a,target=/b', "invalid value for 'source' in 'source= /a'"],
      ['type=volume,src=,target=/b', "invalid value for 'src': value is empty"],
      ['type=bind,source=/a,target=', "invalid value for 'target': value is empty"],
      ['type=bind,', 'invalid empty field'],
      ['type=bind,"source=/a', 'parse error'],
    ],
  },
  {
    of: parseTmpfsFlag,
    rows: [
      ['/run', { type: 'tmpfs', target: '/run', options: ['noexec', 'nosuid', 'nodev'] }],
      ['/run:', { type: 'tmpfs', target: '/run', options: ['noexec', 'nosuid', 'nodev'] }],
      [
        '/run:rw,exec,size=65536k,mode=1777',
        {
          type: 'tmpfs',
          target: '/run',
          options: ['nosuid', 'nodev', 'rw', 'exec', 'size=65536k', 'mode=1777'],
        },
      ],
      ['run', "invalid mount path: 'run' mount path must be absolute"],
      ['/run:wrong', 'invalid tmpfs option ["wrong"]'],
    ],
  },
];

for (const { of, rows } of table) {
  for (const [text, expected] of rows) {
    t.test(text, async (t) => {
      if (typeof expected === 'object') {
        t.strictSame(of(text), expected);
        return;
      }
      try {
        t.fail(`${JSON.stringify(of(text))} is no error`);
      } catch (thrown) {
        t.type(thrown, UserError);
        t.ok((thrown as UserError).message.includes(expected), (thrown as UserError).message);
      }
    });
  }
}

t.test('a mount that was split at its spaces is shown as it was meant', async (t) => {
  const correct = (line: string, ...values: string[]): string | undefined =>
    findCorrectedLine(line.split(' '), values);
  t.equal(
    correct('run --mount type=bind, source=/a, target=/b image sh', 'type=bind,'),
    'run --mount type=bind,source=/a,target=/b image sh',
  );
  t.equal(
    correct('run -e A=b, --mount=type=bind, source=/a,target=/b image', 'type=bind,'),
    'run -e A=b, --mount=type=bind,source=/a,target=/b image',
  );
  t.equal(
    correct('run --mount type=bind,source=/a,target=/b image', 'type=bind,source=/a,target=/b'),
    undefined,
  );
  t.throws(() => parseMountFlag('type=bind, source=/a, target=/b', '/'), {
    code: 'bad-mount',
    hint: 'write it without spaces: --mount type=bind,source=/a,target=/b',
  });
});

t.test('mounts are made from the outside in', async (t) => {
  const targets = ['/a/b/c', '/a', '/x', '/a/b'].map((target) => ({ target }));
  t.strictSame(
    orderMounts(targets).map(({ target }) => target),
    ['/a', '/x', '/a/b', '/a/b/c'],
  );
  t.throws(() => orderMounts([{ target: '/a' }, { target: '/a' }]), { code: 'duplicate-mount' });
});
