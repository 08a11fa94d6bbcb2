/**
 * What earlier builds have found out: by key, which layer a step made; by place in a Dockerfile, which key it had
 * last, and of what inputs. All of it may be deleted at any time. Files appear by a rename, so that a reader sees a
 * whole one or none.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import type { Chain } from '../build-store.ts';
import { hashOf, keyVersion, type StepIdentity } from './step-key.ts';

/** What a step, or a path, is made of: names with digests, or with the thing itself. */
const inputsSchema = v.array(v.pipe(v.tuple([v.string(), v.string()]), v.readonly()));

const stepSchema = v.object({
  /** Its layer with all below; null where it changed nothing. */
  layer: v.nullable(v.string()),
  /** RFC 3339. Images of cached steps have the times of the steps, so that they are the same images again. */
  created: v.string(),
});

const siteSchema = v.object({
  key: v.string(),
  previous: v.string(),
  text: v.string(),
  inputs: inputsSchema,
});

const factsSchema = v.object({
  /** The layer that it is in, with all below. */
  layer: v.string(),
  inputs: inputsSchema,
  isDirectory: v.boolean(),
});

/** What a step has made. */
export type StepRecord = v.InferOutput<typeof stepSchema>;
/** What a step at some place of a Dockerfile was when it was built last. */
export type SiteRecord = v.InferOutput<typeof siteSchema>;
/** What a path in a layer shows. */
export type PathFacts = Omit<v.InferOutput<typeof factsSchema>, 'layer'>;

/** Which step of which build: context, Dockerfile, stage, position. */
export type Site = readonly (string | number)[];

/** For so long a file that is not whole may be that of a build which goes on. */
const writingMs = 60_000;

export class StepCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  findStep(key: string): StepRecord | undefined {
    return this.#read('steps', key, stepSchema);
  }

  recordStep(key: string, record: StepRecord): void {
    this.#write('steps', key, record);
  }

  findSite(site: Site): SiteRecord | undefined {
    return this.#read('sites', hashOf(JSON.stringify(site)), siteSchema);
  }

  recordSite(site: Site, key: string, text: string, { previous, inputs }: StepIdentity): void {
    const record: SiteRecord = { key, previous, text, inputs: [...inputs] };
    this.#write('sites', hashOf(JSON.stringify(site)), record);
  }

  /** What a path in a layer shows, which never changes: found out once. `of`: which path. */
  async rememberFacts(
    layer: Chain,
    of: readonly unknown[],
    find: () => Promise<PathFacts>,
  ): Promise<PathFacts> {
    const key = hashOf(JSON.stringify([keyVersion, layer, ...of]));
    const found = this.#read('facts', key, factsSchema);
    if (found !== undefined) return found;
    const facts = await find();
    this.#write('facts', key, { layer, ...facts });
    return facts;
  }

  /** Forgets what was of layers that are gone, and what is not whole; with `all` everything. */
  prune({ isThere, all }: { readonly isThere: (layer: Chain) => boolean; readonly all: boolean }): void {
    const keep = <Schema extends v.GenericSchema>(
      kind: string,
      schema: Schema,
      isWanted: (record: v.InferOutput<Schema>) => boolean,
    ): void => {
      for (const file of this.#files(kind)) {
        const key = file.replace(/\.json$/, '');
        const path = join(this.#directory, kind, file);
        if (key === file && isBeingWritten(path)) continue;
        const record = all || key === file ? undefined : this.#read(kind, key, schema);
        if (record === undefined || !isWanted(record)) rmSync(path, { force: true });
      }
    };
    keep('steps', stepSchema, ({ layer }) => layer === null || isThere(layer));
    keep('facts', factsSchema, ({ layer }) => isThere(layer));
    keep('sites', siteSchema, ({ key }) => this.findStep(key) !== undefined);
  }

  #files(kind: string): string[] {
    try {
      return readdirSync(join(this.#directory, kind));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** A file that is not what we wrote, as a crash of the machine may leave it, is none. */
  #read<Schema extends v.GenericSchema>(
    kind: string,
    key: string,
    schema: Schema,
  ): v.InferOutput<Schema> | undefined {
    try {
      const result = v.safeParse(schema, JSON.parse(readFileSync(this.#path(kind, key), 'utf8')));
      return result.success ? result.output : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
        return undefined;
      throw error;
    }
  }

  #write(kind: string, key: string, value: unknown): void {
    const path = this.#path(kind, key);
    const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(unfinished, JSON.stringify(value), { mode: 0o600 });
    renameSync(unfinished, path);
  }

  #path(kind: string, key: string): string {
    return join(this.#directory, kind, `${key}.json`);
  }
}

function isBeingWritten(path: string): boolean {
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return mtimeMs !== undefined && Date.now() - mtimeMs < writingMs;
}
