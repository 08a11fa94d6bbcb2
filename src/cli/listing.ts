/**
 * How commands print a list: as a table, as ids, or by the template of `--format`, with Docker's names of the fields. A
 * command says what its rows hold and which of it the table shows.
 */
import { evaluateTemplate } from './template/evaluate-template.ts';
import { headingFunctions } from './template/functions.ts';
import { parseTemplate, type Block } from './template/parse-template.ts';
import { tableText } from './table.ts';

/** Fields of one row by name; a function is a method: `{{.Label "key"}}`. */
export type Fields = Readonly<Record<string, unknown>>;

/** Docker's word for what only `system df` finds out, or nobody here. */
export const notAvailable = 'N/A';

export interface Listing {
  /** Heading of each field that a table may show; those of the table itself come first, in order. */
  readonly titles: Readonly<Record<string, string>>;
  /** How many of the titles make the table that is printed unless a template says more. */
  readonly shown: number;
  readonly rightAligned?: ReadonlySet<string>;
}

/**
 * `format`: a template; `table TEMPLATE` with headings over it, its cells parted by tabs; `table`; `json`, an object on each
 * line. UserError `bad-template`, `no-such-field`.
 */
export function formatRows(rows: readonly Fields[], listing: Listing, format: string | undefined): string {
  if (format === undefined || format === '' || format === 'table') return defaultTable(rows, listing);
  if (format === 'json') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const [, isTable, text = ''] = /^(table\s*)?([^]*)$/.exec(format) ?? [];
  const template = withEscapes(parseTemplate(text));
  if (isTable === undefined) return rows.map((row) => `${evaluateTemplate(template, row)}\n`).join('');
  const titles = evaluateTemplate(template, headings(listing), headingFunctions).split('\t');
  const body = rows.map((row) => evaluateTemplate(template, row).split('\t'));
  const width = Math.max(...[titles, ...body].map(({ length }) => length));
  const padded = (row: readonly string[]): string[] =>
    Array.from({ length: width }, (_, at) => row[at] ?? '');
  return tableText(
    padded(titles).map((title) => ({ title })),
    body.map(padded),
  );
}

/** Whether a template asks for one of these fields, which are dear to find out. */
export function mentions(format: string | undefined, ...fields: readonly string[]): boolean {
  if (format === undefined || format === '' || format === 'table') return false;
  return (
    format === 'json' ||
    /\bjson \.\s*\}\}|\.\s*\|\s*json/.test(format) ||
    fields.some((field) => new RegExp(String.raw`\.${field}\b`).test(format))
  );
}

function defaultTable(rows: readonly Fields[], { titles, shown, rightAligned }: Listing): string {
  const columns = Object.entries(titles).slice(0, shown);
  return tableText(
    columns.map(([field, title]) => ({
      title,
      align: rightAligned?.has(field) === true ? ('right' as const) : ('left' as const),
    })),
    rows.map((row) => columns.map(([field]) => String(row[field]))),
  );
}

function headings({ titles }: Listing): Fields {
  return { ...titles, Label: (key: unknown) => String(key).split(/[./]/).at(-1)?.toUpperCase() };
}

/** In the text of a template `\t` and `\n` are what they say. */
function withEscapes(block: Block): Block {
  return block.map((node) => {
    if (node.kind === 'text')
      return { ...node, text: node.text.replaceAll('\\t', '\t').replaceAll('\\n', '\n') };
    if (node.kind === 'print') return node;
    return { ...node, then: withEscapes(node.then), otherwise: withEscapes(node.otherwise) };
  });
}
