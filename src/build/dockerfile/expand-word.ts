/**
 * Expands the words of an instruction as Docker does (Dockerfile reference, "Environment replacement"; it
 * is a small shell of its own): quotes are taken away, the escape character quotes one character, and `$`
 * brings in variables. It knows nothing of instructions.
 */
import { UserError } from '../../base/user-error.ts';
import { cutPrefix, cutSuffix, replaceMatches } from './shell-pattern.ts';

export type Escape = '\\' | '`';

export interface Variables {
  /** undefined where there is none. */
  find(name: string): string | undefined;
}

export interface ExpandOptions {
  readonly escape: Escape;
  readonly variables: Variables;
  /** Quotes are characters like others: the content of a heredoc. */
  readonly keepQuotes?: boolean;
}

/** One word: what comes out is not split. UserError `bad-quotes`, `bad-substitution`, `unset-variable`. */
export function expandWord(text: string, options: ExpandOptions): string {
  return new Expansion(text, options).run().text;
}

/** Words, split where unquoted space is, also space that a variable brought in; empty ones are none. */
export function expandWords(text: string, options: ExpandOptions): string[] {
  return new Expansion(text, options).run().words;
}

interface Expanded {
  readonly text: string;
  readonly words: string[];
}

/** What `#`, `%`, `/` after a name begin with. */
const modifiers = new Set(['-', '+', '?', '#', '%', '/', ':']);

class Expansion {
  readonly #text: string;
  readonly #options: ExpandOptions;
  #at = 0;

  constructor(text: string, options: ExpandOptions) {
    this.#text = text;
    this.#options = options;
  }

  run(): Expanded {
    return this.#upTo(undefined);
  }

  /** Up to an unquoted `stop`, which is eaten, or to the end. `kept` goes before each character that was escaped. */
  #upTo(stop: string | undefined, kept = ''): Expanded {
    const words = new Words();
    let text = '';
    const quoted = (piece: string) => {
      text += piece;
      words.add(piece);
    };
    for (let char = this.#next(); ; char = this.#next()) {
      if (char === undefined) {
        if (stop === undefined) return { text, words: words.end() };
        throw new UserError('bad-substitution', `"${this.#text}" lacks a closing ${stop}`);
      }
      if (char === stop) return { text, words: words.end() };
      if (char === "'" && this.#options.keepQuotes !== true) quoted(this.#singleQuoted());
      else if (char === '"' && this.#options.keepQuotes !== true) quoted(this.#doubleQuoted());
      else if (char === '$') {
        const value = this.#dollar();
        text += value;
        words.addSplit(value);
      } else if (char === this.#options.escape) {
        // An escape at the very end stands for nothing.
        const escaped = this.#next() ?? '';
        quoted(escaped === '' ? '' : kept + escaped);
      } else {
        text += char;
        words.addSplit(char);
      }
    }
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw this.#unclosed('single');
    const text = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #doubleQuoted(): string {
    const { escape } = this.#options;
    let text = '';
    for (let char = this.#next(); char !== '"'; char = this.#next()) {
      if (char === undefined) throw this.#unclosed('double');
      if (char === '$') text += this.#dollar();
      else if (char !== escape) text += char;
      else if (['"', '$', escape].includes(this.#peek())) text += this.#next() ?? '';
      else text += char;
    }
    return text;
  }

  /** After a dollar sign. */
  #dollar(): string {
    if (this.#peek() !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#options.variables.find(name) ?? '');
    }
    this.#at += 1;
    const name = this.#name();
    const char = this.#next();
    if (name === '' || char === undefined) throw this.#bad('lacks a name or a closing brace');
    const value = this.#options.variables.find(name);
    if (char === '}') return value ?? '';
    if (!modifiers.has(char)) throw this.#bad(`has "${char}" after the name`);
    return this.#modified(name, value, char);
  }

  #modified(name: string, value: string | undefined, char: string): string {
    if (char === '/') return this.#replaced(value);
    if (char === '#' || char === '%') return this.#cut(value, char);
    const operator = char === ':' ? this.#next() : char;
    if (operator === undefined || !'-+?'.includes(operator)) {
      throw this.#bad(`has ":${operator ?? ''}" after the name; there are :- :+ :?`);
    }
    const word = this.#upTo('}').text;
    const isSet = value !== undefined && !(char === ':' && value === '');
    if (operator === '-') return isSet ? value : word;
    if (operator === '+') return isSet ? word : '';
    if (isSet) return value;
    throw new UserError('unset-variable', `${name}: ${word === '' ? 'is not allowed to be unset' : word}`, {
      hint: `give it a value: --build-arg ${name}=VALUE, or ARG ${name}=VALUE`,
    });
  }

  /** `${x#pattern}`, `${x##pattern}`, `${x%pattern}`, `${x%%pattern}`. */
  #cut(value: string | undefined, end: '#' | '%'): string {
    const isDouble = this.#peek() === end;
    if (isDouble) this.#at += 1;
    const pattern = this.#upTo('}', '\\').text;
    const reach = isDouble ? 'longest' : 'shortest';
    if (value === undefined) return '';
    return end === '#' ? cutPrefix(value, pattern, reach) : cutSuffix(value, pattern, reach);
  }

  /** `${x/pattern/new}`, `${x//pattern/new}`; what is new keeps its escapes (BuildKit: processDollar in frontend/dockerfile/shell). */
  #replaced(value: string | undefined): string {
    const all = this.#peek() === '/';
    if (all) this.#at += 1;
    const pattern = this.#upTo('/', '\\').text;
    const replacement = this.#upTo('}', this.#options.escape).text;
    return value === undefined ? '' : replaceMatches(value, pattern, replacement, all);
  }

  /** A name, a number, or one of the shell's special parameters, which nothing sets here. */
  #name(): string {
    const name = /^(\d+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*)/u.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #next(): string | undefined {
    if (this.#at >= this.#text.length) return undefined;
    this.#at += 1;
    return this.#text.charAt(this.#at - 1);
  }

  #bad(what: string): UserError {
    return new UserError('bad-substitution', `the substitution in "${this.#text}" ${what}`, {
      hint: `escape the dollar sign (${this.#options.escape}$) where none is meant`,
    });
  }

  #unclosed(kind: string): UserError {
    return new UserError('bad-quotes', `"${this.#text}" lacks a closing ${kind} quote`, {
      hint: `escape the quote (${this.#options.escape}" or ${this.#options.escape}'), or use the JSON form for names with spaces`,
    });
  }
}

/** Collects words while text arrives. */
class Words {
  readonly #words: string[] = [];
  #current = '';

  add(text: string): void {
    this.#current += text;
  }

  addSplit(text: string): void {
    for (const char of text) {
      if (/\s/.test(char)) this.#flush();
      else this.add(char);
    }
  }

  end(): string[] {
    this.#flush();
    return this.#words;
  }

  #flush(): void {
    if (this.#current !== '') this.#words.push(this.#current);
    this.#current = '';
  }
}
