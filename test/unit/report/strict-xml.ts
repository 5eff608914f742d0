/** An element of a document without comments, namespaces and document type: what a JUnit report needs. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly texts: readonly string[];
}

const CHARACTERS = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decode(text: string): string {
  if (text.includes("]]>")) throw new Error("]]> in text");
  const decoded = text.replaceAll(/&([^;]*);?/gu, (whole, name: string) => {
    const code = /^#(\d+)$/u.exec(name)?.[1];
    const value = code === undefined ? ENTITIES[name] : String.fromCodePoint(Number(code));
    if (value === undefined || !whole.endsWith(";")) throw new Error(`bad reference ${whole}`);
    return value;
  });
  if (!CHARACTERS.test(text) || !CHARACTERS.test(decoded)) throw new Error("character not allowed");
  return decoded;
}

export function textOf(element: XmlElement): string {
  return element.texts.join("");
}

/** Parses, and throws at the first thing that XML 1.0 does not allow. */
export function parseXml(document: string): XmlElement {
  const source = document.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/u, "").trim();
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray => {
    const found = pattern.exec(source.slice(at));
    if (found === null) throw new Error(`malformed at ${source.slice(at, at + 40)}`);
    at += found[0].length;
    return found;
  };
  const parseElement = (): XmlElement => {
    const name = match(/^<([a-z-]+)/u)[1] ?? "";
    const attributes: Record<string, string> = {};
    while (/^\s+[\w-]/u.test(source.slice(at, at + 4))) {
      const [, key = "", value = ""] = match(/^\s+([\w-]+)="([^"<]*)"/u);
      if (key in attributes) throw new Error(`${key} stands twice`);
      attributes[key] = decode(value);
    }
    if (match(/^\/?>/u)[0] === "/>") return { name, attributes, children: [], texts: [] };
    const children: XmlElement[] = [];
    const texts: string[] = [];
    while (!source.startsWith(`</${name}>`, at)) {
      if (source[at] === "<") children.push(parseElement());
      else texts.push(decode(match(/^[^<]+/u)[0]));
    }
    at += name.length + 3;
    return { name, attributes, children, texts };
  };
  const root = parseElement();
  if (at !== source.length) throw new Error("text after the root element");
  return root;
}
