/**
 * The same Dockerfiles built by buildah and by `strata build`: the trees are the same, and so is what an image says of its
 * containers. Left out is where buildah 1.28 differs from BuildKit: heredocs and `${NAME-word}`, which it does not know;
 * a backslash under `# escape=`, which it takes away; ranges of ports, which it keeps as they are; SHELL, which it does not use for
 * CMD; ADD of an archive with --chown, which it does not heed; set-id bits, which it loses between stages.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** In this order: the fifth is based on the fourth. */
const names = ['variables', 'copying', 'archives', 'escaped', 'triggered', 'stages'] as const;
const facts = [
  ...['Cmd', 'Entrypoint', 'Env', 'ExposedPorts', 'Healthcheck', 'Labels', 'OnBuild', 'Shell', 'StopSignal'],
  ...['User', 'Volumes', 'WorkingDir'],
];

type Config = Readonly<Record<string, unknown>>;

/** Those that are there, however they say that nothing is. */
function factsOf(config: Config): Config {
  const labels = Object.entries((config.Labels ?? {}) as Config);
  const own = Object.fromEntries(labels.filter(([name]) => name !== 'io.buildah.version'));
  const all: Config = { ...config, Labels: own };
  const isThere = (value: unknown): boolean =>
    value !== undefined && value !== null && value !== '' && Object.keys(value).length > 0;
  return Object.fromEntries(facts.filter((name) => isThere(all[name])).map((name) => [name, all[name]]));
}

t.setTimeout(1_800_000);
t.test(
  'Dockerfiles: the same as with buildah',
  needs(...mountNeeds, 'program:buildah', 'program:runc'),
  async (t) => {
    const builder = makeBuilder(t);
    const place = builder.directory('oracle');
    t.equal(builder.strata(['export', '-o', `${place}/base.tar`, 'base']).status, 0);
    const script = [at('scenarios/dockerfiles.sh'), at('fixtures/dockerfiles'), place];
    const strata = [at('../../bin/strata'), '--root', builder.root];
    const done = spawnSync(
      'unshare',
      ['-m', '--propagation', 'private', 'bash', ...script, ...strata, '--', ...names],
      { encoding: 'utf8' },
    );
    const read = (name: string): string => readFileSync(`${place}/results/${name}`, 'utf8');
    t.equal(done.status, 0, done.stderr);
    for (const name of names) {
      await t.test(name, async (t) => {
        const oracle = JSON.parse(read(`${name}.buildah.json`)) as { Docker: { config: Config } };
        const [ours] = JSON.parse(read(`${name}.strata.json`)) as { Config: Config }[];
        t.strictSame(factsOf(ours?.Config ?? {}), factsOf(oracle.Docker.config));
        // A container of an image with triggers would begin with them.
        if (name === 'escaped') return;
        const tree = read(`${name}.buildah`);
        t.ok(tree.split('\n').length > 30, tree);
        t.strictSame(read(`${name}.strata`).split('\n'), tree.split('\n'));
      });
    }
  },
);
