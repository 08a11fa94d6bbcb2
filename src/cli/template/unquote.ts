/** Strings and characters between quotes, as Go's strconv.Unquote reads them, except that a line may end within. */

const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '"': '"', "'": "'" },
};

const parts =
  /\\(?:x(?<hex>[0-9a-fA-F]{2})|(?<octal>[0-3][0-7]{2})|u(?<short>[0-9a-fA-F]{4})|U(?<long>[0-9a-fA-F]{8})|(?<letter>[^]))|(?<plain>[^\\]+)/g;

/** What `quoted` says, with its quotes; undefined where an escape is none. */
export function unquote(quoted: string): string | undefined {
  const pieces: Buffer[] = [];
  for (const { groups = {} } of quoted.slice(1, -1).matchAll(parts)) {
    const piece = pieceOf(groups);
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** `\xHH` and `\OOO` are bytes, of which several may make a character. */
function pieceOf({ hex, octal, short, long, letter, plain }: Record<string, string | undefined>) {
  if (hex !== undefined) return Buffer.from(hex, 'hex');
  if (octal !== undefined) return Buffer.of(Number.parseInt(octal, 8));
  const code = short ?? long;
  if (code !== undefined) return characterOf(Number.parseInt(code, 16));
  const text = plain ?? escapes[letter ?? ''];
  return text === undefined ? undefined : Buffer.from(text);
}

function characterOf(code: number): Buffer | undefined {
  const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? Buffer.from(String.fromCodePoint(code)) : undefined;
}
