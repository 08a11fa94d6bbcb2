/**
 * Build arguments: what the command line gives, what is known before the first FROM, and what each stage has
 * declared (Dockerfile reference, "ARG"). Who asks for a value marks an argument as used; what nobody used is worth a
 * warning.
 */
import type { ArgInstruction } from '../dockerfile/instruction.ts';

/** They reach every RUN, and are in no cache key (reference, "Predefined ARGs"). */
export const proxyNames: readonly string[] = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
].flatMap((name) => [name, name.toLowerCase()]);

/** Expands a default value with the variables that are known by then. */
type Expand = (word: string) => string;

export class BuildArgs {
  readonly #given: ReadonlyMap<string, string>;
  readonly #platform: ReadonlyMap<string, string>;
  readonly #global = new Map<string, string>();
  readonly #unused: Set<string>;

  /** `given`: of the command line. `platform`: TARGETARCH and its like, unless they are given. */
  constructor(given: ReadonlyMap<string, string>, platform: ReadonlyMap<string, string>) {
    this.#given = given;
    this.#platform = new Map([...platform].map(([name, value]) => [name, given.get(name) ?? value]));
    const isOurs = (name: string) => proxyNames.includes(name) || name === 'SOURCE_DATE_EPOCH';
    this.#unused = new Set([...given.keys()].filter((name) => !isOurs(name)));
  }

  /** An ARG before the first FROM. */
  declareGlobal({ args }: ArgInstruction, expand: Expand): void {
    for (const { name, value } of args) {
      const known = this.#take(name) ?? (value === undefined ? this.#platform.get(name) : expand(value));
      if (known !== undefined) this.#global.set(name, known);
    }
  }

  /** What a FROM line sees. */
  findGlobal(name: string): string | undefined {
    return this.#global.get(name) ?? this.#platform.get(name);
  }

  /** Puts the values of an ARG of a stage into its `scope`; one without any value takes away nothing. */
  declare({ args }: ArgInstruction, scope: Map<string, string>, expand: Expand): void {
    for (const { name, value } of args) {
      const known =
        this.#take(name) ?? (value === undefined ? this.findGlobal(name) : expand(value)) ?? scope.get(name);
      if (known !== undefined) scope.set(name, known);
    }
  }

  /** Of the command line alone, for RUN. */
  proxies(): [name: string, value: string][] {
    return [...this.#given].filter(([name]) => proxyNames.includes(name));
  }

  /** Given on the command line, declared nowhere. */
  unused(): string[] {
    return [...this.#unused];
  }

  #take(name: string): string | undefined {
    this.#unused.delete(name);
    return this.#given.get(name);
  }
}
