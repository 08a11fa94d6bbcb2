/**
 * `RUN --mount=type=ssh` was refused. A step asks an agent of ssh through a socket of its own: with its own mode and owner, for
 * the list of keys and signatures alone, in no layer and no key of the cache.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBuilder, type Builder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const needed = needs(...mountNeeds, 'program:runc', 'program:ssh-agent', 'program:ssh-add');

interface Agent {
  readonly socket: string;
  /** A file with the key that it has. */
  readonly key: string;
  /** Its keys, as `ssh-add -l` says them. */
  list(): string;
}

async function startAgent(t: Test, builder: Builder, name: string): Promise<Agent> {
  const directory = builder.directory(name);
  const [socket, key] = [join(directory, 'socket'), join(directory, 'key')];
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => agent.kill());
  await once(agent.stdout, 'data');
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key]);
  execFileSync('ssh-add', ['-q', key], { env });
  return { socket, key, list: () => execFileSync('ssh-add', ['-l'], { env, encoding: 'utf8' }) };
}

/** A builder with the image `client`, which has ssh-add. */
function makeClient(t: Test): Builder {
  const builder = makeBuilder(t);
  const script = String.raw`mkdir -p tools/bin; for file in $(command -v ssh-add) $(ldd "$(command -v ssh-add)" | grep -o '/[^ ]*'); do
    mkdir -p "tools$(dirname "$file")"; cp -L "$file" "tools$file"; done`;
  execFileSync('sh', ['-euc', script], { cwd: builder.context('.') });
  const { status, stderr } = builder.build({ Dockerfile: 'FROM base\nCOPY tools/ /' }, '-t', 'client');
  t.equal(status, 0, stderr);
  return builder;
}

t.test('a step asks an agent, and changes nothing of it', needed, async (t) => {
  const builder = makeClient(t);
  const agent = await startAgent(t, builder, 'first');
  const other = await startAgent(t, builder, 'second');
  const { mode, uid } = statSync(agent.socket);
  const keys = agent.list();
  const Dockerfile = [
    'FROM client',
    'RUN --mount=type=ssh [ "$SSH_AUTH_SOCK" = /run/buildkit/ssh_agent.0 ] && ssh-add -l > /list',
    'RUN [ ! -e /run/buildkit ] && [ -z "${SSH_AUTH_SOCK+x}" ]',
    'RUN --mount=type=ssh,id=none [ ! -e /run/buildkit ] && [ -z "${SSH_AUTH_SOCK+x}" ]',
    'RUN --mount=type=ssh --mount=type=ssh,id=b SSH_AUTH_SOCK=/run/buildkit/ssh_agent.1 ssh-add -l > /others',
    'RUN --mount=type=ssh ! ssh-add -D && ! ssh-add -x </dev/null && ssh-add -l',
    'RUN --mount=type=ssh,target=/tmp/s SSH_AUTH_SOCK= ls -ln /tmp/s > /socket',
    'ENV SSH_AUTH_SOCK=/mine',
    'RUN --mount=type=ssh [ "$SSH_AUTH_SOCK" = /mine ]',
    'USER web',
    'RUN --mount=type=ssh,target=/mine,uid=33,gid=34,mode=0640 ls -ln /mine > /tmp/mine && ssh-add -l > /tmp/list',
    'RUN --mount=type=ssh,target=/mine ! ssh-add -l',
  ].join('\n');
  const words = ['--ssh', `default=${agent.socket}`, '--ssh', `b=${other.socket}`, '-t', 'built'];
  const { status, stderr } = builder.build({ Dockerfile }, ...words);
  t.equal(status, 0, stderr);
  t.equal(builder.cat('built', '/list'), keys);
  t.equal(builder.cat('built', '/others'), other.list());
  t.equal(builder.cat('built', '/tmp/list'), keys);
  t.match(builder.cat('built', '/socket'), /^srw------- 1 0 0 /);
  t.match(builder.cat('built', '/tmp/mine'), /^srw-r----- 1 33 34 /);
  t.equal(agent.list(), keys, 'nobody took its keys');
  t.match(statSync(agent.socket), { mode, uid });
  t.match(
    builder
      .history('built')
      .map(({ size }) => size)
      .filter((size) => size !== '0B').length,
    6,
  );

  const again = builder.build({}, '--ssh', `default=${other.socket}`, '-t', 'again');
  t.equal(again.status, 0, again.stderr);
  t.equal(again.stderr.match(/CACHED/g)?.length, 9, again.stderr);
});

t.test('what cannot be says what to do', needed, async (t) => {
  delete process.env.SSH_AUTH_SOCK;
  const builder = makeBuilder(t);
  const agent = await startAgent(t, builder, 'agent');
  const Dockerfile = 'FROM base\nRUN --mount=type=ssh,required true';
  for (const [words, line] of [
    [[], /--ssh default/],
    [['--ssh', `b=${agent.socket}`], /the ssh agent default is needed.*--ssh default/s],
    [['--ssh', `default=${agent.key}`], /ssh-add \/.*\/key/],
    [['--ssh', 'default=/nowhere'], /ENOENT/],
    [['--ssh', 'default'], /SSH_AUTH_SOCK/],
    [['--ssh', `a=${agent.socket}`, '--ssh', `a=${agent.socket}`], /twice/],
  ] as const) {
    const { status, stderr } = builder.build({ Dockerfile }, ...words);
    t.equal(status, 1, words.join(' '));
    t.match(stderr, line);
  }
});
