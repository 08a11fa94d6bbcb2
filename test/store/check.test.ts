/**
 * `system check` finds every kind of fault that is planted, by its code, and nothing else; `--repair` mends those
 * that follow from the rest, and makes none worse.
 */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { checkStore } from '../../src/store/check/run-check.ts';
import { OverlayDirs } from '../../src/store/drivers/overlay-dirs.ts';
import { hexOf, newCacheId, type CacheId, type ImageId } from '../../src/store/ids.ts';
import type { Image } from '../../src/store/image-db.ts';
import type { Layer } from '../../src/store/layer-db.ts';
import { resolveImage } from '../../src/store/resolve-image.ts';
import type { Store } from '../../src/store/store.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { addImage, makeStage, shell, type Stage } from './fixtures/stage.ts';

/** An image of three layers, and what a fault needs to know of it. */
interface Victim {
  readonly store: Store;
  readonly dirs: OverlayDirs;
  readonly image: Image;
  readonly layers: readonly [Layer, Layer, Layer];
}

interface Fault {
  /** What must be found, in any order. */
  readonly codes: readonly string[];
  /** Whether nothing is left of it after a repair. */
  readonly mendable: boolean;
  plant(victim: Victim): void | Promise<void>;
}

const faults: Readonly<Record<string, Fault>> = {
  'a file of a layer was changed': {
    codes: ['layer-content'],
    mendable: false,
    plant: ({ dirs, layers: [layer] }) => {
      appendFileSync(join(dirs.diff(layer.cacheId), 'file'), 'more');
    },
  },
  'a file of a layer is missing': {
    codes: ['layer-content'],
    mendable: false,
    plant: ({ dirs, layers: [, layer] }) => {
      rmSync(join(dirs.diff(layer.cacheId), 'second'));
    },
  },
  'a mode in a layer was changed': {
    codes: ['layer-content'],
    mendable: false,
    plant: ({ dirs, layers: [layer] }) => {
      shell(dirs.diff(layer.cacheId), 'chmod 4755 file');
    },
  },
  'a layer has marks of a mount': {
    codes: ['layer-marks'],
    mendable: false,
    plant: ({ dirs, layers: [, layer] }) => {
      shell(dirs.diff(layer.cacheId), 'setfattr -n trusted.overlay.redirect -v /dir dir');
    },
  },
  'the directory of a layer is missing': {
    codes: ['layer-cache-missing', 'image-layer', 'link-dangling'],
    mendable: false,
    plant: ({ dirs, layers: [, , layer] }) => {
      rmSync(dirs.directory(layer.cacheId), { recursive: true });
    },
  },
  'what a layer holds is missing': {
    codes: ['layer-cache-missing', 'image-layer', 'link-dangling'],
    mendable: false,
    plant: ({ dirs, layers: [, , layer] }) => {
      rmSync(dirs.diff(layer.cacheId), { recursive: true });
    },
  },
  'a diff file holds no digest': {
    codes: ['layer-diff', 'image-layer'],
    mendable: false,
    plant: ({ store, layers: [, , layer] }) => {
      writeFileSync(join(store.layers.pathOf(layer.chainId), 'diff'), 'sha256:');
    },
  },
  'a diff file holds that of another layer': {
    codes: ['layer-chain', 'image-layer'],
    mendable: false,
    plant: ({ store, layers: [other, , layer] }) => {
      writeFileSync(join(store.layers.pathOf(layer.chainId), 'diff'), other.diffId);
    },
  },
  'a layer lies under another chain id': {
    codes: ['layer-chain', 'image-layer'],
    mendable: false,
    plant: ({ store, layers: [, , layer] }) => {
      renameSync(store.layers.pathOf(layer.chainId), store.root.layerDb('sha256', 'a'.repeat(64)));
    },
  },
  'a layer in the midst is missing': {
    codes: ['layer-parent', 'image-layer'],
    mendable: false,
    plant: ({ store, layers: [, layer] }) => {
      rmSync(store.layers.pathOf(layer.chainId), { recursive: true });
    },
  },
  'a parent file holds no digest': {
    codes: ['layer-parent', 'image-layer'],
    mendable: false,
    plant: ({ store, layers: [, , layer] }) => {
      writeFileSync(join(store.layers.pathOf(layer.chainId), 'parent'), 'none');
    },
  },
  'a cache-id file is missing': {
    codes: ['layer-cache-id', 'image-layer'],
    mendable: false,
    plant: ({ store, layers: [, , layer] }) => {
      rmSync(join(store.layers.pathOf(layer.chainId), 'cache-id'));
    },
  },
  'two layers have one cache id': {
    codes: ['layer-cache-shared', 'layer-content', 'lower-file', 'cache-unreferenced'],
    mendable: false,
    plant: ({ store, layers: [other, , layer] }) => {
      writeFileSync(join(store.layers.pathOf(layer.chainId), 'cache-id'), other.cacheId);
    },
  },
  'a size is wrong': {
    codes: ['layer-size'],
    mendable: true,
    plant: ({ store, layers: [layer] }) => {
      writeFileSync(join(store.layers.pathOf(layer.chainId), 'size'), '1');
    },
  },
  'a size is no number': {
    codes: ['layer-size'],
    mendable: true,
    plant: ({ store, layers: [layer] }) => {
      writeFileSync(join(store.layers.pathOf(layer.chainId), 'size'), 'big');
    },
  },
  'a short name is missing': {
    codes: ['link-missing', 'lower-file', 'lower-file'],
    mendable: true,
    plant: async ({ dirs, layers: [layer] }) => {
      rmSync(dirs.links(await dirs.getLink(layer.cacheId)));
    },
  },
  'a short name leads nowhere': {
    codes: ['link-dangling'],
    mendable: true,
    plant: ({ dirs }) => {
      symlinkSync(`../${newCacheId()}/diff`, dirs.links('B'.repeat(26)));
    },
  },
  'a link file is empty': {
    codes: ['link-file'],
    mendable: true,
    plant: ({ dirs, layers: [layer] }) => {
      writeFileSync(join(dirs.directory(layer.cacheId), 'link'), '');
    },
  },
  'a lower file names other layers': {
    codes: ['lower-file'],
    mendable: true,
    plant: async ({ dirs, layers: [, other, layer] }) => {
      writeFileSync(join(dirs.directory(layer.cacheId), 'lower'), `l/${await dirs.getLink(other.cacheId)}`);
    },
  },
  'a layer is not marked as done': {
    codes: ['not-committed'],
    mendable: true,
    plant: ({ dirs, layers: [layer] }) => {
      rmSync(join(dirs.directory(layer.cacheId), 'committed'));
    },
  },
  'a layer has work left': {
    codes: ['work-not-empty'],
    mendable: true,
    plant: ({ dirs, layers: [layer] }) => {
      mkdirSync(join(dirs.work(layer.cacheId), 'work'));
    },
  },
  'a directory belongs to no layer': {
    codes: ['cache-unreferenced'],
    mendable: true,
    plant: async ({ store }) => {
      await store.driver.create(newCacheId(), undefined);
    },
  },
  'a file lies among the layers': {
    codes: ['foreign-file'],
    mendable: false,
    plant: ({ store }) => {
      writeFileSync(store.root.at('overlay2', 'note'), '');
    },
  },
  'a configuration was changed': {
    codes: ['image-digest'],
    mendable: false,
    plant: ({ store, image }) => {
      appendFileSync(store.images.pathOf(image.id), ' ');
    },
  },
  'a configuration is none': {
    codes: ['image-config'],
    mendable: false,
    plant: async ({ store }) => {
      await store.images.add('{"os":"linux"}');
    },
  },
  'a configuration names a layer that is missing': {
    codes: ['image-layer'],
    mendable: false,
    plant: async ({ store, image }) => {
      const diffId = `sha256:${'1'.repeat(64)}`;
      await store.images.add(
        JSON.stringify({ ...image.config, rootfs: { type: 'layers', diff_ids: [diffId] } }),
      );
    },
  },
  'metadata has no image': {
    codes: ['unfinished'],
    mendable: true,
    plant: ({ store }) => {
      mkdirSync(store.root.imageDb('metadata', 'sha256', '1'.repeat(64)));
    },
  },
  'no image has a layer': {
    codes: ['layer-unreferenced', 'cache-unreferenced'],
    mendable: true,
    plant: async ({ store }) => {
      const [layer] = [newCacheId()];
      await store.driver.create(layer, undefined);
      cpSync('/etc/hostname', join(store.driver.directoryOf(layer), 'diff/lone'));
      writeFileSync(join(store.driver.directoryOf(layer), 'committed'), '');
      const { diffId, size } = await store.driver.diff(layer, undefined, () => undefined);
      const staged = join(store.root.path, 'staged');
      await store.layers.stage(staged, { diffId, size, parent: undefined, cacheId: layer, content: diffId });
      await store.layers.publish(staged, diffId as Layer['chainId']);
    },
  },
  'a name has no image': {
    codes: ['name-dangling'],
    mendable: true,
    plant: async ({ store }) => {
      const id = `sha256:${'1'.repeat(64)}` as ImageId;
      await store.names.set({ name: 'gone', tag: 'latest', digest: undefined }, id);
    },
  },
  'a name is none': {
    codes: ['name-bad'],
    mendable: true,
    plant: async ({ store, image }) => {
      await store.names.set({ name: 'Upper', tag: 'x', digest: undefined }, image.id);
    },
  },
  'the file of names is no JSON': {
    codes: ['names-file'],
    mendable: false,
    plant: ({ store }) => {
      writeFileSync(store.names.path, '{"Repositories"');
    },
  },
  'a command died at work': {
    codes: ['dead-workspace', 'cache-unreferenced'],
    mendable: true,
    plant: async ({ store }) => {
      const id = newCacheId();
      await store.driver.create(id, undefined);
      const work = store.root.layerDb('tmp', 'work-1234');
      mkdirSync(work);
      writeFileSync(join(work, `cache-${id}`), '');
    },
  },
  'a command died while it removed a layer': {
    codes: ['unfinished'],
    mendable: true,
    plant: ({ store, layers: [layer] }) => {
      mkdirSync(store.root.layerDb('tmp', `removed-${hexOf(layer.chainId)}`));
    },
  },
  'a command died while it wrote a file': {
    codes: ['unfinished'],
    mendable: true,
    plant: ({ store }) => {
      writeFileSync(store.root.image('.new-123456'), '{');
    },
  },
  'a mount of a process that died': {
    codes: ['stale-mount'],
    mendable: true,
    plant: async ({ store, layers: [layer] }) => {
      await store.driver.get(layer.cacheId);
      const [record] = await store.mounts.list();
      if (record === undefined) throw new Error('nothing is mounted');
      const { name, ...rest } = record;
      await store.mounts.write(name, { ...rest, holders: [{ pid: process.pid, start: '1' }] });
    },
  },
  'a writable layer has lost its parent': {
    codes: ['mount-parent', 'mount-id', 'init-id'],
    mendable: false,
    plant: ({ store }) => {
      const directory = store.root.layerDb('mounts', 'container');
      mkdirSync(directory);
      writeFileSync(join(directory, 'parent'), `sha256:${'1'.repeat(64)}`);
      writeFileSync(join(directory, 'mount-id'), newCacheId());
      mkdirSync(store.root.at('containers', 'container'), { recursive: true });
      writeFileSync(store.root.at('containers', 'container', 'container.json'), '{}');
    },
  },
  'a command died while it made a container': {
    codes: ['container-unfinished'],
    mendable: true,
    plant: async ({ store }) => {
      const [init, writable] = [newCacheId(), newCacheId()];
      const directory = store.root.layerDb('mounts', 'container');
      mkdirSync(directory);
      writeFileSync(join(directory, 'init-id'), init);
      writeFileSync(join(directory, 'mount-id'), writable);
      mkdirSync(store.root.at('containers', 'container'), { recursive: true });
      await store.driver.createReadWrite(init, undefined);
    },
  },
  'the definition of a container is no JSON': {
    codes: ['container-file'],
    mendable: false,
    plant: async (victim) => {
      await plantContainer(victim, {
        'container.json': '{',
        'run.json': '{"run":"1","startedAt":"","runtime":""}',
      });
    },
  },
  'the last run of a container is no JSON': {
    codes: ['container-run'],
    mendable: true,
    plant: async (victim) => {
      await plantContainer(victim, { 'run.json': '' });
    },
  },
  'a run of a container that has not ended is no JSON': {
    codes: ['container-run'],
    mendable: false,
    plant: async (victim) => {
      await plantContainer(victim, { 'run.json': '' });
      mkdirSync(join(victim.store.run.path, 'bundles', containerId), { recursive: true });
    },
  },
  'a container has lost the list of the layers below': {
    codes: ['lower-file'],
    mendable: true,
    plant: async (victim) => {
      const { writable } = await plantContainer(victim);
      rmSync(join(victim.dirs.directory(writable), 'lower'));
    },
  },
  'the init layer of a container has lost its short name': {
    codes: ['link-missing', 'lower-file'],
    mendable: true,
    plant: async (victim) => {
      const { init } = await plantContainer(victim);
      rmSync(victim.dirs.links(await victim.dirs.getLink(init)));
    },
  },
  'the init layer of a container is missing': {
    codes: ['init-id'],
    mendable: false,
    plant: async (victim) => {
      const { init } = await plantContainer(victim);
      rmSync(victim.dirs.directory(init), { recursive: true });
    },
  },
  'what a container has written is missing': {
    codes: ['diff-missing'],
    mendable: false,
    plant: async (victim) => {
      const { writable } = await plantContainer(victim);
      rmSync(victim.dirs.diff(writable), { recursive: true });
    },
  },
  'nobody knows the init layer of a container': {
    codes: ['init-id'],
    mendable: false,
    plant: async (victim) => {
      await plantContainer(victim);
      rmSync(victim.store.root.layerDb('mounts', containerId, 'init-id'));
    },
  },
  'nobody knows what a container began with': {
    codes: ['mount-parent'],
    mendable: false,
    plant: async (victim) => {
      await plantContainer(victim);
      rmSync(victim.store.root.layerDb('mounts', containerId, 'parent'));
    },
  },
  'nobody knows the layers of a container': {
    codes: ['container-layers'],
    mendable: false,
    plant: async (victim) => {
      await plantContainer(victim);
      rmSync(victim.store.root.layerDb('mounts', containerId), { recursive: true });
    },
  },
  'a container has lost a volume': {
    codes: ['container-volume'],
    mendable: false,
    plant: async (victim) => {
      plantVolume(victim.store, 'sound', undefined);
      const definition = {
        ...{ id: '1', name: 'one', image: { id: victim.image.id } },
        mounts: [
          { type: 'volume', source: 'gone', target: '/a' },
          { type: 'volume', source: 'sound', target: '/b' },
          { type: 'bind', source: '/nowhere', target: '/c' },
          { type: 'tmpfs', target: '/d' },
        ],
      };
      await plantContainer(victim, { 'container.json': JSON.stringify(definition) });
    },
  },
  'the record of a volume is no JSON': {
    codes: ['volume-file'],
    mendable: false,
    plant: ({ store }) => {
      plantVolume(store, 'hurt', '{"MountType":');
      plantVolume(
        store,
        'sound',
        '{"MountType":"tmpfs","MountOpts":"","MountDevice":"tmpfs","Quota":{"Size":0}}',
      );
      plantVolume(store, 'bare', undefined);
      writeFileSync(store.root.at('volumes', 'metadata.db'), '');
    },
  },
  'the record of a volume has another shape': {
    codes: ['volume-file'],
    mendable: false,
    plant: ({ store }) => {
      plantVolume(store, 'hurt', '{"Labels":"none"}');
    },
  },
  'a trial mount was left': {
    codes: ['unfinished'],
    mendable: true,
    plant: ({ store }) => {
      mkdirSync(store.root.at('.trial-4194305-abcdef'));
    },
  },
};

const containerId = '1'.repeat(64);

/** A container of the image, done, with `files` of its own. */
async function plantContainer(
  { store, image, layers: [, , top] }: Victim,
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly init: CacheId; readonly writable: CacheId }> {
  const ids = { init: newCacheId(), writable: newCacheId() };
  const mount = store.root.layerDb('mounts', containerId);
  mkdirSync(mount);
  writeFileSync(join(mount, 'init-id'), ids.init);
  writeFileSync(join(mount, 'mount-id'), ids.writable);
  writeFileSync(join(mount, 'parent'), top.chainId);
  await store.driver.createReadWrite(ids.init, top.cacheId);
  await store.driver.createReadWrite(ids.writable, ids.init);
  const directory = store.root.at('containers', containerId);
  mkdirSync(directory, { recursive: true });
  const definition = { 'container.json': JSON.stringify({ id: '1', name: 'one', image: { id: image.id } }) };
  for (const [name, text] of Object.entries({ ...definition, ...files })) {
    writeFileSync(join(directory, name), text);
  }
  return ids;
}

/** `record`: its `opts.json`. */
function plantVolume(store: Store, name: string, record: string | undefined): void {
  mkdirSync(store.root.at('volumes', name, '_data'), { recursive: true });
  if (record !== undefined) writeFileSync(store.root.at('volumes', name, 'opts.json'), record);
}

async function makeVictim(stage: Stage): Promise<Victim> {
  const store = await stage.open('strata');
  const [one, two, three] = ['one', 'two', 'three'].map((name) => stage.directory(name)) as [
    string,
    string,
    string,
  ];
  shell(one, 'echo file > file; mkdir dir; echo a > dir/a');
  shell(two, 'echo second > second; mkdir dir; mknod dir/a c 0 0');
  shell(three, 'echo third > third');
  await addImage(store, 'victim', [one, two, three]);
  const { image } = await resolveImage(store, 'victim');
  const layers = await Promise.all(image.chain.map((chainId) => store.layers.getLayer(chainId)));
  return { store, dirs: new OverlayDirs(store.root), image, layers: layers as [Layer, Layer, Layer] };
}

async function codesOf(store: Store, options: { repair: boolean }): Promise<string[]> {
  return (await checkStore(store, options)).found.map(({ code }) => code).sort();
}

async function plantAndFind(t: Test, fault: Fault): Promise<void> {
  const stage = makeStage(t);
  const victim = await makeVictim(stage);
  const { store } = victim;
  t.strictSame(await codesOf(store, { repair: false }), []);
  await fault.plant(victim);
  const found = await codesOf(store, { repair: false });
  t.strictSame(found, [...fault.codes].sort());
  t.strictSame(await codesOf(store, { repair: false }), found, 'looking changes nothing');
  const before = readdirSync(store.root.imageDb('content', 'sha256')).length;
  const left = await codesOf(store, { repair: true });
  if (fault.mendable) t.strictSame(left, []);
  else {
    t.ok(left.length > 0);
    t.strictSame(
      left.filter((code) => !found.includes(code)),
      [],
      'a repair makes nothing worse',
    );
  }
  t.equal(readdirSync(store.root.imageDb('content', 'sha256')).length, before, 'no image is thrown away');
  t.ok(readFileSync(store.root.at('strata.json')).length > 0);
}

t.test('faults', needs(...mountNeeds), async (t) => {
  t.ok(Object.keys(faults).length >= 20);
  for (const [title, fault] of Object.entries(faults)) {
    await t.test(title, (t) => plantAndFind(t, fault));
  }
});
