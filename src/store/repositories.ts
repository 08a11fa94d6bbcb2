/**
 * The names of images: `repositories.json`, in the format of Docker. Names are pointers, nothing more: one that points
 * nowhere is a fault that `system check` finds. Changes are made by whoever holds the root's lock alone.
 */
import * as v from 'valibot';
import type { DataRoot } from './data-root.ts';
import { findJson, writeDurably } from './durable.ts';
import type { ImageId } from './ids.ts';
import { recordOf } from './record-schema.ts';
import { referenceText, type Reference } from './reference.ts';

const schema = v.object({
  Repositories: recordOf(recordOf(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, 'it is no digest')))),
});

export interface NamedImage {
  /** `NAME:TAG`, or `NAME@DIGEST`. */
  readonly reference: string;
  readonly name: string;
  readonly image: ImageId;
}

export class Repositories {
  readonly #root: DataRoot;

  constructor(root: DataRoot) {
    this.#root = root;
  }

  /** All names, sorted. UserError `broken-file`. */
  async list(): Promise<NamedImage[]> {
    const found = (await findJson(this.path, schema))?.Repositories ?? {};
    return Object.entries(found)
      .flatMap(([name, references]) =>
        Object.entries(references).map(([reference, image]) => ({
          reference,
          name,
          image: image as ImageId,
        })),
      )
      .sort((a, b) => (a.reference < b.reference ? -1 : 1));
  }

  async find(reference: Reference): Promise<ImageId | undefined> {
    const text = referenceText(reference);
    return (await this.list()).find((entry) => entry.reference === text)?.image;
  }

  /** Lets a name point to an image; answers what it pointed to before. */
  async set(reference: Reference, image: ImageId): Promise<ImageId | undefined> {
    const text = referenceText(reference);
    const names = await this.list();
    const before = names.find((entry) => entry.reference === text);
    const others = names.filter((entry) => entry !== before);
    await this.#write([...others, { reference: text, name: reference.name, image }]);
    return before?.image;
  }

  /** Takes names away. */
  async remove(references: readonly string[]): Promise<void> {
    const names = await this.list();
    await this.#write(names.filter(({ reference }) => !references.includes(reference)));
  }

  get path(): string {
    return this.#root.image('repositories.json');
  }

  async #write(names: readonly NamedImage[]): Promise<void> {
    const repositories = new Map<string, Record<string, string>>();
    for (const { name, reference, image } of names) {
      repositories.set(name, { ...repositories.get(name), [reference]: image });
    }
    await writeDurably(this.path, JSON.stringify({ Repositories: Object.fromEntries(repositories) }));
  }
}
