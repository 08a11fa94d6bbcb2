/**
 * What earlier builds have found out: by key, which layer a step made; by place in a Dockerfile, which key it had
 * last, and of what inputs. All of it may be deleted at any time. Files appear by a rename, so that a reader sees a
 * whole one or none.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Chain } from '../build-store.ts';
import { hashOf, type StepIdentity } from './step-key.ts';

export interface StepRecord {
  /** Its layer with all below; null where it changed nothing. */
  readonly layer: Chain | null;
  /** RFC 3339. Images of cached steps have the times of the steps, so that they are the same images again. */
  readonly created: string;
}

/** What a step at some place of a Dockerfile was when it was built last. */
export interface SiteRecord {
  readonly key: string;
  readonly previous: string;
  readonly text: string;
  readonly inputs: readonly (readonly [string, string])[];
}

/** Which step of which build: context, Dockerfile, stage, position. */
export type Site = readonly (string | number)[];

export class StepCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  findStep(key: string): StepRecord | undefined {
    return this.#read('steps', key) as StepRecord | undefined;
  }

  recordStep(key: string, record: StepRecord): void {
    this.#write('steps', key, record);
  }

  findSite(site: Site): SiteRecord | undefined {
    return this.#read('sites', hashOf(JSON.stringify(site))) as SiteRecord | undefined;
  }

  recordSite(site: Site, key: string, text: string, { previous, inputs }: StepIdentity): void {
    const record: SiteRecord = { key, previous, text, inputs: [...inputs] };
    this.#write('sites', hashOf(JSON.stringify(site)), record);
  }

  /** Something that follows from `of`, and is dear: computed once. */
  async remember<T>(kind: string, of: readonly unknown[], compute: () => Promise<T>): Promise<T> {
    const key = hashOf(JSON.stringify(of));
    const found = this.#read(kind, key);
    if (found !== undefined) return found as T;
    const value = await compute();
    this.#write(kind, key, value);
    return value;
  }

  /** A file that a crash of the machine has left empty is none. */
  #read(kind: string, key: string): unknown {
    try {
      return JSON.parse(readFileSync(this.#path(kind, key), 'utf8'));
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
