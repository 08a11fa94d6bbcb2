/** An image from elsewhere whose stop signal is none: its containers could not be stopped. */
import { mkdirSync } from 'node:fs';
import t from 'tap';
import { createContainer, type ContainerRequest } from '../../src/run/create-container.ts';
import type { Engine } from '../../src/run/engine.ts';
import { makeNotedEngine } from '../run/fixtures/noted-engine.ts';

const request: ContainerRequest = {
  ...{
    image: 'base',
    args: ['true'],
    env: [],
    groupAdd: [],
    terminal: false,
    openStdin: false,
    stdinOnce: false,
  },
  ...{ network: 'host', readOnlyRoot: false, sysctls: {}, limits: {}, capabilities: { add: [], drop: [] } },
  ...{ noNewPrivileges: false, privileged: false, seccomp: undefined, mounts: [], volumesFrom: [] },
  ...{ autoRemove: false, labels: {} },
};

const table: readonly (readonly [ofImage: string | undefined, used: string])[] = [
  ['SIGINT', 'SIGINT'],
  ['9', '9'],
  ['SIGNOTHING', 'SIGTERM'],
  ['0', 'SIGTERM'],
  ['', 'SIGTERM'],
  [undefined, 'SIGTERM'],
];

for (const [ofImage, used] of table) {
  t.test(`of an image with ${ofImage ?? 'none'}`, async (t) => {
    const { engine } = makeNotedEngine(t.testdir());
    mkdirSync(engine.containers);
    const getImage = () => Promise.resolve({ id: 'sha256:0', defaults: { StopSignal: ofImage } });
    const known: Engine = { ...engine, layers: { ...engine.layers, getImage } };
    t.equal((await createContainer(known, request)).stopSignal, used);
    await t.rejects(createContainer(known, { ...request, stopSignal: 'NOTHING' }), { code: 'bad-signal' });
  });
}
