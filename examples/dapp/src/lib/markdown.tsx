/**
 * Markdown as models write it, as elements. Nothing is ever parsed as HTML, so an answer cannot
 * bring in scripts, styles or images; links are http(s) only and open elsewhere.
 */
import type { ComponentChildren, VNode } from "preact";
import { Copy } from "../ui/copy";

/** Deeper than this, and longer than this without an empty line, text is shown as it is: reading it takes time. */
const MAX_DEPTH = 8;
const MAX_INLINE = 5_000;

const FENCE = /^ {0,3}(```|~~~)\s*([\w+#.-]*)\s*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const ITEM = /^( *)([-*+]|\d{1,4}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;

/** Shows a text. */
export function Markdown({ text }: { text: string }) {
  return <div class="prose">{blocks(text.split("\n"), 0)}</div>;
}

function blocks(lines: string[], depth: number): VNode[] {
  if (depth > MAX_DEPTH) return [<p>{lines.join("\n")}</p>];
  const out: VNode[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at += 1;
      continue;
    }
    const [node, next] = fence(lines, at) ?? quote(lines, at, depth) ?? list(lines, at, depth) ?? table(lines, at) ?? one(line, at) ?? paragraph(lines, at);
    out.push(node);
    at = next;
  }
  return out;
}

type Block = [VNode, number];

function fence(lines: string[], at: number): Block | undefined {
  const start = FENCE.exec(lines[at] ?? "");
  if (!start) return undefined;
  let end = at + 1;
  // An open fence runs to the end: the answer is still streaming.
  while (end < lines.length && (lines[end] ?? "").trim() !== start[1]) end += 1;
  const code = lines.slice(at + 1, end).join("\n");
  const node = (
    <figure class="code">
      <figcaption>
        <span>{start[2] || "text"}</span>
        <Copy text={code} label="Copy code" />
      </figcaption>
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </figure>
  );
  return [node, end + 1];
}

function quote(lines: string[], at: number, level: number): Block | undefined {
  let end = at;
  while (QUOTE.test(lines[end] ?? "")) end += 1;
  if (end === at) return undefined;
  const inner = lines.slice(at, end).map((line) => QUOTE.exec(line)?.[1] ?? "");
  return [<blockquote>{blocks(inner, level + 1)}</blockquote>, end];
}

function list(lines: string[], at: number, level: number): Block | undefined {
  const first = ITEM.exec(lines[at] ?? "");
  if (!first || RULE.test(lines[at] ?? "")) return undefined;
  const indent = first[1]?.length ?? 0;
  const isOrdered = /\d/.test(first[2] ?? "");
  const items: string[][] = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    const item = ITEM.exec(line);
    const depth = item?.[1]?.length ?? line.length - line.trimStart().length;
    if (item && depth <= indent) {
      if (depth < indent || /\d/.test(item[2] ?? "") !== isOrdered) break;
      items.push([item[3] ?? ""]);
    } else if (line.trim() === "" ? !ITEM.test(lines[end + 1] ?? "") : depth <= indent) {
      break;
    } else {
      items.at(-1)?.push(line.slice(Math.min(depth, indent + 2)));
    }
  }
  const children = items.map((item) => <li>{item.length === 1 ? inline(item[0] ?? "") : blocks(item, level + 1)}</li>);
  if (!isOrdered) return [<ul>{children}</ul>, end];
  return [<ol start={Number.parseInt(first[2] ?? "1", 10)}>{children}</ol>, end];
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\||\|$/g, "");
  return inner.split("|").map((cell) => cell.trim());
}

function table(lines: string[], at: number): Block | undefined {
  const rule = lines[at + 1] ?? "";
  if (!(lines[at] ?? "").includes("|") || !/^[\s|:-]+$/.test(rule) || !rule.includes("-") || !rule.includes("|")) return undefined;
  let end = at + 2;
  while ((lines[end] ?? "").includes("|")) end += 1;
  const head = cells(lines[at] ?? "");
  const rows = lines.slice(at + 2, end).map(cells);
  const node = (
    <div class="table-scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>{head.map((cell) => <th>{inline(cell)}</th>)}</tr>
        </thead>
        <tbody>{rows.map((row) => <tr>{row.map((cell) => <td>{inline(cell)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
  return [node, end];
}

function one(line: string, at: number): Block | undefined {
  if (RULE.test(line)) return [<hr />, at + 1];
  const heading = HEADING.exec(line);
  if (!heading) return undefined;
  // The page has its own h1 and h2.
  const level = Math.min(6, (heading[1]?.length ?? 1) + 2);
  const Tag = `h${level}` as "h3";
  return [<Tag>{inline(heading[2] ?? "")}</Tag>, at + 1];
}

function paragraph(lines: string[], at: number): Block {
  let end = at + 1;
  while (end < lines.length && !starts(lines, end)) end += 1;
  const text = lines.slice(at, end).join("\n");
  return [<p>{inline(text)}</p>, end];
}

function starts(lines: string[], at: number): boolean {
  const line = lines[at] ?? "";
  return line.trim() === "" || [FENCE, HEADING, ITEM, QUOTE, RULE].some((form) => form.test(line));
}

const INLINE = /(?<!`)(`{1,8})(?!`)([\s\S]*?[^`])\1(?!`)|\*\*([\s\S]+?)\*\*|__([\s\S]+?)__|\*([^*\s][^*]*?)\*|(?<!\w)_([^_\s][^_]*?)_(?!\w)|\[([^\]]+)\]\(([^()\s]+)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"])/;

function inline(text: string): ComponentChildren {
  if (text.length > MAX_INLINE) return text;
  const out: ComponentChildren[] = [];
  let rest = text;
  for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
    out.push(rest.slice(0, match.index), span(match));
    rest = rest.slice(match.index + match[0].length);
  }
  return out.length === 0 ? rest : [...out, rest];
}

function span(match: RegExpExecArray): ComponentChildren {
  const [all, , code, strong, strong2, em, em2, label, target, bare] = match;
  if (code !== undefined) return <code>{code.trim() || code}</code>;
  const bold = strong ?? strong2;
  if (bold !== undefined) return <strong>{inline(bold)}</strong>;
  const slanted = em ?? em2;
  if (slanted !== undefined) return <em>{inline(slanted)}</em>;
  const href = target ?? bare ?? "";
  if (!/^https?:\/\//i.test(href)) return all;
  return (
    <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
      {label ?? bare}
    </a>
  );
}
