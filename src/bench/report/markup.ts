/**
 * HTML as a value. What is put into a template is text and is escaped, unless it is markup already; so a name
 * that looks like a tag stays a name, and nobody has to remember to escape it.
 */

export interface Markup {
  readonly markup: string;
}

type Content = Markup | string | number | undefined | readonly Content[];

/** html`<p class="${name}">${children}</p>`: attributes must be quoted. Undefined is nothing. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const rest = parts.slice(1).map((part, i) => textOf(contents[i]) + part);
  return { markup: (parts[0] ?? '') + rest.join('') };
}

/** Markup that somebody else made and answers for. */
export function trusted(markup: string): Markup {
  return { markup };
}

function textOf(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'string' || typeof content === 'number') return escape(String(content));
  return isList(content) ? content.map(textOf).join('') : content.markup;
}

function isList(content: Content): content is readonly Content[] {
  return Array.isArray(content);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] as string);
}
